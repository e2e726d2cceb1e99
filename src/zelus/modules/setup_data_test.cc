#include "zelus/modules/setup_data.h"

#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

TEST(SetupData, SortsKeysAsAGoMapDoes) {
  EXPECT_EQ(setup_data_json(R"({"b":1,"a":{"z":[{"y":1,"x":2}],"Z":"é"},"10":0})"),
            R"({"10":0,"a":{"Z":"é","z":[{"x":2,"y":1}]},"b":1})");
}

TEST(SetupData, KeepsWhatHasNoKeys) {
  for (const char* json : {"null", "\"{\"", "[1,2.50]", "-0.1", "", "{bad"})
    EXPECT_EQ(setup_data_json(json), json);
}

TEST(SetupData, KeepsNumbers) {
  EXPECT_EQ(setup_data_json(R"({"a":9007199254740993,"b":0.1,"c":-3})"),
            R"({"a":9007199254740993,"b":0.1,"c":-3})");
}

}  // namespace
}  // namespace zelus::modules
