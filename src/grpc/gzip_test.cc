#include "grpc/gzip.h"

#include <gtest/gtest.h>

#include "grpc/wire.h"

namespace bia::grpc {
namespace {

TEST(Gzip, GivesBackWhatItWasGiven) {
  for (size_t size : {0, 1, 100, 16 * 1024, 1'000'000}) {
    std::string bytes, packed, back;
    for (size_t i = 0; i < size; ++i) bytes += static_cast<char>(i * i >> 3);
    gzip(bytes, packed);
    EXPECT_EQ(gunzip(packed, size, back), Gunzipped::kWhole) << size;
    EXPECT_EQ(back, bytes);
  }
}

TEST(Gzip, NeverUnpacksAboveTheLimit) {
  std::string packed, back;
  gzip(std::string(10'000'000, 'a'), packed);
  EXPECT_LT(packed.size(), 20'000u);
  EXPECT_EQ(gunzip(packed, 9'999'999, back), Gunzipped::kTooLarge);
  EXPECT_LE(back.size(), 10'000'000u);
  EXPECT_EQ(gunzip(packed, 10'000'000, back), Gunzipped::kWhole);
  EXPECT_EQ(gunzip(packed, 0, back), Gunzipped::kTooLarge);
}

TEST(Gzip, UnpacksAllMembers) {
  std::string first, second, empty, back;
  gzip(std::string(50'000, 'a'), first);
  gzip("end", second);
  gzip("", empty);
  EXPECT_EQ(gunzip(first + empty + second + empty, 50'003, back), Gunzipped::kWhole);
  EXPECT_EQ(back, std::string(50'000, 'a') + "end");
  EXPECT_EQ(gunzip(first + second, 50'002, back), Gunzipped::kTooLarge);
  EXPECT_EQ(gunzip(first + second.substr(0, 12), 50'003, back), Gunzipped::kBad);
}

TEST(Gzip, RefusesWhatIsNoGzip) {
  std::string packed, back;
  EXPECT_EQ(gunzip("", 100, back), Gunzipped::kBad);
  EXPECT_EQ(gunzip("hello, this is text", 100, back), Gunzipped::kBad);
  gzip("some text that is not very short", packed);
  for (size_t cut = 0; cut < packed.size(); ++cut)
    EXPECT_EQ(gunzip(packed.substr(0, cut), 100, back), Gunzipped::kBad) << cut;
  EXPECT_EQ(gunzip(packed + "x", 100, back), Gunzipped::kBad);
  packed[packed.size() - 6] ^= 1;  // The checksum.
  EXPECT_EQ(gunzip(packed, 100, back), Gunzipped::kBad);
}

std::string message(std::string_view bytes, char flag) {
  std::string whole(kPrefixBytes, '\0');
  write_prefix(whole.data(), bytes.size());
  whole[0] = flag;
  return whole.append(bytes);
}

TEST(MessageReader, UnpacksWhereItMay) {
  std::string packed;
  gzip("hello", packed);
  MessageReader reader;
  std::string_view front;
  reader.append(message(packed, 1) + message("plain", 0));
  EXPECT_EQ(reader.front(100, &front), MessageReader::State::kCompressed);
  reader.allow_gzip();
  ASSERT_EQ(reader.front(100, &front), MessageReader::State::kMessage);
  EXPECT_EQ(front, "hello");
  reader.pop();
  ASSERT_EQ(reader.front(100, &front), MessageReader::State::kMessage);
  EXPECT_EQ(front, "plain");
  reader.pop();
  EXPECT_EQ(reader.size(), 0u);
  reader.append(message("no gzip", 1));
  EXPECT_EQ(reader.front(100, &front), MessageReader::State::kBadGzip);
  reader.clear();
  EXPECT_EQ(reader.size(), 0u);
}

TEST(MessageReader, BoundsWhatAMessageUnpacksTo) {
  std::string packed;
  gzip(std::string(100'000, 'a'), packed);
  MessageReader reader;
  reader.allow_gzip();
  std::string_view front;
  reader.append(message(packed, 1));
  EXPECT_EQ(reader.front(99'999, &front), MessageReader::State::kUnpacksTooLarge);
  EXPECT_EQ(reader.front(100'000, &front), MessageReader::State::kMessage);
  EXPECT_EQ(front.size(), 100'000u);
}

}  // namespace
}  // namespace bia::grpc
