#include "grpc/client_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "bia/http/message.h"
#include "codec/go_quote.h"
#include "grpc/client_connection.h"
#include "grpc/gzip.h"

namespace bia::grpc {
namespace {

using Body = http::Http2Events::Body;

bool is_grpc_type(std::string_view type) {
  constexpr std::string_view kType = "application/grpc";
  return type.starts_with(kType) &&
         (type.size() == kType.size() || type[kType.size()] == '+' || type[kType.size()] == ';');
}

int to_number(std::string_view text) {
  int value = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

}  // namespace

std::string& MetadataFill::next(std::string_view name) {
  if (count_ == into_.size()) into_.emplace_back();
  auto& [key, text] = into_[count_++];
  key.assign(name);
  return text;
}

bool MetadataFill::add(std::string_view name, std::string_view value) {
  if (is_binary_key(name))
    return each_binary(value, [&](std::string bytes) { next(name) = std::move(bytes); });
  next(name).assign(value);
  return true;
}

void ClientCall::on_header(Block block, std::string_view name, std::string_view value) {
  if (name.starts_with(':')) {
    if (name == ":status") http_status_ = to_number(value);
    return;
  }
  if (name.starts_with("grpc-")) {
    if (name == "grpc-status") {
      int code = to_number(value);
      has_grpc_status_ = true;
      status_.code = code >= 0 ? static_cast<Code>(code) : Code::kUnknown;
      if (code < 0 && !value.starts_with('-'))
        fault(Code::kUnknown, name,
              fmt::format("strconv.ParseInt: parsing {}: invalid syntax", codec::go_quote(value)));
      return;
    }
    if (name == "grpc-message") {
      status_.message = percent_decode(value);
      return;
    }
    if (name == "grpc-status-details-bin")
      status_.details = base64_decode(value).value_or(std::string());
    if (name == "grpc-encoding" && value != "identity") encoding_.assign(value);
    if (name == "grpc-encoding" || name == "grpc-accept-encoding") return;
  }
  bool trailer = block == Block::kTrailers;
  if (name == "content-type" && !trailer) content_type_.assign(value);
  if (is_binary_key(name)) joined_bytes_ += joined_bytes(name, value);
  if (joined_bytes_ > options_.metadata_bytes_max) return;  // The end of the block says so.
  if (!(trailer ? trailers_ : headers_).add(name, value))
    fault(Code::kInternal, name, base64_fault(value));
}

void ClientCall::fault(Code code, std::string_view name, std::string_view what) {
  if (!malformed_.empty()) return;
  malformed_code_ = code;
  malformed_ = fmt::format("transport: malformed {}: {}", name, what);
}

void ClientCall::on_headers_end(http::Http2Events::EndStream end) {
  if (block_bytes() + std::exchange(joined_bytes_, 0) > options_.metadata_bytes_max) {
    return abandon(Code::kResourceExhausted,
                   fmt::format("response metadata above {} bytes", options_.metadata_bytes_max));
  }
  if (!malformed_.empty()) return abandon(malformed_code_, std::move(malformed_));
  if (!head_ended_ && http_status_ >= 100 && http_status_ < 200) {
    // An interim answer: the real head follows.
    headers_.restart();
    return;
  }
  bool first = !head_ended_;
  head_ended_ = true;
  if (end == http::Http2Events::EndStream::kYes) return on_end_stream();
  if (first && (http_status_ != 200 || !is_grpc_type(content_type_))) {
    settle();
    return abandon(status_.code, std::move(status_.message));
  }
  wake();
}

void ClientCall::on_data(std::string_view bytes) {
  bytes_received_ += bytes.size();
  on_message_bytes(bytes);
}

// The status of a stream that ended, or whose head is not gRPC's.
void ClientCall::settle() {
  if (has_grpc_status_) return;
  if (http_status_ != 200) {
    status_.code = code_of_http_answer(http_status_);
    status_.message = fmt::format("unexpected HTTP status code received from server: {} ({})",
                                  http_status_, http::reason_phrase(http_status_));
    if (!is_grpc_type(content_type_)) {
      status_.message +=
          content_type_.empty()
              ? "; malformed header: missing HTTP content-type"
              : fmt::format("; transport: received unexpected content-type \"{}\"", content_type_);
    }
  } else if (!is_grpc_type(content_type_)) {
    status_.code = Code::kUnknown;
    status_.message =
        content_type_.empty()
            ? "malformed header: missing HTTP content-type"
            : fmt::format("transport: received unexpected content-type \"{}\"", content_type_);
  } else {
    status_.code = Code::kInternal;
    status_.message = "server closed the stream without sending trailers";
  }
}

void ClientCall::on_end_stream() {
  if (done_) return;
  settle();
  check_end();
  if (!done_) finish();
}

void ClientCall::on_closed(http::Http2Error error) {
  if (done_) return;
  refused_ = error == http::Http2Error::kRefusedStream && !head_ended_;
  const auto number = static_cast<uint32_t>(error);
  status_.code = code_of_rst(number);
  if (status_.code == Code::kCancelled && deadline_.expired())
    status_.code = Code::kDeadlineExceeded;
  status_.message = "stream terminated by RST_STREAM with error code: ";
  status_.message += number < http::kHttp2ErrorKinds
                         ? std::string(http::http2_error_name(error))
                         : fmt::format("unknown error code {:#x}", number);
  finish();
}

void ClientCall::on_lost(const Status& status) {
  if (done_) return;
  status_ = status;
  finish();
}

void ClientCall::abandon(Code code, std::string message) {
  if (done_) return;
  status_.code = code;
  status_.message = std::move(message);
  if (is_open()) connection->abandon(*this);
  finish();
}

void ClientCall::restart() {
  status_ = {};
  content_type_.clear();
  encoding_.clear();
  malformed_.clear();
  http_status_ = 0;
  joined_bytes_ = 0;
  has_grpc_status_ = head_ended_ = refused_ = done_ = false;
  headers_.restart();
  trailers_.restart();
}

void ClientCall::finish() {
  done_ = true;
  headers_.end();
  trailers_.end();
  wake();
}

void ClientCall::fail_message(MessageReader::State state, uint32_t claimed, int flag) {
  switch (state) {
    case MessageReader::State::kTooLarge:
      return abandon(Code::kResourceExhausted,
                     fmt::format("grpc: received message larger than max ({} vs. {})", claimed,
                                 options_.message_bytes_max));
    case MessageReader::State::kUnpacksTooLarge:
      return abandon(Code::kResourceExhausted,
                     fmt::format("grpc: received message after decompression larger than max {}",
                                 options_.message_bytes_max));
    case MessageReader::State::kBadGzip:
      return abandon(Code::kInternal,
                     "grpc: failed to decompress the received message: it is no gzip");
    case MessageReader::State::kCompressed:
      if (!encoding_.empty()) {
        return abandon(
            Code::kUnimplemented,
            fmt::format("grpc: Decompressor is not installed for grpc-encoding \"{}\"", encoding_));
      }
      return abandon(Code::kInternal, "grpc: compressed flag set with identity or empty encoding");
    default:
      return abandon(Code::kInternal,
                     fmt::format("grpc: received unexpected payload format {}", flag));
  }
}

bool ClientCall::may_send(size_t bytes) {
  if (bytes <= options_.send_bytes_max) return true;
  abandon(Code::kResourceExhausted,
          fmt::format("trying to send message larger than max ({} vs. {})", bytes,
                      options_.send_bytes_max));
  return false;
}

UnaryCall::UnaryCall(const ChannelOptions& options, std::string_view request, UnaryReply& reply)
    : ClientCall(options, reply.headers, reply.trailers), request_(request), reply_(reply) {
  reply_.message.clear();
  if (!packs()) return;
  gzip(request, packed_);
  if (packed_.size() < request.size()) {
    request_ = packed_;
  } else {
    packed_.clear();
  }
}

bool UnaryCall::fits() { return may_send(request_.size()); }

http::Http2Events::BodyPart UnaryCall::read_body(std::span<char> into) {
  char prefix[kPrefixBytes];
  write_prefix(prefix, request_.size());
  prefix[0] = !packed_.empty();
  size_t copied = 0;
  if (sent_ < kPrefixBytes) {
    copied = std::min(into.size(), kPrefixBytes - sent_);
    std::memcpy(into.data(), prefix + sent_, copied);
    sent_ += copied;
  }
  if (sent_ >= kPrefixBytes) {
    size_t at = sent_ - kPrefixBytes;
    size_t size = std::min(into.size() - copied, request_.size() - at);
    if (size > 0) std::memcpy(into.data() + copied, request_.data() + at, size);
    sent_ += size;
    copied += size;
  }
  return {copied, sent_ == kPrefixBytes + request_.size() ? Body::kEnd : Body::kMore};
}

void UnaryCall::on_message_bytes(std::string_view bytes) {
  connection->http2().consume(*this, bytes.size());
  if (prefix_have_ < kPrefixBytes) {
    size_t size = std::min(bytes.size(), kPrefixBytes - prefix_have_);
    std::memcpy(prefix_ + prefix_have_, bytes.data(), size);
    prefix_have_ += size;
    bytes.remove_prefix(size);
    if (prefix_have_ < kPrefixBytes) return;
    Prefix prefix = read_prefix({prefix_, kPrefixBytes});
    message_bytes_ = prefix.size;
    if (!prefix.valid)
      return fail_message(MessageReader::State::kBadFlag, 0,
                          static_cast<unsigned char>(prefix_[0]));
    if (prefix.compressed && encoding() != "gzip")
      return fail_message(MessageReader::State::kCompressed, 0);
    reply_packed_ = prefix.compressed;
    if (prefix.size > options_.message_bytes_max)
      return fail_message(MessageReader::State::kTooLarge, prefix.size);
  }
  if (bytes.size() > message_bytes_ - reply_.message.size()) {
    return abandon(
        Code::kInternal,
        "cardinality violation: expected <EOF> for non server-streaming RPCs, but received "
        "another message");
  }
  reply_.message.append(bytes);
}

void UnaryCall::check_end() {
  bool whole = prefix_have_ == kPrefixBytes && reply_.message.size() == message_bytes_;
  if (status().code != Code::kOk) return;
  if (whole && reply_packed_) {
    const std::string packed = std::move(reply_.message);
    reply_.message.clear();
    const Gunzipped how = gunzip(packed, options_.message_bytes_max, reply_.message);
    if (how == Gunzipped::kBad) fail_message(MessageReader::State::kBadGzip, 0);
    if (how == Gunzipped::kTooLarge) fail_message(MessageReader::State::kUnpacksTooLarge, 0);
  }
  if (whole) return;
  abandon(Code::kInternal,
          prefix_have_ == 0
              ? "cardinality violation: received no response message from non-server-streaming RPC"
              : "unexpected EOF");
}

void UnaryCall::wait(Deadline deadline) {
  while (!done()) {
    auto waited = parker_.park(deadline);
    if (done() || waited) continue;
    if (waited.error().code() == Code::kDeadlineExceeded) {
      abandon(Code::kDeadlineExceeded, "context deadline exceeded");
    } else {
      abandon(Code::kCancelled, "context canceled");
    }
  }
}

http::Http2Events::BodyPart StreamCall::read_body(std::span<char> into) {
  const size_t size = out_.take(into);
  // Until the peer says that it processes the call, what was sent is kept, to be sent once more.
  committed_ =
      committed_ || head_ended() || !reopen_ || out_.taken() > http::SendQueue::kWaitingMax;
  if (committed_) out_.drop_taken();
  if (!out_.full()) writers_.wake_all();
  return {size, out_.waiting() > 0 ? Body::kMore : closed_ ? Body::kEnd : Body::kPaused};
}

void StreamCall::on_message_bytes(std::string_view bytes) {
  if (encoding() == "gzip") in_.allow_gzip();
  in_.append(bytes);
  unconsumed_ += bytes.size();
  if (reading_) {
    connection->http2().consume(*this, std::exchange(unconsumed_, 0));
    readers_.wake_one();
  }
}

void StreamCall::wake() {
  // The stream is over, the connection is not: what was not read must not hold its window shut.
  if (done() && connection) connection->http2().consume(*this, std::exchange(unconsumed_, 0));
  readers_.wake_all();
  writers_.wake_all();
}

bool StreamCall::wait(fiber::WaitQueue& queue) {
  auto waited = queue.wait(deadline_);
  if (waited || done()) return true;
  if (waited.error().code() == Code::kDeadlineExceeded) {
    abandon(Code::kDeadlineExceeded, "context deadline exceeded");
  } else {
    abandon(Code::kCancelled, "context canceled");
  }
  return false;
}

/// gRPC's transparent retry (A6), by the fiber that sees the end first.
bool StreamCall::over() {
  if (!done() || !refused() || committed_ || !reopen_) return done();
  const Reopen reopen = std::exchange(reopen_, nullptr);
  out_.rewind();
  restart();
  reopen(*this);
  return done();
}

Error StreamCall::ended() const {
  return Error(Code::kFailedPrecondition, "CALL_ENDED",
               "the call has ended; finish() has its status");
}

Result<void> StreamCall::write(std::string_view message) {
  if (closed_) return Error(Code::kInternal, "SEND_CLOSED", "write after close_send");
  while (!over() && out_.full()) wait(writers_);
  if (done()) return ended();
  char prefix[kPrefixBytes];
  std::string packed;
  if (packs()) gzip(message, packed);
  const bool smaller = packs() && packed.size() < message.size();
  if (smaller) message = packed;
  if (!may_send(message.size())) return ended();
  write_prefix(prefix, message.size());
  prefix[0] = smaller;
  out_.append({prefix, kPrefixBytes});
  out_.append(message);
  connection->http2().resume_body(*this);
  return {};
}

void StreamCall::close_send() {
  if (closed_) return;
  closed_ = true;
  if (!done()) connection->http2().resume_body(*this);
}

Result<bool> StreamCall::read(std::string& message) {
  for (;;) {
    std::string_view front;
    MessageReader::State state = in_.front(options_.message_bytes_max, &front);
    if (state == MessageReader::State::kMessage) {
      message.assign(front);
      size_t before = in_.size();
      in_.pop();
      size_t taken = std::min(unconsumed_, before - in_.size());
      unconsumed_ -= taken;
      if (connection) connection->http2().consume(*this, taken);
      return true;
    }
    if (state != MessageReader::State::kIncomplete) {
      fail_message(state, in_.claimed(), in_.flag());
      return false;
    }
    if (over()) return false;
    if (connection) connection->http2().consume(*this, std::exchange(unconsumed_, 0));
    reading_ = true;
    wait(readers_);
    reading_ = false;
  }
}

const Status& StreamCall::wait_end() {
  // What is not read any more must not hold the window shut.
  std::string dropped;
  while (!over() && read(dropped)) {
  }
  return status();
}

}  // namespace bia::grpc
