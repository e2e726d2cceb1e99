#include "http/server/server_stream.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "bia/base/assert.h"
#include "bia/http/router.h"
#include "http/message/body_limit.h"
#include "http/message/chars.h"
#include "http/message/field_lines.h"
#include "http/routing/error_body.h"
#include "http/server/server_http2.h"

namespace bia::http {
namespace {

/// What a stream keeps of its strings for the next request.
constexpr size_t kKeptBytesMax = 16 * 1024;

using EndStream = Http2Events::EndStream;
using Body = Http2Events::Body;

void clear_kept(std::string& text) {
  if (text.capacity() > kKeptBytesMax) std::string().swap(text);
  text.clear();
}

}  // namespace

void ServerStream::begin() {
  fields_.clear();
  method_ = target_ = {};
  head_bytes_ = 0;
  cookies_ = hosts_ = 0;
  unconsumed_ = 0;
  body_bytes_max_ = body_bytes_most(connection_.thread().core.options.limits);
  end_received_ = reading_ = dropping_ = continue_sent_ = false;
  trailers_cut_ = false;
  head_sent_ = finished_ = false;
  running_ = cancelled_ = false;
}

void ServerStream::rest() {
  clear_kept(arena_);
  clear_kept(received_);
  request_trailers_.clear();
  clear_answer();
  queue_.rest(kKeptBytesMax);
}

void ServerStream::clear_answer() {
  status_ = 200;
  clear_kept(answer_head_);
  answer_fields_.clear();
  answer_trailers_.clear();
  clear_kept(answer_);
  has_date_ = false;
}

ServerStream::Span ServerStream::keep(std::string_view bytes) {
  Span span{static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(bytes.size())};
  arena_.append(bytes);
  return span;
}

bool ServerStream::head_too_large() const {
  const Limits& limits = connection_.thread().core.options.limits;
  return head_bytes_ > limits.header_bytes_max || fields_.size() > limits.header_count_max;
}

void ServerStream::on_header(std::string_view name, std::string_view value) {
  constexpr size_t kFieldOverhead = 32;  // RFC 9113 section 6.5.2
  head_bytes_ += name.size() + value.size() + kFieldOverhead;
  if (head_too_large()) return;
  if (name == ":method") {
    method_ = keep(value);
  } else if (name == ":path") {
    target_ = keep(value);
  } else if (name != ":scheme") {
    cookies_ += name == "cookie" ? 1 : 0;
    const bool host = name == ":authority" || name == "host";
    hosts_ += host ? 1 : 0;
    const Span key = keep(host ? "host" : name);
    fields_.push_back({key, keep(value)});
  }
}

void ServerStream::repeat_head(Http2Events& events, Http2Stream& to) const {
  constexpr auto kHead = Http2Events::Block::kHead;
  events.on_header(to, kHead, ":method", text(method_));
  events.on_header(to, kHead, ":path", text(target_));
  for (const Field& field : fields_) {
    const std::string_view name = text(field.name);
    events.on_header(to, kHead, name == "host" ? ":authority" : name, text(field.value));
  }
}

void ServerStream::on_trailer(std::string_view name, std::string_view value) {
  const Limits& limits = connection_.thread().core.options.limits;
  head_bytes_ += name.size() + value.size();
  trailers_cut_ |=
      head_bytes_ > limits.header_bytes_max || request_trailers_.size() >= limits.header_count_max;
  if (!trailers_cut_ && may_trail(name)) request_trailers_.emplace_back(name, value);
}

void ServerStream::on_trailers_end() {
  // Of a block above the limit the connection did not tell the rest.
  trailers_cut_ |= block_bytes() > connection_.thread().core.options.limits.header_bytes_max;
}

void ServerStream::send_trailers() {
  std::vector<Http2Field> fields;
  for (const auto& [name, value] : answer_trailers_) fields.push_back({name, value});
  connection_.http2().send_headers(*this, fields, EndStream::kYes);
}

/// RFC 9113 section 8.2.3: a client may send each by itself, and in HTTP/1.1 they are one.
void ServerStream::join_cookies() {
  const auto is_cookie = [this](const Field& field) { return text(field.name) == "cookie"; };
  std::string all;
  for (const Field& field : fields_) {
    if (is_cookie(field)) all.append(all.empty() ? "" : "; ").append(text(field.value));
  }
  const auto first = std::find_if(fields_.begin(), fields_.end(), is_cookie);
  first->value = keep(all);
  fields_.erase(std::remove_if(first + 1, fields_.end(), is_cookie), fields_.end());
}

/// RFC 9113 section 8.3.1: Host may stand beside ":authority" and say the same.
bool ServerStream::has_one_host() {
  const auto is_host = [this](const Field& field) { return text(field.name) == "host"; };
  const auto first = std::find_if(fields_.begin(), fields_.end(), is_host);
  if (first == fields_.end()) return true;
  const std::string_view host = text(first->value);
  const bool clean = is_host_field(host);
  if (!clean || hosts_ == 1) return clean;
  const bool same = std::all_of(first, fields_.end(), [&](const Field& field) {
    return !is_host(field) || field_name_equals(text(field.value), host);
  });
  fields_.erase(std::remove_if(first + 1, fields_.end(), is_host), fields_.end());
  return same;
}

void ServerStream::on_head() {
  const Limits& limits = connection_.thread().core.options.limits;
  connection_.thread().requests.add();
  if (head_too_large()) {
    return refuse(
        431, "HEADERS_TOO_LARGE",
        "the header fields are longer than the limit; server.http.header_bytes_max raises it");
  }
  if (cookies_ > 1) join_cookies();
  const std::string_view target = text(target_);
  if (target.size() > limits.request_line_bytes_max) {
    return refuse(
        414, "REQUEST_LINE_TOO_LONG",
        "the target is longer than the limit; server.http.request_line_bytes_max raises it");
  }
  if (!has_one_host())
    return refuse(400, "BAD_HOST", "Host is no host name, or another than \":authority\"");
  const std::string_view method = text(method_);
  if (!std::all_of(method.begin(), method.end(), [](char c) { return char_is(c, kTokenChar); }))
    return refuse(400, "BAD_METHOD", "the method is no token");
  if (method == "CONNECT") return refuse(501, "BAD_METHOD", "CONNECT is for proxies");
  const bool clean =
      std::all_of(target.begin(), target.end(), [](char c) { return char_is(c, kTargetChar); });
  // "*" is for OPTIONS alone (RFC 9112 section 3.2.4).
  const bool path = target.starts_with('/') || (target == "*" && method == "OPTIONS");
  if (!clean || !path) {
    return refuse(400, "BAD_TARGET", "the request target is no path");
  }
  auto fiber = fiber::Scheduler::current().spawn([this] { run(); });
  if (!fiber) return refuse(503, fiber.error().reason(), "no memory for a handler");
  running_ = true;
  fiber_ = std::move(*fiber);
}

void ServerStream::on_data(std::string_view bytes) {
  if (dropping_) return connection_.http2().consume(*this, bytes.size());
  const size_t limit = body_bytes_max_;
  // One byte above the limit is kept, which says that it was exceeded.
  received_.append(bytes.substr(0, limit + 1 - std::min(received_.size(), limit + 1)));
  unconsumed_ += bytes.size();
  heard_at_ = connection_.http2().read_at();
  if (reading_) connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
  if (!reading_ || received_.size() > limit) readers_.wake_one();
}

void ServerStream::on_end_stream() {
  end_received_ = true;
  readers_.wake_all();
}

void ServerStream::on_closed() {
  dropping_ = true;
  // What the handler has not read still counts against the connection's window.
  connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
  if (!running_) return;
  if (!finished_) {
    cancelled_ = true;
    connection_.thread().cancelled.add();
    fiber_.cancel();
  }
  readers_.wake_all();
  writers_.wake_all();
}

Error ServerStream::refuse_body(int status, std::string_view reason, std::string_view message) {
  connection_.thread().refuse_request(reason, status, connection_.http2().socket().fd());
  return Error::from_http(status, reason, std::string(message));
}

Result<std::string_view> ServerStream::read_whole_body(size_t bytes_max) {
  // What a smaller limit has cut off does not come back.
  body_bytes_max_ = std::min(
      body_bytes_max_, body_bytes_allowed(connection_.thread().core.options.limits, bytes_max));
  for (;;) {
    if (received_.size() > body_bytes_max_) {
      const Error error = body_too_large();
      return refuse_body(error.http_status(), error.reason(), error.message());
    }
    if (end_received_ && trailers_cut_) {
      return refuse_body(
          431, "TRAILERS_TOO_LARGE",
          "the trailers are longer than the limit; server.http.header_bytes_max raises it");
    }
    if (end_received_) return std::string_view(received_);
    if (!is_open())
      return Error(Code::kUnavailable, "UNEXPECTED_EOF",
                   "the peer gave up the request in the middle of the body");
    BIA_TRY(await_body());
  }
}

Result<void> ServerStream::await_body() {
  const Duration idle = connection_.thread().core.options.idle_timeout;
  send_continue();
  connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
  heard_at_ = now();
  reading_ = true;
  for (;;) {
    const TimePoint heard = heard_at_;
    const Deadline silent = idle > Duration::zero() ? Deadline(heard + idle) : Deadline::never();
    Result<void> waited = readers_.wait(silent);
    const bool expired = !waited && waited.error().code() == Code::kDeadlineExceeded;
    if (expired && silent.expired() && heard_at_ > heard) continue;
    reading_ = false;
    if (!expired) return waited;
    // The operation's deadline may be before the body's own.
    Error late = silent.expired() ? body_timeout() : std::move(waited).error();
    connection_.thread().refuse_request("BODY_TIMEOUT", late.http_status(),
                                        connection_.http2().socket().fd());
    return late;
  }
}

/// RFC 9110 section 10.1.1: to one that waits for it, and has sent nothing of the body yet.
void ServerStream::send_continue() {
  if (continue_sent_ || head_sent_ || !received_.empty() ||
      !field_name_equals(request_.header("expect"), "100-continue"))
    return;
  continue_sent_ = true;
  connection_.http2().send_headers(*this, std::array{Http2Field{":status", "100", 8}},
                                   EndStream::kNo);
}

/// A body that the handler left alone: an answer that ends before it makes the connection reset the
/// stream (RFC 9113 section 8.1), which curl 7.88 takes for a failure. One that is short, or on its
/// way, is waited for.
void ServerStream::drain() {
  constexpr size_t kDrainBytesMax = 64 * 1024;
  constexpr Duration kDrainMax = std::chrono::milliseconds(100);
  if (head_sent_ || cancelled_) return;
  if (content_left() >= 0 && content_left() <= static_cast<int64_t>(kDrainBytesMax))
    send_continue();
  const Deadline deadline = end_received_ ? Deadline::never() : Deadline::after(kDrainMax);
  while (!end_received_ && is_open() && received_.size() <= kDrainBytesMax) {
    connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
    if (!readers_.wait(deadline)) return;
  }
}

void ServerStream::run() noexcept {
  call_handler();
  drain();
  finish();
  running_ = false;
  fiber_ = {};
  connection_.release(*this);  // May delete this.
}

void ServerStream::call_handler() {
  try {
    connection_.thread().core.handler(request_, response_);
    return;
  } catch (...) {
    // What it threw is for recovery middleware and logs, not for the peer.
  }
  if (finished_) return;
  if (head_sent_) {
    connection_.http2().reset(*this, Http2Error::kInternalError);
    return;
  }
  clear_answer();
  write_error(response_, 500, "INTERNAL", "the handler failed");
}

void ServerStream::refuse(int status, std::string_view reason, std::string_view message) {
  connection_.thread().refuse_request(reason, status, connection_.http2().socket().fd());
  write_error(response_, status, reason, message);
  finish();
}

bool ServerStream::answer_now(int status, std::string_view content_type, std::string_view body) {
  if (head_sent_) return false;
  clear_answer();
  status_ = status;
  response_.add_header("content-type", content_type);
  answer_ = body;
  finish();
  return true;
}

void ServerStream::finish() {
  if (finished_) return;
  finished_ = true;
  dropping_ = true;
  if (!is_open()) return;
  connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
  if (head_sent_) return connection_.http2().resume_body(*this);
  const bool empty = bodiless() || (answer_.empty() && answer_trailers_.empty());
  if (!bodiless()) queue_.text().swap(answer_);
  send_head(Length::kKnown, empty ? EndStream::kYes : EndStream::kNo);
}

bool ServerStream::bodiless() const {
  return text(method_) == "HEAD" || status_ == 204 || status_ == 304 || status_ < 200;
}

void ServerStream::send_head(Length length, EndStream end) {
  if (status_ < 200 || status_ > 999) status_ = 500;
  head_sent_ = true;
  char status[4];
  std::to_chars(status, status + sizeof status, status_);
  char digits[24];
  std::vector<Http2Field> fields;
  fields.reserve(answer_fields_.size() + 3);
  fields.push_back(status_ == 200 ? Http2Field{":status", "200", 8, 8}
                                  : Http2Field{":status", {status, 3}, 8});
  for (const Field& field : answer_fields_) {
    const std::string_view all = answer_head_;
    fields.push_back({all.substr(field.name.offset, field.name.size),
                      all.substr(field.value.offset, field.value.size)});
  }
  if (!has_date_) fields.push_back({"date", connection_.thread().date.text(), 33});
  if (length == Length::kKnown && status_ != 204 && status_ != 304) {
    const size_t bytes = text(method_) == "HEAD" ? answer_.size() : queue_.waiting();
    const char* const stop = std::to_chars(digits, digits + sizeof digits, bytes).ptr;
    fields.push_back({"content-length", {digits, static_cast<size_t>(stop - digits)}, 28});
  }
  connection_.http2().send_headers(*this, fields, end);
  if (end == EndStream::kNo) connection_.http2().start_body(*this);
}

Result<void> ServerStream::write(std::string_view chunk) {
  auto gone = [] {
    return Error(Code::kCancelled, "REQUEST_CANCELLED", "the peer gave up the request");
  };
  if (!is_open() || cancelled_ || finished_) return gone();
  if (bodiless()) {
    if (!head_sent_) send_head(Length::kUnknown, EndStream::kYes);
    return {};
  }
  if (!head_sent_) {
    queue_.text().swap(answer_);
    answer_.clear();
    queue_.append(chunk);
    send_head(Length::kUnknown, EndStream::kNo);
  } else {
    queue_.append(chunk);
    connection_.http2().resume_body(*this);
  }
  while (is_open() && queue_.full()) BIA_TRY(writers_.wait());
  if (!is_open()) return gone();
  return {};
}

Http2Events::BodyPart ServerStream::read_body(std::span<char> into) {
  const size_t size = queue_.take(into);
  queue_.drop_taken();
  const bool all = queue_.waiting() == 0;
  if (all && finished_) return {size, answer_trailers_.empty() ? Body::kEnd : Body::kTrailers};
  if (!queue_.full()) writers_.wake_all();
  return {size, all ? Body::kPaused : Body::kMore};
}

std::string_view ServerStream::Request::query() const {
  const size_t mark = target().find('?');
  return mark == std::string_view::npos ? std::string_view() : target().substr(mark + 1);
}

std::string_view ServerStream::Request::header(std::string_view name) const {
  for (const Field& field : stream_.fields_) {
    if (field_name_equals(stream_.text(field.name), name)) return stream_.text(field.value);
  }
  return {};
}

std::pair<std::string_view, std::string_view> ServerStream::Request::header_at(size_t index) const {
  const Field& field = stream_.fields_[index];
  return {stream_.text(field.name), stream_.text(field.value)};
}

std::string_view ServerStream::Request::trailer(std::string_view name) const {
  for (const auto& [key, value] : stream_.request_trailers_) {
    if (field_name_equals(key, name)) return value;
  }
  return {};
}

std::optional<net::TlsInfo> ServerStream::Request::tls() const {
  return stream_.connection_.http2().socket().tls();
}

std::string ServerStream::Request::peer() const { return stream_.connection_.peer(); }

namespace {

/// What would end a line in HTTP/1.1 is no part of a value here either.
void append_value(std::string& out, std::string_view value) {
  for (char c : value) {
    const bool unsafe = c == '\r' || c == '\n' || c == '\0';
#ifndef NDEBUG
    BIA_ASSERT(!unsafe && "CR, LF or NUL in a header's value");
#endif
    out += unsafe ? ' ' : c;
  }
}

}  // namespace

void ServerStream::Response::add_trailer(std::string_view name, std::string_view value) {
  if (stream_.finished_ || !may_trail(name)) return;
  stream_.answer_trailers_.emplace_back(lower_case(name), std::string());
  append_value(stream_.answer_trailers_.back().second, value);
}

void ServerStream::Response::set_header(std::string_view name, std::string_view value) {
  const std::string_view all = stream_.answer_head_;
  std::erase_if(stream_.answer_fields_, [&](const Field& field) {
    return field_name_equals(all.substr(field.name.offset, field.name.size), name);
  });
  add_header(name, value);
}

std::string_view ServerStream::Response::header(std::string_view name) const {
  const std::string_view all = stream_.answer_head_;
  for (const Field& field : stream_.answer_fields_) {
    if (field_name_equals(all.substr(field.name.offset, field.name.size), name))
      return all.substr(field.value.offset, field.value.size);
  }
  return {};
}

void ServerStream::Response::add_header(std::string_view name, std::string_view value) {
  std::string lower = lower_case(name);
  // Framing and connection are HTTP/2's own (RFC 9113 section 8.2.2).
  for (std::string_view ours : {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                "upgrade", "content-length"}) {
    if (lower == ours) return;
  }
  if (lower == "date") stream_.has_date_ = true;
  std::string& head = stream_.answer_head_;
  Field field;
  field.name = {static_cast<uint32_t>(head.size()), static_cast<uint32_t>(lower.size())};
  head += lower;
  field.value = {static_cast<uint32_t>(head.size()), static_cast<uint32_t>(value.size())};
  append_value(head, value);
  stream_.answer_fields_.push_back(field);
}

}  // namespace bia::http
