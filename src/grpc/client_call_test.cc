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
    EXPECT_EQ(call.status().message, "transport: malformed x-bin: its value is not base64");
  }
}

}  // namespace
}  // namespace bia::grpc
