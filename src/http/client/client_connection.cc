#include "http/client/client_connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "http/client/client_errors.h"
#include "http/http1/chunked.h"
#include "http/message/chars.h"
#include "http/message/field_lines.h"

namespace bia::http {
namespace {

/// A body up to this is copied behind the head; above it goes in the same system call from where it
/// lies.
constexpr size_t kCopiedBytesMax = 8 * 1024;

Limits limits_of(const ClientOptions& options) {
  Limits limits;
  limits.header_bytes_max = options.header_bytes_max;
  limits.header_count_max = 4096;
  return limits;
}

Error bad_request(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_REQUEST", std::move(message));
}

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return char_is(c, kTokenChar); });
}

template <uint8_t limit>
bool is_clean(std::string_view text) {
  return find_stop<limit>(text.data(), text.data() + text.size()) == text.data() + text.size();
}

Error end_of_stream(bool nothing_received) {
  // Go's texts, which k6 prints.
  return Error(Code::kUnavailable, "UNEXPECTED_EOF", nothing_received ? "EOF" : "unexpected EOF");
}

/// Lines of one value become one, as Go's client has them.
void unfold(std::string& value) {
  for (size_t at = 0; (at = value.find("\r\n", at)) != std::string::npos;) {
    const size_t begin = at == 0 ? 0 : value.find_last_not_of(" \t", at - 1) + 1;
    value.replace(begin, value.find_first_not_of(" \t\r\n", at) - begin, begin == 0 ? "" : " ");
    at = begin;
  }
  while (value.ends_with(' ')) value.pop_back();
}

/// Of lines "name: value\n".
void keep_trailers(std::string_view lines, Headers& into) {
  while (!lines.empty()) {
    std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const size_t colon = std::min(line.find(':'), line.size());
    const std::string_view name = line.substr(0, colon);
    line.remove_prefix(std::min(colon + 1, line.size()));
    if (may_trail(name)) into.add(name, trim(line));
  }
}

/// What Go's client finds wrong first with a status line.
std::string bad_status_line(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return fmt::format("malformed HTTP response \"{}\"", line);
  std::string_view code = line.substr(space);
  code.remove_prefix(std::min(code.find_first_not_of(' '), code.size()));
  code = code.substr(0, code.find(' '));
  const bool number = code.size() == 3 && std::all_of(code.begin(), code.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return fmt::format("malformed HTTP status code \"{}\"", code);
  return fmt::format("malformed HTTP version \"{}\"", line.substr(0, space));
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out += '"';
}

/// What Go's client says of a field's line that it refuses as well; empty for other reasons.
std::string bad_field_line(const Problem& problem, std::string_view line) {
  const std::string_view reason = problem.reason;
  const size_t colon = line.find(':');
  if (reason == "BAD_HEADER") {
    return colon == std::string_view::npos ? "malformed MIME header: missing colon: " + quoted(line)
                                           : "malformed MIME header line: " + quoted(line);
  }
  if (std::string_view(problem.message).starts_with("more than one")) return {};
  const std::string_view value = trim(line.substr(std::min(colon, line.size() - 1) + 1));
  if (reason == "BAD_CONTENT_LENGTH")
    return (value.empty() ? "invalid empty Content-Length " : "bad Content-Length ") +
           quoted(value);
  if (reason == "BAD_TRANSFER_ENCODING") return "unsupported transfer encoding: " + quoted(value);
  return {};
}

Error bad_response(const Problem& problem, std::string_view line) {
  if (!line.empty()) {
    if (std::string words = bad_field_line(problem, line); !words.empty())
      return Error(Code::kInvalidArgument, "BAD_RESPONSE", std::move(words));
  }
  if (std::string_view(problem.message).starts_with("malformed HTTP ") && !line.empty())
    return Error(Code::kInvalidArgument, "BAD_RESPONSE", bad_status_line(line));
  return Error(Code::kInvalidArgument, "BAD_RESPONSE",
               line.empty() ? std::string(problem.message)
                            : fmt::format("{} \"{}\"", problem.message, line));
}

}  // namespace

ClientConnection::ClientConnection(net::Socket socket, const net::Endpoint& remote,
                                   const ClientOptions& options, uint16_t default_port,
                                   const Proxy* proxy)
    : socket_(std::move(socket)),
      remote_(remote),
      default_port_(default_port),
      proxy_(proxy),
      parser_(limits_of(options)),
      host_(options.authority),
      is_last_(options.reuse == ClientOptions::Reuse::kNever),
      header_bytes_max_(options.header_bytes_max),
      body_bytes_max_(options.body_bytes_max),
      head_timeout_(options.head_timeout) {
  if (socket_.is_tls()) tls_ = std::make_shared<const net::TlsInfo>(*socket_.tls());
}

bool ClientConnection::stale() { return socket_.stale(); }

Result<void> ClientConnection::exchange(const ClientRequest& request, ClientResponse& response,
                                        Timings& timings, Deadline deadline) {
  const uint64_t read_before = socket_.bytes_read();
  const uint64_t written_before = socket_.bytes_written();
  nothing_received_ = nothing_sent_ = true;
  reusable_ = false;
  body_bytes_ = 0;
  queued_ = unsent_ = 0;
  buffer_.clear();
  response.remote = remote_;
  BIA_TRY(append_head(request));
  const TimePoint begin = timings.end;
  send_began_ = send_ended_ = begin;
  sent_ = send(request, deadline);
  Result<void> result;
  // A server that refuses a body answers and closes before it was sent: the answer is worth more
  // than the broken pipe.
  if (sent_ || sent_.error().code() == Code::kUnavailable) {
    result = receive(request, response, timings, deadline);
    if (!sent_) reusable_ = false;
    if (!sent_ && nothing_received_) result = std::move(sent_);
  } else {
    result = std::move(sent_);
  }
  timings.blocked += send_began_ - begin;
  timings.sending = send_ended_ - send_began_;
  nothing_sent_ = socket_.bytes_written() == written_before;
  timings.bytes_received += socket_.bytes_read() - read_before;
  timings.bytes_sent += socket_.bytes_written() - written_before;
  return result;
}

Result<void> ClientConnection::append_fields(const ClientRequest& request, bool& chunked) {
  for (const auto& [name, value] : *request.headers) {
    if (!is_token(name))
      return bad_request(fmt::format("net/http: invalid header field name \"{}\"", name));
    if (!is_clean<0x1f>(value))
      return bad_request(fmt::format("net/http: invalid header field value for \"{}\"", name));
    switch (name.size()) {
      case 10:
        request_closes_ =
            request_closes_ || (equals_lower(name, "connection") && equals_lower(value, "close"));
        break;
      case 14:
        if (equals_lower(name, "content-length")) continue;
        break;
      case 17:
        if (!equals_lower(name, "transfer-encoding")) break;
        if (!equals_lower(value, "chunked"))
          return bad_request(fmt::format("unsupported transfer encoding \"{}\"", value));
        if (chunked) continue;
        chunked = true;
        break;
      default:
        break;
    }
    buffer_.reserve(name.size() + value.size() + 4);
    buffer_.append(name);
    buffer_.append(": ");
    buffer_.append(value);
    buffer_.append("\r\n");
  }
  return {};
}

void ClientConnection::append_authority(const ClientRequest& request) {
  const bool v6 = request.host.find(':') != std::string_view::npos;
  if (v6) buffer_.append("[");
  buffer_.append(request.host);
  if (v6) buffer_.append("]");
  if (request.port != default_port_) {
    char digits[8] = {':'};
    buffer_.append(
        {digits,
         static_cast<size_t>(std::to_chars(digits + 1, digits + sizeof digits, request.port).ptr -
                             digits)});
  }
}

Result<void> ClientConnection::append_head(const ClientRequest& request) {
  if (!is_token(request.method))
    return bad_request(fmt::format("net/http: invalid method \"{}\"", request.method));
  if (request.target.empty() || !is_clean<0x20>(request.target)) {
    return bad_request(fmt::format("the target \"{}\" is not percent-encoded", request.target));
  }
  for (const std::string_view host : {request.host, std::string_view(host_)}) {
    if (!is_clean<0x20>(host)) return bad_request(fmt::format("invalid host \"{}\"", host));
  }
  request_closes_ = false;
  request_chunked_ = false;
  if (buffer_.capacity() < read_bytes_) buffer_.reserve(read_bytes_);
  buffer_.append(request.method);
  buffer_.append(" ");
  // RFC 9112 section 3.2.2.
  if (proxy_ != nullptr) {
    buffer_.append("http://");
    append_authority(request);
  }
  buffer_.append(request.target);
  buffer_.append(" HTTP/1.1\r\n");
  const bool host_given = request.headers != nullptr && request.headers->has("host");
  // First, as RFC 9110 section 7.2 wants it.
  if (!host_given) {
    buffer_.append("Host: ");
    host_.empty() ? append_authority(request) : buffer_.append(host_);
    buffer_.append("\r\n");
  }
  if (proxy_ != nullptr && !proxy_->authorization.empty()) {
    buffer_.append("Proxy-Authorization: ");
    buffer_.append(proxy_->authorization);
    buffer_.append("\r\n");
  }
  if (request.headers != nullptr) BIA_TRY(append_fields(request, request_chunked_));
  // RFC 9112 section 9.6.
  if (is_last_ && !request_closes_) buffer_.append("Connection: close\r\n");
  const bool says_zero =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (!request_chunked_ && (!request.body.empty() || says_zero)) {
    char digits[24];
    buffer_.append("Content-Length: ");
    buffer_.append(
        {digits,
         static_cast<size_t>(
             std::to_chars(digits, digits + sizeof digits, request.body.size()).ptr - digits)});
    buffer_.append("\r\n");
  }
  buffer_.append("\r\n");
  return {};
}

Result<void> ClientConnection::send(const ClientRequest& request, Deadline deadline) {
  std::string_view tail;
  if (request_chunked_) {
    if (!request.body.empty()) {
      char head[kChunkHeadBytesMax];
      buffer_.append({head, format_chunk_head(request.body.size(), head)});
      tail = "\r\n0\r\n\r\n";
    } else {
      tail = "0\r\n\r\n";
    }
  }
  Result<void> sent;
  if (request.body.size() <= kCopiedBytesMax) {
    buffer_.append(request.body);
    buffer_.append(tail);
    // Of a new connection nobody knows yet whether there is something to read.
    if (!socket_.is_tls() && !socket_.readable()) {
      queue();
      return {};
    }
    sent = socket_.write_all(buffer_.view(), deadline);
  } else {
    const iovec parts[] = {{buffer_.data(), buffer_.size()},
                           {const_cast<char*>(request.body.data()), request.body.size()},
                           {const_cast<char*>(tail.data()), tail.size()}};
    sent = socket_.write_all(std::span<const iovec>(parts, tail.empty() ? 2 : 3), deadline);
  }
  buffer_.clear();
  send_ended_ = now();
  return sent;
}

void ClientConnection::queue() {
  // The answer is received behind the request, which must not move any more.
  buffer_.reserve(kReadBytesMin);
  queued_ = unsent_ = buffer_.size();
  fiber::Scheduler::current().defer(*this);
}

void ClientConnection::run_deferred() noexcept {
  send_began_ = now();
  auto taken = socket_.try_write(buffer_.view());
  send_ended_ = now();
  if (!taken) {
    // The kernel tells the reader too that the connection is broken.
    unsent_ = 0;
    sent_ = std::move(taken).error();
    return;
  }
  unsent_ -= *taken;
  if (unsent_ > 0) socket_.wake_reader();
}

Result<void> ClientConnection::send_rest(Deadline deadline) {
  sent_ = socket_.write_all(buffer_.view().substr(queued_ - unsent_), deadline);
  unsent_ = 0;
  send_ended_ = now();
  if (!sent_ && sent_.error().code() != Code::kUnavailable) return std::move(sent_).error();
  return {};
}

Result<size_t> ClientConnection::fill(size_t bytes, Deadline deadline, bool cut_is_end) {
  for (;;) {
    if (queued_ == 0) buffer_.reserve(bytes);
    const size_t space = buffer_.space().size();
    auto count = socket_.receive(buffer_.space(), deadline, read_times_);
    if (count) {
      // Its answers are larger than those for which a small buffer is enough.
      if (*count == space) read_bytes_ = kReadBytes;
      buffer_.filled(*count);
      buffer_.consume(std::exchange(queued_, 0));
      return count;
    }
    if (unsent_ > 0 && count.error().code() == Code::kAborted) {
      BIA_TRY(send_rest(deadline));
      continue;
    }
    // A TLS server that just closes is as common as one that says so; the framing tells whether
    // anything is missing.
    if (cut_is_end && count.error().reason() == "UNEXPECTED_EOF") return size_t{0};
    return count;
  }
}

Result<void> ClientConnection::receive_head(Timings& timings, Deadline deadline) {
  for (size_t interim_bytes = 0;;) {
    parser_.reset();
    Parsed parsed = Parsed::kNeedMore;
    for (;;) {
      if (!buffer_.empty() && queued_ == 0) parsed = parser_.parse(buffer_.view());
      if (parsed != Parsed::kNeedMore) break;
      const size_t count = BIA_TRY(fill(buffer_.empty() ? read_bytes_ : buffer_.size(), deadline));
      if (count == 0) return end_of_stream(nothing_received_);
      if (nothing_received_) {
        first_readable_ = std::max(read_times_.readable, send_ended_);
        timings.waiting = first_readable_ - send_ended_;
        nothing_received_ = false;
      }
    }
    if (parsed == Parsed::kBad) return bad_response(parser_.problem(), parser_.bad_line());
    // RFC 9110 section 15.2: interim answers come before the one that counts; 101 we never ask for.
    if (parser_.status() >= 200) return {};
    if (parser_.status() == 101) {
      return Error(Code::kInvalidArgument, "BAD_RESPONSE",
                   "unsupported response status: 101 Switching Protocols");
    }
    interim_bytes += parser_.head_bytes();
    if (interim_bytes > header_bytes_max_)
      return Error(Code::kInvalidArgument, "BAD_RESPONSE",
                   "net/http: too many 1xx informational responses");
    buffer_.consume(parser_.head_bytes());
  }
}

void ClientConnection::copy_head(ClientResponse& response) const {
  response.status = parser_.status();
  response.reason.assign(parser_.reason());
  response.version = 1;
  response.version_minor = parser_.version_minor();
  response.tls = tls_;
  auto& fields = response.headers.fields();
  // Strings that are there keep their storage from answer to answer.
  fields.resize(parser_.fields().size());
  for (size_t i = 0; i < fields.size(); ++i) {
    fields[i].first.assign(parser_.name(parser_.fields()[i]));
    fields[i].second.assign(parser_.value(parser_.fields()[i]));
    if (parser_.folded()) unfold(fields[i].second);
  }
}

Result<void> ClientConnection::receive(const ClientRequest& request, ClientResponse& response,
                                       Timings& timings, Deadline deadline) {
  const bool limited = head_timeout_ > Duration::zero();
  auto head = receive_head(timings,
                           limited ? std::min(deadline, Deadline::after(head_timeout_)) : deadline);
  if (!head)
    return limited && !deadline.expired() ? head_timeout(std::move(head).error())
                                          : std::move(head).error();
  copy_head(response);
  response.body.clear();
  response.trailers.fields().clear();
  auto received = receive_body(request, response, deadline);
  timings.end = std::max(read_times_.read, first_readable_);
  timings.receiving = timings.end - first_readable_;
  if (!received) return received;
  // Bytes behind the answer are an answer to nothing.
  // And an answer to a request that was not written whole leaves the rest of it unsaid.
  if (!buffer_.empty() || request_closes_ || unsent_ > 0) reusable_ = false;
  if (buffer_.capacity() > kReadBytes) buffer_.release();
  return {};
}

Result<void> ClientConnection::receive_body(const ClientRequest& request, ClientResponse& response,
                                            Deadline deadline) {
  const int status = parser_.status();
  const uint64_t length = parser_.content_length();
  reusable_ = parser_.keep_alive();
  const bool chunked = parser_.chunked();
  buffer_.consume(parser_.head_bytes());
  // RFC 9112 section 6.3.
  if (request.method == "HEAD" || status == 204 || status == 304 || length == 0) return {};
  if (chunked) return receive_chunked(request, response, deadline);
  if (length != HeadParser::kNoLength) return receive_sized(request, response, deadline);
  reusable_ = false;
  return receive_until_close(request, response, deadline);
}

Result<void> ClientConnection::keep(const ClientRequest& request, ClientResponse& response,
                                    std::string_view bytes) {
  body_bytes_ += bytes.size();
  if (body_bytes_ > body_bytes_max_) {
    return Error(Code::kOutOfRange, "BODY_TOO_LARGE",
                 fmt::format("the response's body is longer than {} bytes", body_bytes_max_));
  }
  if (request.response_body == ClientRequest::Body::kKeep) response.body.append(bytes);
  return {};
}

Result<void> ClientConnection::receive_sized(const ClientRequest& request, ClientResponse& response,
                                             Deadline deadline) {
  const uint64_t length = parser_.content_length();
  for (;;) {
    const auto take = static_cast<size_t>(std::min<uint64_t>(length - body_bytes_, buffer_.size()));
    BIA_TRY(keep(request, response, buffer_.view().substr(0, take)));
    buffer_.consume(take);
    if (body_bytes_ == length) return {};
    const auto wanted =
        static_cast<size_t>(std::min<uint64_t>(length - body_bytes_, kBodyReadBytes));
    if (BIA_TRY(fill(wanted, deadline)) == 0) return end_of_stream(false);
  }
}

Result<void> ClientConnection::receive_chunked(const ClientRequest& request,
                                               ClientResponse& response, Deadline deadline) {
  ChunkedDecoder decoder(body_bytes_max_);
  for (;;) {
    ChunkedDecoder::Step step;
    const Parsed parsed = decoder.decode(buffer_.data(), buffer_.size(), step);
    if (parsed == Parsed::kBad) {
      if (decoder.problem().status == 413) {
        return Error(Code::kOutOfRange, "BODY_TOO_LARGE",
                     fmt::format("the response's body is longer than {} bytes", body_bytes_max_));
      }
      return bad_response(decoder.problem(), {});
    }
    BIA_TRY(keep(request, response, buffer_.view().substr(0, step.produced)));
    buffer_.consume(step.consumed);
    if (parsed == Parsed::kComplete) {
      keep_trailers(decoder.trailers(), response.trailers);
      return {};
    }
    if (BIA_TRY(fill(kReadBytes, deadline)) == 0) return end_of_stream(false);
  }
}

Result<void> ClientConnection::receive_until_close(const ClientRequest& request,
                                                   ClientResponse& response, Deadline deadline) {
  for (;;) {
    BIA_TRY(keep(request, response, buffer_.view()));
    buffer_.clear();
    if (BIA_TRY(fill(kReadBytes, deadline, /*cut_is_end=*/false)) == 0) return {};
  }
}

}  // namespace bia::http
