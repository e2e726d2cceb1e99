// What a call makes of answers that only a faulty or a late server sends.
#include "grpc/client_call.h"

#include <gtest/gtest.h>

#include "grpc/client_connection.h"

namespace bia::grpc {
namespace {

using Block = http::Http2Events::Block;
using EndStream = http::Http2Events::EndStream;

void good_head(ClientCall& call) {
  call.on_header(Block::kHead, ":status", "200");
  call.on_header(Block::kHead, "content-type", "application/grpc");
}

TEST(ClientCall, WhatTheServerCancelsAtTheDeadlineIsLate) {
  // grpc-go's servers reset streams at their deadlines, before a busy client looks at its clock.
  const ChannelOptions options;
  UnaryReply late, early;
  UnaryCall first(options, "", late);
  first.set_deadline(Deadline::after(Duration(0)));
  first.on_closed(http::Http2Error::kCancel);
  EXPECT_EQ(first.status().code, Code::kDeadlineExceeded);
  UnaryCall second(options, "", early);
  second.set_deadline(Deadline::after(std::chrono::hours(1)));
  second.on_closed(http::Http2Error::kCancel);
  EXPECT_EQ(second.status().code, Code::kCancelled);
}

TEST(ClientCall, CommasOfBinaryMetadataCountAsEntries) {
  ChannelOptions options;
  options.metadata_bytes_max = 1000;
  UnaryReply reply;
  UnaryCall call(options, "", reply);
  good_head(call);
  call.on_header(Block::kHead, "x-bin", std::string(900, ','));
  call.on_headers_end(EndStream::kNo);
  ASSERT_TRUE(call.done());
  EXPECT_EQ(call.status().code, Code::kResourceExhausted);
  EXPECT_EQ(call.status().message, "response metadata above 1000 bytes");
  EXPECT_EQ(reply.headers.size(), 1u) << "none was kept";
}

TEST(ClientCall, BinaryMetadataMayBeJoinedByCommas) {
  const ChannelOptions options;
  UnaryReply reply;
  UnaryCall call(options, "", reply);
  good_head(call);
  call.on_header(Block::kHead, "x-bin", "AQ==,Ag, Aw");
  call.on_header(Block::kHead, "x-text", "a,b");
  call.on_headers_end(EndStream::kNo);
  EXPECT_FALSE(call.done());
  const Metadata expected{{"content-type", "application/grpc"},
                          {"x-bin", "\1"},
                          {"x-bin", "\2"},
                          {"x-bin", "\3"},
                          {"x-text", "a,b"}};
  call.abandon(Code::kCancelled, "");
  EXPECT_EQ(reply.headers, expected);
}

TEST(ClientCall, FailsForBinaryMetadataThatIsNone) {
  const ChannelOptions options;
  for (const bool in_trailers : {false, true}) {
    UnaryReply reply;
    UnaryCall call(options, "", reply);
    good_head(call);
    if (in_trailers) call.on_headers_end(EndStream::kNo);
    EXPECT_FALSE(call.done());
    const Block block = in_trailers ? Block::kTrailers : Block::kHead;
    call.on_header(block, "x-bin", "no base64");
    call.on_header(block, "grpc-status", "0");
    call.on_headers_end(EndStream::kYes);
    EXPECT_EQ(call.status().code, Code::kInternal);
    EXPECT_EQ(call.status().message,
              "transport: malformed x-bin: illegal base64 data at input byte 2");
  }
}

TEST(ClientCall, TakesNoStatusThatIsNoNumber) {
  const ChannelOptions options;
  UnaryReply reply;
  UnaryCall call(options, "", reply);
  good_head(call);
  call.on_header(Block::kHead, "grpc-status", "five");
  call.on_headers_end(EndStream::kYes);
  EXPECT_EQ(call.status().code, Code::kUnknown);
  EXPECT_EQ(call.status().message,
            "transport: malformed grpc-status: strconv.ParseInt: parsing \"five\": invalid syntax");
}

TEST(ClientCall, NamesResetsAsGrpcGoDoes) {
  const ChannelOptions options;
  struct Case {
    uint32_t error;
    Code code;
    const char* name;
  };
  const Case cases[] = {{0, Code::kInternal, "NO_ERROR"},
                        {3, Code::kResourceExhausted, "FLOW_CONTROL_ERROR"},
                        {7, Code::kUnavailable, "REFUSED_STREAM"},
                        {13, Code::kInternal, "HTTP_1_1_REQUIRED"},
                        {99, Code::kUnknown, "unknown error code 0x63"}};
  for (const auto& [error, code, name] : cases) {
    UnaryReply reply;
    UnaryCall call(options, "", reply);
    call.on_closed(static_cast<http::Http2Error>(error));
    EXPECT_EQ(call.status().code, code) << name;
    EXPECT_EQ(call.status().message,
              "stream terminated by RST_STREAM with error code: " + std::string(name));
  }
}

TEST(ClientCall, NamesHttpsStatuses) {
  const ChannelOptions options;
  UnaryReply reply;
  UnaryCall call(options, "", reply);
  call.on_header(Block::kHead, ":status", "404");
  call.on_header(Block::kHead, "content-type", "text/plain");
  call.on_headers_end(EndStream::kYes);
  EXPECT_EQ(call.status().code, Code::kUnimplemented);
  EXPECT_EQ(
      call.status().message,
      "unexpected HTTP status code received from server: 404 (Not Found); transport: received "
      "unexpected content-type \"text/plain\"");
}

}  // namespace
}  // namespace bia::grpc
