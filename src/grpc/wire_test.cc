#include "grpc/wire.h"

#include <gtest/gtest.h>

#include "grpc/fields.h"
#include "grpc/proto_wire.h"

namespace bia::grpc {
namespace {

using State = MessageReader::State;

std::string framed(std::string_view message) {
  std::string bytes(kPrefixBytes, '\0');
  write_prefix(bytes.data(), message.size());
  return bytes.append(message);
}

TEST(MessageReader, TakesMessagesHoweverTheyAreCut) {
  std::string bytes = framed("first") + framed("") + framed("third one");
  for (size_t cut = 1; cut <= bytes.size(); ++cut) {
    MessageReader reader;
    std::vector<std::string> got;
    for (size_t at = 0; at < bytes.size(); at += cut) {
      reader.append(std::string_view(bytes).substr(at, cut));
      std::string_view message;
      while (reader.front(9, &message) == State::kMessage) {
        got.emplace_back(message);
        reader.pop();
      }
    }
    EXPECT_EQ(got, (std::vector<std::string>{"first", "", "third one"})) << cut;
    EXPECT_EQ(reader.size(), 0u);
  }
}

TEST(MessageReader, RefusesWhatItMayNotTake) {
  std::string_view message;
  MessageReader large;
  large.append(framed("0123456789"));
  EXPECT_EQ(large.front(10, &message), State::kMessage);
  EXPECT_EQ(large.front(9, &message), State::kTooLarge);
  EXPECT_EQ(large.claimed(), 10u);
  MessageReader compressed;
  compressed.append(std::string_view("\x01\0\0\0\0", 5));
  EXPECT_EQ(compressed.front(10, &message), State::kCompressed);
  MessageReader bad;
  bad.append(std::string_view("\x02\0\0\0\0", 5));
  EXPECT_EQ(bad.front(10, &message), State::kBadFlag);
  MessageReader half;
  half.append(std::string_view("\0\0\0\0", 4));
  EXPECT_EQ(half.front(10, &message), State::kIncomplete);
}

TEST(Timeout, ParsesTheGrammarOfGrpc) {
  EXPECT_EQ(parse_timeout("1n"), Duration(1));
  EXPECT_EQ(parse_timeout("100m"), std::chrono::milliseconds(100));
  EXPECT_EQ(parse_timeout("99999999S"), std::chrono::seconds(99'999'999));
  EXPECT_GT(parse_timeout("99999999H"), std::chrono::hours(1'000'000));
  EXPECT_EQ(parse_timeout("2M"), std::chrono::minutes(2));
  EXPECT_EQ(parse_timeout("3u"), std::chrono::microseconds(3));
  for (const char* bad : {"", "1", "S", "-1S", "1.5S", "123456789S", "1s", "1 S", "x"})
    EXPECT_FALSE(parse_timeout(bad)) << bad;
}

TEST(Timeout, IsWrittenAsGrpcGoDoes) {
  char buffer[16];
  EXPECT_EQ(format_timeout(Duration(0), buffer), "0n");
  EXPECT_EQ(format_timeout(Duration(-5), buffer), "0n");
  EXPECT_EQ(format_timeout(Duration(99'999'999), buffer), "99999999n");
  EXPECT_EQ(format_timeout(Duration(100'000'001), buffer), "100001u");
  EXPECT_EQ(format_timeout(std::chrono::seconds(20), buffer), "20000000u");
  EXPECT_EQ(format_timeout(std::chrono::hours(100'000), buffer), "6000000M");
}

TEST(PercentEncoding, GoesBothWays) {
  EXPECT_EQ(percent_encode("a b%\n\xc3\xa4~"), "a b%25%0A%C3%A4~");
  EXPECT_EQ(percent_decode("a b%25%0A%C3%A4~"), "a b%\n\xc3\xa4~");
  EXPECT_EQ(percent_decode("100%"), "100%");
  EXPECT_EQ(percent_decode("%zz%4"), "%zz%4");
}

TEST(Base64, GoesBothWays) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(base64_decode(base64_encode(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(base64_encode("ab"), "YWI");
  EXPECT_EQ(base64_decode("YWI="), "ab");
  EXPECT_EQ(base64_decode("YWI==="), "ab");
  for (const char* bad : {"Y", "YW-", "Y WI", "YWI\n", "YW=I"})
    EXPECT_FALSE(base64_decode(bad)) << bad;
}

TEST(StatusDetails, CarryReasonAndMetadata) {
  EXPECT_EQ(encode_status_details(Error(Code::kUnknown, "", "plain")), "");
  std::string details =
      encode_status_details(Error(Code::kAborted, "WHY", "text").with_metadata("k", "v"));
  Error error = error_from_status(Code::kAborted, "text", details);
  EXPECT_EQ(error.reason(), "WHY");
  EXPECT_EQ(error.metadata(), (std::vector<std::pair<std::string, std::string>>{{"k", "v"}}));
  for (size_t cut = 0; cut < details.size(); ++cut)
    static_cast<void>(error_from_status(Code::kAborted, "", details.substr(0, cut)));
  EXPECT_EQ(error_from_status(Code::kAborted, "", "\xff\xff").reason(), "");
}

TEST(StatusDetails, HaveNoReasonThatIsNoText) {
  const auto reason = [](std::string_view sent) {
    const std::string details =
        encode_status_details(Error(Code::kAborted, std::string(sent), "").with_metadata("k", "v"));
    const Error error = error_from_status(Code::kAborted, "", details);
    EXPECT_EQ(error.metadata().size(), 1u);
    return std::string(error.reason());
  };
  EXPECT_EQ(reason("J\xc3\xb6rg"), "J\xc3\xb6rg");
  EXPECT_EQ(reason("J\xf6rg"), "");
}

TEST(StatusDetails, NameTheFieldsOfABadRequest) {
  const Error error = Error(Code::kInvalidArgument, "VALIDATOR", "bad")
                          .with_metadata("name", "too long")
                          .with_metadata("sub.n", "too small");
  std::vector<std::string> urls;
  std::vector<std::string> fields;
  const std::string details = encode_status_details(error);
  FieldReader status(details);
  while (status.next()) {
    if (status.field() != 3) continue;
    FieldReader any(status.bytes());
    while (any.next()) {
      if (any.field() == 1) urls.emplace_back(any.bytes());
      if (any.field() != 2 || urls.size() != 2) continue;
      FieldReader violations(any.bytes());
      while (violations.next()) {
        FieldReader violation(violations.bytes());
        while (violation.next()) fields.emplace_back(violation.bytes());
      }
    }
  }
  EXPECT_EQ(urls, (std::vector<std::string>{"type.googleapis.com/google.rpc.ErrorInfo",
                                            "type.googleapis.com/google.rpc.BadRequest"}));
  EXPECT_EQ(fields, (std::vector<std::string>{"name", "too long", "sub.n", "too small"}));
  EXPECT_EQ(error_from_status(Code::kInvalidArgument, "bad", details).metadata().size(), 2u);
  EXPECT_EQ(encode_status_details(Error(Code::kAborted, "WHY", "").with_metadata("k", "v"))
                .find("BadRequest"),
            std::string::npos);
}

TEST(FieldReader, StopsAtMalformedBytes) {
  for (std::string_view bad :
       {std::string_view("\x0a\x05x"), std::string_view("\x08"), std::string_view("\x0f"),
        std::string_view("\0", 1), std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        std::string_view("\x09\x01"), std::string_view("\x0d\x01\0\0", 4),
        std::string_view("\x80\x80\x80\x80\x10\x01"), std::string_view("\x0b\x0c")}) {
    FieldReader fields(bad);
    while (fields.next()) {
    }
    EXPECT_FALSE(fields.ok());
  }
  FieldReader good(std::string_view("\x08\x96\x01\x12\x01x\x1d\x01\0\0\0", 11));
  ASSERT_TRUE(good.next());
  EXPECT_EQ(good.value(), 150u);
  ASSERT_TRUE(good.next());
  EXPECT_EQ(good.bytes(), "x");
  ASSERT_TRUE(good.next());
  EXPECT_EQ(good.value(), 1u);
  EXPECT_FALSE(good.next());
  EXPECT_TRUE(good.ok());
}

TEST(AddMetadata, TakesWhatGrpcAllows) {
  Metadata metadata;
  EXPECT_TRUE(add_metadata(metadata, "X-Key", "va lue"));
  EXPECT_TRUE(add_metadata(metadata, "x-bin", std::string_view("\0\xff", 2)));
  EXPECT_EQ(metadata, (Metadata{{"x-key", "va lue"}, {"x-bin", "AP8"}}));
  for (const char* key : {"", ":path", "grpc-x", "te", "a b", "\xc3\xa4", "content-type"})
    EXPECT_FALSE(add_metadata(metadata, key, "v")) << key;
  EXPECT_FALSE(add_metadata(metadata, "x", "a\r\nb"));
}

}  // namespace
}  // namespace bia::grpc
