#include "grpc/server_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <exception>
#include <utility>

#include "bia/base/assert.h"
#include "bia/fiber/overrun.h"
#include "grpc/fields.h"
#include "grpc/gzip.h"
#include "grpc/server_connection.h"

namespace bia::grpc {
namespace {

/// What a call keeps of each of its buffers for the next one: a connection has as many as it had
/// calls at once.
constexpr size_t kKeptBytesMax = 4 * 1024;
/// Of a request that is no gRPC and is answered at its end, or above this.
constexpr size_t kDroppedBytesMax = 64 * 1024;

Error closed_error() {
  return Error(Code::kCancelled, "CALL_CANCELLED", "the call was cancelled by its caller");
}

}  // namespace

void Call::begin() {
  method_ = nullptr;
  arena_.clear();
  fields_.clear();
  path_ = http_method_ = content_type_ = encoding_ = bad_timeout_ = bad_binary_ = {};
  is_post_ = has_timeout_ = gzip_ = reply_packed_ = is_json_ = message_refused_ = false;
  if (metadata_made_) metadata_.clear();
  metadata_made_ = false;
  no_grpc_ = ends_as_http_ = false;
  dropped_ = joined_bytes_ = 0;
  started_ = running_ = cancelled_ = end_received_ = refused_ = head_sent_ = finished_ = reading_ =
      false;
  http_status_ = 200;
  unconsumed_ = 0;
  prefix_sent_ = 0;
  code_ = Code::kOk;
}

void Call::rest() {
  if (arena_.capacity() > kKeptBytesMax) arena_ = {};
  in_.rest(kKeptBytesMax);
  out_.rest(kKeptBytesMax);
  initial_.clear();
  trailing_.clear();
  message_.clear();
  details_.clear();
}

Call::Span Call::keep(std::string_view bytes) {
  Span span{static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(bytes.size())};
  arena_.append(bytes);
  return span;
}

void Call::add_field(std::string_view name, std::string_view value) {
  const size_t at = arena_.size();
  arena_.resize(at + name.size() + value.size());
  char* const into = arena_.data() + at;
  // Not memcpy, which may not be given the null of an empty view.
  value.copy(into + name.copy(into, name.size()), value.size());
  const Span key{static_cast<uint32_t>(at), static_cast<uint32_t>(name.size())};
  fields_.push_back({key, {key.offset + key.size, static_cast<uint32_t>(value.size())}});
}

void Call::on_header(std::string_view name, std::string_view value) {
  if (name.starts_with(':')) return on_pseudo_header(name, value);
  if (on_protocol_header(name, value)) return;
  add_field(name, value);
  if (!is_binary_key(name)) return;
  joined_bytes_ += joined_bytes(name, value);
  // As grpc-go: it is the call that fails, not the metadata that is missing.
  if (!each_binary(value, [](auto&&) {})) bad_binary_ = fields_.back().name;
}

void Call::on_pseudo_header(std::string_view name, std::string_view value) {
  if (name == ":path") {
    path_ = keep(value);
  } else if (name == ":method") {
    is_post_ = value == "POST";
    if (!is_post_) http_method_ = keep(value);
  } else if (name == ":authority") {
    add_field(name, value);
  }
}

bool Call::on_protocol_header(std::string_view name, std::string_view value) {
  if (name == "te") return true;
  if (name == "content-type") {
    add_field(name, value);
    content_type_ = fields_.back().value;
    return true;
  }
  if (!name.starts_with("grpc-")) return false;
  if (name == "grpc-timeout") {
    auto timeout = parse_timeout(value);
    if (!timeout) bad_timeout_ = keep(value.empty() ? " " : value);
    has_timeout_ = timeout.has_value();
    timeout_ = timeout.value_or(Duration());
    return true;
  }
  if (name == "grpc-encoding") {
    gzip_ = value == "gzip";
    if (value != "identity" && !gzip_) encoding_ = keep(value);
    return true;
  }
  return name == "grpc-accept-encoding" || name == "grpc-message-type" || name == "grpc-status" ||
         name == "grpc-message";
}

void Call::on_head() {
  started_ = true;
  connection_.counters().calls_started.add();
  heard_at_ = connection_.http2().read_at();
  deadline_ = Deadline::never();
  if (block_bytes() + joined_bytes_ > connection_.options().metadata_bytes_max) {
    connection_.refuse_call(CallRefusal::kMetadataTooLarge, 0);
    return refuse(Code::kResourceExhausted, fmt::format("request metadata above {} bytes",
                                                        connection_.options().metadata_bytes_max));
  }
  if (!is_post_) {
    connection_.refuse_call(CallRefusal::kNotPost, 405);
    return refuse_http(
        Code::kInternal,
        fmt::format("Received a HEADERS frame with :method \"{}\" which should be POST",
                    text(http_method_)),
        405);
  }
  std::string_view type = text(content_type_);
  constexpr std::string_view kType = "application/grpc";
  bool known =
      type.starts_with(kType) && (type.size() == kType.size() || type[kType.size()] == ';' ||
                                  type.substr(kType.size()).starts_with("+proto"));
  if (!known) {
    is_json_ = type == "application/grpc+json" || type.starts_with("application/grpc+json;");
    if (!is_json_) return refuse_content_type();
  }
  if (bad_timeout_.size) {
    connection_.refuse_call(CallRefusal::kBadTimeout, 400);
    return refuse(Code::kInternal,
                  fmt::format("malformed grpc-timeout: \"{}\"", text(bad_timeout_)), 400);
  }
  if (bad_binary_.size) {
    connection_.refuse_call(CallRefusal::kBadMetadata, 400);
    return refuse(Code::kInternal,
                  fmt::format("malformed binary metadata in header \"{}\": it is not base64",
                              text(bad_binary_)),
                  400);
  }
  method_ = connection_.find_method(text(path_));
  if (!method_) {
    connection_.refuse_call(CallRefusal::kUnknownMethod, 0);
    if (connection_.options().on_unknown_method) connection_.options().on_unknown_method();
    return refuse(Code::kUnimplemented, connection_.methods().why_unknown(text(path_)));
  }
  if (is_json_) {
    method_ = method_->json.get();
    if (!method_) return refuse_content_type();
  }
  if (encoding_.size) {
    connection_.refuse_call(CallRefusal::kUnknownEncoding, 0);
    return refuse(Code::kUnimplemented,
                  fmt::format("grpc: Decompressor is not installed for grpc-encoding \"{}\"",
                              text(encoding_)));
  }
  // Kratos gives streams no timeout of the server.
  Duration server_timeout = method_->unary ? connection_.options().timeout : Duration();
  if (server_timeout.count() > 0) deadline_ = Deadline(heard_at_ + server_timeout);
  // Far deadlines would overflow the clock.
  constexpr Duration kFar = std::chrono::hours(24 * 365 * 50);
  if (has_timeout_ && timeout_ < kFar)
    deadline_ = std::min(deadline_, Deadline(heard_at_ + timeout_));
  if (gzip_) in_.allow_gzip();
  if (method_->stream) return start_fiber();
  connection_.await_message();
}

TimePoint Call::message_due() const {
  const bool unary = method_ != nullptr && method_->unary;
  if ((!unary && !no_grpc_) || !is_open() || end_received_ || refused_) return TimePoint::max();
  const Duration patience = connection_.options().stall_timeout;
  const TimePoint silent = patience > Duration::zero() ? heard_at_ + patience : TimePoint::max();
  return std::min(deadline_.at(), silent);
}

void Call::end_overdue() {
  if (no_grpc_) return send_http_refusal();
  count_message(MessageRefusal::kOverdue);
  refuse(Code::kDeadlineExceeded, "the request's message did not come in time");
}

void Call::refuse_content_type() {
  connection_.refuse_call(CallRefusal::kContentType, 415);
  refuse_http(Code::kInvalidArgument,
              fmt::format("invalid gRPC request content-type \"{}\"", text(content_type_)), 415);
}

void Call::on_data(std::string_view bytes) {
  if (no_grpc_) {
    dropped_ += bytes.size();
    connection_.http2().consume(*this, bytes.size());
    if (dropped_ > kDroppedBytesMax) send_http_refusal();
    return;
  }
  if (refused_) return connection_.http2().consume(*this, bytes.size());
  in_.append(bytes);
  if (method_->unary) {
    heard_at_ = connection_.http2().read_at();
    connection_.http2().consume(*this, bytes.size());
    std::string_view message;
    MessageReader::State state = in_.front(connection_.options().message_bytes_max, &message);
    if (state == MessageReader::State::kMessage && in_.holds_more()) return refuse_second();
    if (state == MessageReader::State::kMessage || state == MessageReader::State::kIncomplete)
      return;
    Error error = error_of(state);
    return refuse(error.code(), error.message());
  }
  unconsumed_ += bytes.size();
  if (reading_) {
    // The waiting handler asked for these bytes: a message larger than the window needs it reopened
    // on the way.
    connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
    readers_.wake_one();
  }
}

void Call::on_end_stream() {
  end_received_ = true;
  if (no_grpc_) return send_http_refusal();
  if (refused_) return;
  if (method_->stream) return readers_.wake_all();
  std::string_view message;
  if (in_.front(connection_.options().message_bytes_max, &message) !=
      MessageReader::State::kMessage) {
    if (in_.size() > 0) return refuse(Code::kInternal, truncated().message());
    count_message(MessageRefusal::kMissing);
    return refuse(
        Code::kInternal,
        "cardinality violation: received no request message from non-client-streaming RPC");
  }
  connection_.counters().messages_received.add();
  request_ = message;
  start_fiber();
}

/// At once, and not at the end of the stream: what went on coming would be kept.
void Call::refuse_second() {
  count_message(MessageRefusal::kSecond);
  refuse(Code::kInternal,
         "cardinality violation: received multiple request messages for non-client-streaming RPC");
}

/// Once: a handler may ask for the message again.
void Call::count_message(MessageRefusal why) {
  if (std::exchange(message_refused_, true)) return;
  connection_.refuse_message(why);
}

Error Call::truncated() {
  count_message(MessageRefusal::kTruncated);
  return Error(Code::kInternal, "", "unexpected EOF");
}

void Call::start_fiber() {
  auto fiber = fiber::Scheduler::current().spawn([this] { run(); });
  if (!fiber) return refuse(Code::kResourceExhausted, fiber.error().message());
  running_ = true;
  fiber_ = std::move(*fiber);
}

/// Answers the caller of a handler that goes on after its deadline.
class Call::Timeout final : public fiber::Overrun {
 public:
  explicit Timeout(Call& call) : Overrun(call.deadline_), call_(call) {}
  ~Timeout() override = default;
  void on_overrun() noexcept override {
    call_.initial_.clear();
    call_.finish(Error(Code::kDeadlineExceeded, "", "context deadline exceeded"));
  }

 private:
  Call& call_;
};

void Call::run() noexcept {
  {
    Timeout scope(*this);
    Result<void> outcome = call_handler();
    finish(std::move(outcome));
  }
  running_ = false;
  fiber_ = {};
  connection_.release(*this);  // May delete this.
}

Result<void> Call::call_handler() {
  // Recovery is a middleware's work; this only keeps one bad handler from ending the process.
  try {
    return method_->unary ? method_->unary(*this, request_, out_.text()) : method_->stream(*this);
  } catch (const std::exception&) {
    return Error(Code::kInternal, "", "the handler threw an exception");
  } catch (...) {
    return Error(Code::kInternal, "", "the handler threw an exception");
  }
}

void Call::finish(Result<void> outcome) {
  if (finished_) return;
  finished_ = true;
  ThreadCounters& counters = connection_.counters();
  (outcome && is_open() ? counters.calls_succeeded : counters.calls_failed).add();
  if (!is_open()) return;
  if (outcome && method_->unary) counters.messages_sent.add();
  if (!outcome) {
    const Error& error = outcome.error();
    code_ = error.code();
    message_ = error.message();
    details_ = encode_status_details(error);
    if (method_->unary) out_.clear();
  }
  if (head_sent_) {
    connection_.http2().resume_body(*this);
  } else if (!outcome && initial_.empty()) {
    send_trailers_only();
  } else {
    if (gzip_ && outcome && method_->unary) pack_reply();
    send_head();
  }
}

void Call::on_closed() {
  refused_ = true;
  // What the handler has not read still counts against the connection's window.
  connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
  if (!running_) {
    if (started_ && !std::exchange(finished_, true)) connection_.counters().calls_failed.add();
    return;
  }
  if (!finished_) {
    cancelled_ = true;
    fiber_.cancel();
  }
  readers_.wake_all();
  writers_.wake_all();
}

std::string_view Call::metadata(std::string_view key) const {
  if (is_binary_key(key)) {
    for (const auto& [name, value] : all_metadata()) {
      if (name == key) return value;
    }
    return {};
  }
  for (const Field& field : fields_) {
    if (text(field.name) == key) return text(field.value);
  }
  return {};
}

const Metadata& Call::all_metadata() const {
  if (metadata_made_) return metadata_;
  metadata_made_ = true;
  for (const Field& field : fields_) {
    std::string_view name = text(field.name);
    if (!is_binary_key(name)) {
      metadata_.emplace_back(name, text(field.value));
      continue;
    }
    const bool good = each_binary(text(field.value), [&](std::string bytes) {
      metadata_.emplace_back(name, std::move(bytes));
    });
    BIA_ASSERT(good && "the head was refused for it");
  }
  return metadata_;
}

void Call::add_initial_metadata(std::string_view key, std::string_view value) {
  if (!head_sent_) add_metadata(initial_, key, value);
}

void Call::add_trailing_metadata(std::string_view key, std::string_view value) {
  if (!finished_) add_metadata(trailing_, key, value);
}

std::string Call::peer() const { return connection_.peer(); }

std::optional<net::TlsInfo> Call::tls() const { return connection_.http2().socket().tls(); }

Error Call::error_of(MessageReader::State state) {
  const bool too_large =
      state == MessageReader::State::kTooLarge || state == MessageReader::State::kUnpacksTooLarge;
  count_message(too_large ? MessageRefusal::kTooLarge : MessageRefusal::kMalformed);
  switch (state) {
    case MessageReader::State::kTooLarge:
      return Error(Code::kResourceExhausted, "",
                   fmt::format("grpc: received message larger than max ({} vs. {})", in_.claimed(),
                               connection_.options().message_bytes_max));
    case MessageReader::State::kUnpacksTooLarge:
      return Error(Code::kResourceExhausted, "",
                   fmt::format("grpc: received message after decompression larger than max {}",
                               connection_.options().message_bytes_max));
    case MessageReader::State::kBadGzip:
      return Error(Code::kInternal, "",
                   "grpc: failed to decompress the received message: it is no gzip");
    case MessageReader::State::kCompressed:
      return Error(Code::kInternal, "",
                   "grpc: compressed flag set with identity or empty encoding");
    default:
      return Error(Code::kInternal, "",
                   fmt::format("grpc: received unexpected payload format {}", in_.flag()));
  }
}

Result<bool> Call::read(std::string& message) {
  if (!method_->stream) return false;
  for (;;) {
    if (!is_open() || finished_) return closed_error();
    std::string_view front;
    MessageReader::State state = in_.front(connection_.options().message_bytes_max, &front);
    if (state == MessageReader::State::kMessage) {
      connection_.counters().messages_received.add();
      message.assign(front);
      size_t before = in_.size();
      in_.pop();
      // Bytes that were consumed while a message was incomplete are not counted a second time.
      size_t taken = std::min(unconsumed_, before - in_.size());
      unconsumed_ -= taken;
      connection_.http2().consume(*this, taken);
      return true;
    }
    if (state != MessageReader::State::kIncomplete) return error_of(state);
    if (end_received_) {
      if (in_.size() == 0) return false;
      return truncated();
    }
    connection_.http2().consume(*this, std::exchange(unconsumed_, 0));
    reading_ = true;
    Result<void> waited = readers_.wait();
    reading_ = false;
    if (!waited) return std::move(waited).error();
  }
}

Result<void> Call::write(std::string_view message) {
  if (!method_->stream)
    return Error(Code::kInternal, "NOT_A_STREAM", "a unary method answers by its reply");
  while (is_open() && out_.full()) BIA_TRY(writers_.wait());
  if (!is_open() || finished_) return closed_error();
  char prefix[kPrefixBytes];
  std::string packed;
  if (gzip_) gzip(message, packed);
  const bool smaller = gzip_ && packed.size() < message.size();
  if (smaller) message = packed;
  write_prefix(prefix, message.size());
  prefix[0] = smaller;
  connection_.counters().messages_sent.add();
  out_.append({prefix, kPrefixBytes});
  out_.append(message);
  if (!head_sent_) {
    send_head();
  } else {
    connection_.http2().resume_body(*this);
  }
  return {};
}

}  // namespace bia::grpc
