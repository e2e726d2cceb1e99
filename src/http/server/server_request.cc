#include <algorithm>

#include "http/message/body_limit.h"
#include "http/message/field_lines.h"
#include "http/routing/error_body.h"
#include "http/server/server_connection.h"

namespace bia::http {
namespace {

/// A body that nobody asked for is read and dropped up to this; above it the connection is closed.
constexpr uint64_t kDrainBytesMax = 64 * 1024;
/// The buffer grows with what arrives, not with what Content-Length promises.
constexpr size_t kBodyReadBytes = 64 * 1024;

Error problem_error(const Problem& problem) {
  return Error::from_http(problem.status, problem.reason, problem.message);
}

}  // namespace

Method Http1Request::method() const { return connection_.parser_.method(); }
std::string_view Http1Request::method_text() const { return connection_.parser_.method_text(); }
std::string_view Http1Request::target() const { return connection_.parser_.target(); }
std::string_view Http1Request::path() const { return connection_.parser_.path(); }
std::string_view Http1Request::query() const { return connection_.parser_.query(); }
std::string_view Http1Request::header(std::string_view name) const {
  return connection_.parser_.find(name);
}
size_t Http1Request::header_count() const { return connection_.parser_.fields().size(); }
std::pair<std::string_view, std::string_view> Http1Request::header_at(size_t index) const {
  const FieldRef& field = connection_.parser_.fields()[index];
  return {connection_.parser_.name(field), connection_.parser_.value(field)};
}
std::optional<net::TlsInfo> Http1Request::tls() const { return connection_.socket_.tls(); }
std::string Http1Request::peer() const { return connection_.socket_.peer().text(); }

void Http1Request::begin() { consumed_ = connection_.parser_.head_bytes(); }

void Http1Request::reset() {
  state_ = State::kUnread;
  continue_sent_ = false;
  body_bytes_max_ = UINT64_MAX;
  view_ = {};
  if (!leftover_.empty()) leftover_.clear();
  if (!trailers_.empty()) trailers_.clear();
}

void Http1Request::shrink(size_t bytes_max) {
  if (body_.capacity() > bytes_max) body_.release();
  if (leftover_.capacity() > bytes_max) std::string().swap(leftover_);
}

Error Http1Request::fail(Error error) {
  // A peer that went away was not refused.
  if (error.code() == Code::kUnavailable || error.code() == Code::kCancelled) return error;
  // The operation's deadline may be before the body's own.
  const bool late = error.code() == Code::kDeadlineExceeded;
  connection_.thread_.refuse_request(late ? std::string_view("BODY_TIMEOUT") : error.reason(),
                                     error.http_status(), connection_.socket_.fd());
  return error;
}

Result<std::string_view> Http1Request::body_up_to(size_t bytes_max) {
  if (state_ == State::kRead) return view_;
  if (state_ == State::kFailed)
    return Error(Code::kUnavailable, "BODY_FAILED", "an earlier read of the body has failed");
  if (!has_body()) {
    state_ = State::kRead;
    return view_;
  }
  const uint64_t limit = std::min<uint64_t>(
      body_bytes_allowed(connection_.thread_.core.options.limits, bytes_max), body_bytes_max_);
  auto result = connection_.parser_.chunked() ? read_chunked(limit) : read_sized(limit);
  state_ = result ? State::kRead : State::kFailed;
  connection_.resume_handler();
  if (!result) return fail(std::move(result).error());
  view_ = *result;
  return view_;
}

bool Http1Request::has_body() const {
  const RequestParser& parser = connection_.parser_;
  return parser.chunked() ||
         (parser.content_length() != HeadParser::kNoLength && parser.content_length() != 0);
}

std::string_view Http1Request::trailer(std::string_view name) const {
  return find_line(trailers_, name, "\n");
}

Result<void> Http1Request::send_continue() {
  if (!connection_.parser_.expect_continue() || continue_sent_ || connection_.response_.head_sent())
    return {};
  continue_sent_ = true;
  connection_.out_.append("HTTP/1.1 100 Continue\r\n\r\n");
  return connection_.flush();
}

/// Reads at most `bytes` more to the end of `body_`.
Result<size_t> Http1Request::read_into(size_t bytes) {
  const size_t step =
      std::min(bytes, std::max(kBodyReadBytes / 16, std::min(body_.size(), kBodyReadBytes)));
  body_.reserve(step);
  connection_.enter(ServerConnection::Phase::kBody);
  const auto space = body_.space();
  const size_t count = BIA_TRY(
      connection_.socket_.read_some(space.first(std::min(bytes, space.size())), Deadline::never()));
  if (count == 0) {
    if (connection_.expired_) return body_timeout();
    return Error(Code::kUnavailable, "UNEXPECTED_EOF",
                 "the peer closed the connection in the middle of the body");
  }
  return count;
}

Result<std::string_view> Http1Request::read_sized(uint64_t bytes_max) {
  Buffer& in = connection_.in_;
  const size_t head = connection_.parser_.head_bytes();
  const auto length = static_cast<size_t>(connection_.parser_.content_length());
  if (length > bytes_max) return body_too_large();
  const size_t have = std::min(in.size() - head, length);
  consumed_ = head + have;
  if (have == length) return in.view().substr(head, length);
  BIA_TRY(send_continue());
  body_.clear();
  body_.append(in.view().substr(head, have));
  while (body_.size() < length) body_.filled(BIA_TRY(read_into(length - body_.size())));
  return body_.view();
}

Result<std::string_view> Http1Request::read_chunked(uint64_t bytes_max) {
  Buffer& in = connection_.in_;
  const size_t head = connection_.parser_.head_bytes();
  ChunkedDecoder decoder(bytes_max);
  ChunkedDecoder::Step step;
  // In place: the head's views lie before it.
  const Parsed parsed = decoder.decode(in.data() + head, in.size() - head, step);
  consumed_ = head + step.consumed;
  if (parsed == Parsed::kComplete) {
    trailers_.swap(decoder.trailers());
    return in.view().substr(head, step.produced);
  }
  if (parsed == Parsed::kBad) return problem_error(decoder.problem());
  BIA_TRY(send_continue());
  body_.clear();
  body_.append(in.view().substr(head, step.produced));
  return read_more_chunks(decoder);
}

Result<std::string_view> Http1Request::read_more_chunks(ChunkedDecoder& decoder) {
  for (;;) {
    const size_t count = BIA_TRY(read_into(kBodyReadBytes));
    ChunkedDecoder::Step step;
    char* const raw = body_.data() + body_.size();
    const Parsed parsed = decoder.decode(raw, count, step);
    if (parsed == Parsed::kBad) return problem_error(decoder.problem());
    body_.filled(step.produced);
    if (parsed == Parsed::kComplete) {
      trailers_.swap(decoder.trailers());
      leftover_.assign(raw + step.consumed, count - step.consumed);
      return body_.view();
    }
  }
}

bool Http1Request::finish() {
  if (state_ == State::kRead) return true;
  if (state_ == State::kFailed) return false;
  if (!has_body()) return true;
  const RequestParser& parser = connection_.parser_;
  const bool sized = parser.content_length() != HeadParser::kNoLength;
  const size_t have = connection_.in_.size() - parser.head_bytes();
  const bool here = sized && have >= parser.content_length();
  // Without our 100 the peer may or may not send the body: no telling what its next byte is.
  if (!here && parser.expect_continue() && !continue_sent_) return false;
  if (!here && (parser.chunked() ? have == 0 : parser.content_length() - have > kDrainBytesMax))
    return false;
  // A chunked one does not say how long it is.
  body_bytes_max_ = kDrainBytesMax;
  return body().ok();
}

}  // namespace bia::http
