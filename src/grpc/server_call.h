#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/grpc/server.h"
#include "grpc/wire.h"
#include "http/http2/http2_connection.h"
#include "http/http2/send_queue.h"

namespace bia::grpc {

class ServerConnection;
enum class MessageRefusal : uint8_t;

/// One stream of a server's connection, pooled by it. In use while the HTTP/2 stream is open or the
/// handler's fiber runs.
class Call final : public ServerCall, public http::Http2Stream {
 public:
  explicit Call(ServerConnection& connection) : connection_(connection) {}
  ~Call() = default;

  // ServerCall, for the handler's fiber.
  std::string_view path() const override { return text(path_); }
  std::string_view metadata(std::string_view key) const override;
  const Metadata& all_metadata() const override;
  void add_initial_metadata(std::string_view key, std::string_view value) override;
  void add_trailing_metadata(std::string_view key, std::string_view value) override;
  Deadline deadline() const override { return deadline_; }
  std::string peer() const override;
  bool cancelled() const override { return cancelled_; }
  std::optional<net::TlsInfo> tls() const override;
  Result<bool> read(std::string& message) override;
  Result<void> write(std::string_view message) override;

  // For the connection, as frames come.
  void begin();
  void on_header(std::string_view name, std::string_view value);
  /// Checks the head and starts a streaming handler.
  void on_head();
  void on_data(std::string_view bytes);
  void on_end_stream();
  void on_closed();
  http::Http2Events::BodyPart read_body(std::span<char> into);
  void send_trailers();
  /// What it keeps for the next call is empty, and small.
  void rest();
  bool idle() const { return !is_open() && !running_; }
  /// When a unary call's message must be there; TimePoint::max() where none is awaited.
  TimePoint message_due() const;
  /// The message has not come in time.
  void end_overdue();

  size_t live_index = 0;  ///< Where the connection lists it.

 private:
  struct Span {
    uint32_t offset = 0, size = 0;
  };
  struct Field {
    Span name, value;
  };
  std::string_view text(Span span) const { return {arena_.data() + span.offset, span.size}; }
  Span keep(std::string_view bytes);
  void add_field(std::string_view name, std::string_view value);
  void on_pseudo_header(std::string_view name, std::string_view value);
  /// True where the header is of the protocol and not metadata.
  bool on_protocol_header(std::string_view name, std::string_view value);
  void on_message_bytes();
  void start_unary(std::string_view message);
  void start_fiber();
  void run() noexcept;
  class Timeout;
  Result<void> call_handler();
  void finish(Result<void> outcome);
  /// Ends the call before or without its handler.
  void refuse(Code code, std::string message, int http_status = 200);
  /// Answers what is no gRPC with an HTTP status and a text, once the request is whole: most HTTP
  /// clients take an answer before that for a failure.
  void refuse_http(Code code, std::string message, int http_status);
  void send_http_refusal();
  void refuse_content_type();
  void send_head();
  void pack_reply();
  void send_trailers_only();
  void fit_status();
  /// These count, and tell of, what they refuse.
  void refuse_second();
  Error truncated();
  Error error_of(MessageReader::State state);
  void count_message(MessageRefusal why);

  ServerConnection& connection_;
  const MethodHandler* method_ = nullptr;
  // The head.
  http::ByteBuffer arena_;
  std::vector<Field> fields_;
  Span path_, http_method_, content_type_, encoding_, bad_timeout_, bad_binary_;
  size_t joined_bytes_ = 0;  // Of its "-bin" fields.
  Duration timeout_{};
  bool is_post_ = false;  // Or else `http_method_` says what it is.
  bool has_timeout_ = false;
  bool gzip_ = false;          // The caller's messages are, and so are the answers.
  bool reply_packed_ = false;  // `out_` of a unary call.
  bool is_json_ = false;       // The messages are.
  mutable Metadata metadata_;
  mutable bool metadata_made_ = false;
  // The stream.
  bool started_ = false;  // And counted.
  bool running_ = false;
  bool cancelled_ = false;
  bool end_received_ = false;
  bool ends_as_http_ = false;  // Without trailers.
  size_t dropped_ = 0;
  bool no_grpc_ = false;          // `refuse_http` waits for the request's end.
  bool message_refused_ = false;  // And counted.
  bool refused_ = false;          // What still arrives is dropped.
  bool head_sent_ = false;
  bool finished_ = false;  // The status is set.
  bool reading_ = false;   // The handler waits for the message at the front.
  int http_status_ = 200;
  Deadline deadline_;
  TimePoint heard_at_{};  // The last bytes of a unary call.
  fiber::Fiber fiber_;
  MessageReader in_;
  std::string_view request_;
  size_t unconsumed_ = 0;
  // Unary: the reply without its prefix. Streaming: prefixed messages.
  http::SendQueue out_;
  size_t prefix_sent_ = 0;  // Of a unary reply.
  fiber::WaitQueue readers_, writers_;
  Metadata initial_, trailing_;
  Code code_ = Code::kOk;
  std::string message_, details_;
};

}  // namespace bia::grpc
