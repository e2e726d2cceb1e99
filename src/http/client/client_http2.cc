#include "http/client/client_http2.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "http/client/client_errors.h"
#include "http/message/chars.h"
#include "http/message/field_lines.h"

namespace bia::http {

/// On the stack of the fiber that waits for the answer.
class ClientHttp2::Stream final : public Http2Stream {
 public:
  using Http2Stream::expect_no_content;
  const ClientRequest* request = nullptr;
  ClientResponse* response = nullptr;
  size_t body_sent = 0;
  uint64_t body_received = 0;
  TimePoint sent{};
  TimePoint first_byte{};
  TimePoint end{};
  bool too_large = false;
  bool head_too_large = false;
  bool head_done = false;
  bool complete = false;
  bool closed = false;
  bool connection_lost = false;
  Http2Error error = Http2Error::kNoError;
  int32_t number = 0;  ///< Its id, also where it has ended.
  fiber::WaitQueue waiter;
};

namespace {

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return char_is(c, kTokenChar); });
}

Error bad_request(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_REQUEST", std::move(message));
}

/// Framing and connection are HTTP/2's own (RFC 9113 section 8.2.2).
bool of_http1(std::string_view name) {
  for (std::string_view each : {"connection", "keep-alive", "proxy-connection", "transfer-encoding",
                                "upgrade", "content-length", "host"}) {
    if (name == each) return true;
  }
  return false;
}

}  // namespace

Result<void> ClientHttp2::start(net::Socket socket) {
  if (socket.is_tls()) tls_ = std::make_shared<const net::TlsInfo>(*socket.tls());
  read_before_ = socket.bytes_read();
  written_before_ = socket.bytes_written();
  Http2Options options;
  options.role = Http2Options::Role::kClient;
  header_bytes_max_ =
      static_cast<uint32_t>(std::min<size_t>(options_.header_bytes_max, size_t{1} << 24));
  options.header_bytes_max = header_bytes_max_;
  http2_ = std::make_unique<Http2Connection>(std::move(socket), options,
                                             static_cast<Http2Events&>(*this));
  auto reader = fiber::Scheduler::current().spawn([self = shared_from_this()] {
    self->outcome_ = self->http2_->run();
    self->ended_ = true;
    for (Stream* stream : self->live_) {
      // One that ended before, such as those that a GOAWAY leaves out, knows why already.
      if (std::exchange(stream->closed, true)) continue;
      stream->connection_lost = true;
      stream->waiter.wake_all();
    }
    self->free_.wake_all();
  });
  if (!reader) return std::move(reader).error();
  return {};
}

Result<void> ClientHttp2::append_fields(const ClientRequest& request,
                                        std::vector<Http2Field>& fields) {
  size_t bytes = 0;
  for (const auto& [name, value] : *request.headers) bytes += name.size();
  lower_.clear();
  lower_.reserve(bytes);  // Views into it must hold.
  for (const auto& [name, value] : *request.headers) {
    if (!is_token(name))
      return bad_request(fmt::format("net/http: invalid header field name \"{}\"", name));
    if (std::any_of(value.begin(), value.end(), [](char c) {
          return (static_cast<uint8_t>(c) < 0x20 && c != '\t') || c == 0x7f;
        }))
      return bad_request(fmt::format("net/http: invalid header field value for \"{}\"", name));
    const size_t at = lower_.size();
    for (char c : name) lower_ += ascii_lower(c);
    const std::string_view lower = std::string_view(lower_).substr(at);
    if (of_http1(lower) || (lower == "te" && value != "trailers")) continue;
    Http2Field field{lower, value};
    if (lower == "authorization" || lower == "cookie") field.table = Http2Field::Table::kSecret;
    if (lower == "user-agent") field.table = Http2Field::Table::kKeep;
    fields.push_back(field);
  }
  return {};
}

Result<void> ClientHttp2::open(const ClientRequest& request, Stream& stream, Deadline deadline) {
  if (!is_token(request.method))
    return bad_request(fmt::format("net/http: invalid method \"{}\"", request.method));
  if (request.target.empty() || std::any_of(request.target.begin(), request.target.end(),
                                            [](char c) { return static_cast<uint8_t>(c) <= 0x20; }))
    return bad_request(fmt::format("the target \"{}\" is not percent-encoded", request.target));
  while (!ended_ && usable() && !http2_->can_open()) BIA_TRY(free_.wait(deadline));
  if (ended_ || !usable()) {
    may_repeat_ = true;
    return ended_error(stream);
  }
  const bool https = request.scheme == ClientRequest::Scheme::kHttps;
  std::string authority;
  if (request.headers != nullptr) authority = request.headers->get("host");
  if (authority.empty()) authority = options_.authority;
  if (authority.empty()) {
    const bool v6 = request.host.find(':') != std::string_view::npos;
    authority = v6 ? fmt::format("[{}]", request.host) : std::string(request.host);
    if (request.port != (https ? 443 : 80)) authority += fmt::format(":{}", request.port);
  }
  std::vector<Http2Field> fields = {{":authority", authority, 1, 0, Http2Field::Table::kKeep},
                                    {":method", request.method, 2},
                                    {":path", request.target, 4},
                                    {":scheme", https ? "https" : "http", 6}};
  if (request.headers != nullptr) BIA_TRY(append_fields(request, fields));
  char digits[24];
  const bool says_zero =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (!request.body.empty() || says_zero) {
    const char* stop = std::to_chars(digits, digits + sizeof digits, request.body.size()).ptr;
    fields.push_back({"content-length", {digits, static_cast<size_t>(stop - digits)}, 28});
  }
  if (request.method == "HEAD") stream.expect_no_content();
  http2_->open(stream);
  live_.push_back(&stream);
  const bool bodiless = request.body.empty();
  http2_->send_headers(stream, fields, bodiless ? EndStream::kYes : EndStream::kNo);
  stream.number = stream.id();
  stream.sent = now();
  if (!bodiless) http2_->start_body(stream);
  return {};
}

void ClientHttp2::forget(Stream& stream) {
  std::erase(live_, &stream);
  if (!ended_) free_.wake_one();
}

Error ClientHttp2::ended_error(const Stream& stream) const {
  if (stream.closed && !stream.connection_lost) {
    return Error(Code::kUnavailable, "HTTP2_STREAM",
                 fmt::format("stream error: stream ID {}; {}", stream.number,
                             http2_error_name(stream.error)))
        .with_metadata("http2_error", std::to_string(static_cast<uint32_t>(stream.error)));
  }
  if (goaway_ != Http2Error::kNoError) {
    return Error(Code::kUnavailable, "HTTP2_GOAWAY",
                 fmt::format("http2: server sent GOAWAY and closed the connection; ErrCode={}",
                             http2_error_name(goaway_)))
        .with_metadata("http2_error", std::to_string(static_cast<uint32_t>(goaway_)));
  }
  if (!outcome_) {
    const Error& why = outcome_.error();
    if (why.reason() != "HTTP2_PROTOCOL") return why;
    for (const auto& [key, value] : why.metadata()) {
      if (key == "http2_error")
        return Error(Code::kUnavailable, "HTTP2_CONNECTION", why.message())
            .with_metadata(key, value);
    }
    return Error(Code::kUnavailable, "HTTP2_CONNECTION", why.message());
  }
  return Error(Code::kUnavailable, "UNEXPECTED_EOF", stream.head_done ? "unexpected EOF" : "EOF");
}

Result<void> ClientHttp2::wait(Stream& stream, Deadline deadline) {
  // Counted from the request's end: while its body waits for windows, `deadline` alone holds.
  const auto limit = [&] {
    const bool sent = stream.body_sent == stream.request->body.size();
    return stream.head_done || !sent || options_.head_timeout <= Duration::zero()
               ? deadline
               : std::min(deadline, Deadline(stream.sent + options_.head_timeout));
  };
  while (!stream.complete && !stream.closed && !stream.too_large) {
    auto waited = stream.waiter.wait(limit());
    if (waited || (waited.error().code() == Code::kDeadlineExceeded && !limit().expired()))
      continue;
    return deadline.expired() ? std::move(waited).error() : head_timeout(std::move(waited).error());
  }
  if (stream.head_too_large) {
    // Go's words.
    return Error(Code::kOutOfRange, "HEADERS_TOO_LARGE",
                 "http2: response header list larger than advertised limit");
  }
  if (stream.too_large) {
    return Error(
        Code::kOutOfRange, "BODY_TOO_LARGE",
        fmt::format("the response's body is longer than {} bytes", options_.body_bytes_max));
  }
  if (stream.complete) return {};
  // A stream that GOAWAY left out, or that was refused, was not processed (RFC 9113 section 8.7).
  may_repeat_ = !stream.connection_lost && stream.error == Http2Error::kRefusedStream;
  return ended_error(stream);
}

Result<void> ClientHttp2::exchange(const ClientRequest& request, ClientResponse& response,
                                   Timings& timings, Deadline deadline) {
  may_repeat_ = false;
  auto self = shared_from_this();  // The pool may let go of it meanwhile.
  Stream stream;
  stream.request = &request;
  stream.response = &response;
  const TimePoint begin = timings.end;
  response.clear();
  response.remote = remote_;
  auto opened = open(request, stream, deadline);
  auto result = opened ? wait(stream, deadline) : std::move(opened);
  http2_->reset(stream, Http2Error::kCancel);  // Where it is still open.
  forget(stream);
  const TimePoint end = now();
  const TimePoint sent = std::max(stream.sent == TimePoint{} ? end : stream.sent, begin);
  const TimePoint first = stream.head_done ? std::max(stream.first_byte, sent) : end;
  timings.sending = sent - begin;
  timings.waiting = first - sent;
  timings.end = stream.complete ? std::max(stream.end, first) : end;
  timings.receiving = stream.head_done ? timings.end - first : Duration{};
  // The connection's bytes since the last exchange ended: together they are all.
  timings.bytes_received += http2_->bytes_read() - read_before_;
  timings.bytes_sent += http2_->bytes_written() - written_before_;
  read_before_ = http2_->bytes_read();
  written_before_ = http2_->bytes_written();
  idle_since = timings.end;
  return result;
}

void ClientHttp2::on_header(Http2Stream& base, Block block, std::string_view name,
                            std::string_view value) noexcept {
  ClientResponse& response = *static_cast<Stream&>(base).response;
  if (block != Block::kHead) {
    if (may_trail(name)) response.trailers.add(name, value);
    return;
  }
  if (name == ":status") {
    response.status = 0;
    std::from_chars(value.data(), value.data() + value.size(), response.status);
  } else if (!name.starts_with(':')) {
    response.headers.add(name, value);
  }
}

void ClientHttp2::on_headers_end(Http2Stream& base, Block block, EndStream end) noexcept {
  auto& stream = static_cast<Stream&>(base);
  if (stream.block_bytes() > header_bytes_max_) {
    stream.too_large = stream.head_too_large = true;
    return stream.waiter.wake_all();
  }
  if (block == Block::kHead) {
    if (stream.response->status >= 100 && stream.response->status < 200) {
      stream.response->headers.fields().clear();
      return;
    }
    stream.head_done = true;
    stream.first_byte = http2_->read_at();
    stream.response->reason = reason_phrase(stream.response->status);
    stream.response->version = 2;
    stream.response->version_minor = 0;
    stream.response->tls = tls_;
  }
  if (end == EndStream::kYes) on_end_stream(base);
}

void ClientHttp2::on_data(Http2Stream& base, std::string_view bytes) noexcept {
  auto& stream = static_cast<Stream&>(base);
  http2_->consume(base, bytes.size());
  stream.body_received += bytes.size();
  if (stream.body_received > options_.body_bytes_max) {
    stream.too_large = true;
    stream.waiter.wake_all();
  } else if (stream.request->response_body == ClientRequest::Body::kKeep) {
    stream.response->body.append(bytes);
  }
}

void ClientHttp2::on_end_stream(Http2Stream& base) noexcept {
  auto& stream = static_cast<Stream&>(base);
  stream.complete = stream.head_done;
  stream.end = http2_->read_at();
  stream.waiter.wake_all();
}

void ClientHttp2::on_stream_closed(Http2Stream& base, Http2Error error) noexcept {
  auto& stream = static_cast<Stream&>(base);
  stream.closed = true;
  stream.error = error;
  stream.waiter.wake_all();
}

void ClientHttp2::on_goaway(Http2Error error, std::string_view) noexcept {
  goaway_ = error;
  free_.wake_all();
}

Http2Events::BodyPart ClientHttp2::read_body(Http2Stream& base, std::span<char> into) noexcept {
  auto& stream = static_cast<Stream&>(base);
  const std::string_view body = stream.request->body;
  const size_t size = std::min(into.size(), body.size() - stream.body_sent);
  std::memcpy(into.data(), body.data() + stream.body_sent, size);
  stream.body_sent += size;
  const bool whole = stream.body_sent == body.size();
  if (whole) {
    stream.sent = now();
    // Its limit begins.
    if (options_.head_timeout > Duration::zero()) stream.waiter.wake_all();
  }
  return {size, whole ? Body::kEnd : Body::kMore};
}

}  // namespace bia::http
