#include "zelus/ghz/binary_payload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::ghz {
namespace {

using testing::ElementsAre;

TEST(BinaryMessages, TakesOneAsItIs) {
  EXPECT_THAT(*binary_messages("\x0a\x03"
                               "bob"),
              ElementsAre("\x0a\x03"
                          "bob"));
  EXPECT_THAT(*binary_messages(""), ElementsAre(""));
}

TEST(BinaryMessages, TakesASequenceEachAfterItsLength) {
  const std::string bob(
      "\x05\x0a\x03"
      "bob");
  EXPECT_THAT(*binary_messages(bob), ElementsAre(bob.substr(1)));
  EXPECT_THAT(*binary_messages(bob + bob + std::string(1, '\0')),
              ElementsAre(bob.substr(1), bob.substr(1), ""));
}

TEST(BinaryMessages, RefusesWhatIsNeither) {
  for (const char* bytes : {"hello", "\x0a\x09short", "\x0a", "\x0f\x01"})
    EXPECT_FALSE(binary_messages(bytes).ok()) << bytes;
}

}  // namespace
}  // namespace zelus::ghz
