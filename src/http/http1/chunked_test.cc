#include "http/http1/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace bia::http {
namespace {

struct Decoded {
  Parsed parsed = Parsed::kNeedMore;
  std::string body;
  size_t consumed = 0;
  int status = 0;
};

Decoded decode(const std::string& text, size_t step, uint64_t bytes_max = 1000) {
  ChunkedDecoder decoder(bytes_max);
  Decoded decoded;
  for (size_t at = 0; at < text.size() && decoded.parsed == Parsed::kNeedMore; at += step) {
    std::string part = text.substr(at, step);
    ChunkedDecoder::Step taken;
    decoded.parsed = decoder.decode(part.data(), part.size(), taken);
    decoded.body.append(part, 0, taken.produced);
    decoded.consumed += taken.consumed;
    if (decoded.parsed == Parsed::kBad) decoded.status = decoder.problem().status;
  }
  return decoded;
}

TEST(ChunkedDecoder, DecodesInPiecesOfAnySize) {
  const std::string text =
      "5\r\nhello\r\n006;a=b;c=\"d e\"\r\n world\r\nA\r\n0123456789\r\n0\r\nTrailer: "
      "x\r\nOther:\r\n\r\n";
  for (size_t step = 1; step <= text.size() + 4; ++step) {
    Decoded decoded = decode(text + "next", step);
    EXPECT_EQ(decoded.parsed, Parsed::kComplete) << step;
    EXPECT_EQ(decoded.body, "hello world0123456789");
    EXPECT_EQ(decoded.consumed, text.size());
  }
}

TEST(ChunkedDecoder, RefusesBadLines) {
  struct {
    std::string text;
    int status;
  } cases[] = {
      {"\r\n", 400},
      {"g\r\n", 400},
      {"-1\r\n", 400},
      {"0x5\r\n", 400},
      {" 5\r\n", 400},
      {"5 \r\n", 400},
      {"5\nhello", 400},
      {"5\rhello", 400},
      {";a\r\n", 400},
      {"5;a\nb\r\n", 400},
      {"5\r\nhellox", 400},
      {"5\r\nhello\n", 400},
      {"5\r\nhello\rx", 400},
      {"0\r\n bad", 400},
      {"0\r\nbad\r\n\r\n", 400},
      {"0\r\nA : b\r\n\r\n", 400},
      {"0\r\nA:\r\n\r\n", 0},
      {"0\r\nA: b\n", 400},
      {"0\r\nA: b\rx", 400},
      {"0\r\n\rx", 400},
      {"0\r\nA: \x01", 400},
      {"00000000000000001\r\n", 400},
      {"10000000000000000\r\n", 413},
      {"fffffffffffffffff\r\n", 413},
      {"3e9\r\n", 413},
      {"3e8\r\n", 0},
      {"1;" + std::string(ChunkedDecoder::kLineBytesMax, 'a'), 0},
      {"1;" + std::string(ChunkedDecoder::kLineBytesMax + 1, 'a'), 400},
      {"0\r\nA:" + std::string(ChunkedDecoder::kTrailerBytesMax, 'a'), 431},
  };
  for (const auto& c : cases) {
    for (size_t step : {size_t{1}, c.text.size()}) {
      Decoded decoded = decode(c.text, step);
      EXPECT_EQ(decoded.parsed == Parsed::kBad, c.status != 0) << c.text.substr(0, 40);
      EXPECT_EQ(decoded.status, c.status) << c.text.substr(0, 40);
    }
  }
}

TEST(ChunkedDecoder, CountsTheWholeBodyAndAllExtensions) {
  EXPECT_EQ(decode("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 100, 5).parsed, Parsed::kComplete);
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", 100, 5).status, 413);
  std::string many;
  while (many.size() < 2 * ChunkedDecoder::kExtensionBytesMax) many += "1;aaaaaaaaaaaaaaa\r\nx\r\n";
  EXPECT_EQ(decode(many, many.size(), 1 << 20).status, 400);
}

TEST(ChunkedDecoder, TrailersOfOneLetterAreLimitedToo) {
  std::string text = "0\r\n";
  static_assert(ChunkedDecoder::kTrailerBytesMax % 3 == 1);
  for (size_t kept = 0; kept + 3 <= ChunkedDecoder::kTrailerBytesMax; kept += 3) text += "a:\r\n";
  EXPECT_EQ(decode(text, 1000).status, 0);
  EXPECT_EQ(decode(text + "\r\n", 1000).parsed, Parsed::kComplete);
  EXPECT_EQ(decode(text + "a", 1000).status, 0);
  EXPECT_EQ(decode(text + "a:", 1000).status, 431);
}

TEST(FormatChunkHead, WritesHexadecimal) {
  auto head = [](uint64_t size) {
    char out[kChunkHeadBytesMax];
    return std::string(out, format_chunk_head(size, out));
  };
  EXPECT_EQ(head(0), "0\r\n");
  EXPECT_EQ(head(15), "f\r\n");
  EXPECT_EQ(head(16), "10\r\n");
  EXPECT_EQ(head(0xdeadbeef), "deadbeef\r\n");
  EXPECT_EQ(head(UINT64_MAX), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace bia::http
