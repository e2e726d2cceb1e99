#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/fiber/sync.h"
#include "bia/http/server.h"
#include "http/http2/http2_connection.h"
#include "http/http2/send_queue.h"

namespace bia::http {

class ServerHttp2;

/// One stream of a server's HTTP/2 connection: request, response and the fiber of its handler.
/// Pooled by the connection; in use while the stream is open or the handler runs.
class ServerStream final : public Http2Stream {
 public:
  explicit ServerStream(ServerHttp2& connection)
      : connection_(connection), request_(*this), response_(*this) {}
  ~ServerStream() = default;

  // For the connection, as frames come.
  void begin();
  void on_header(std::string_view name, std::string_view value);
  void on_trailer(std::string_view name, std::string_view value);
  void on_trailers_end();
  void send_trailers();
  /// Checks the head and starts the handler.
  void on_head();
  void on_data(std::string_view bytes);
  void on_end_stream();
  void on_closed();
  Http2Events::BodyPart read_body(std::span<char> into);
  /// What it keeps for the next request is empty, and small.
  void rest();
  bool idle() const { return !is_open() && !running_; }
  /// Above the limits: it was not kept whole.
  bool head_too_large() const;
  std::string_view content_type() const { return request_.header("content-type"); }
  /// Tells `events` of the head again, as of the stream `to`.
  void repeat_head(Http2Events& events, Http2Stream& to) const;

  size_t live_index = 0;  ///< Where the connection lists it.

 private:
  struct Span {
    uint32_t offset = 0;
    uint32_t size = 0;
  };
  struct Field {
    Span name;
    Span value;
  };

  class Request final : public ServerRequest {
   public:
    explicit Request(ServerStream& stream) : stream_(stream) {}
    Method method() const override { return method_of(method_text()); }
    std::string_view method_text() const override { return stream_.text(stream_.method_); }
    std::string_view target() const override { return stream_.text(stream_.target_); }
    std::string_view path() const override { return target().substr(0, target().find('?')); }
    std::string_view query() const override;
    std::string_view header(std::string_view name) const override;
    size_t header_count() const override { return stream_.fields_.size(); }
    std::pair<std::string_view, std::string_view> header_at(size_t index) const override;
    Result<std::string_view> body_up_to(size_t bytes_max) override {
      return stream_.read_whole_body(bytes_max);
    }
    std::string_view trailer(std::string_view name) const override;
    std::string peer() const override;
    int version() const override { return 2; }
    std::optional<net::TlsInfo> tls() const override;

   private:
    ServerStream& stream_;
  };

  class Response final : public ServerResponse {
   public:
    explicit Response(ServerStream& stream) : stream_(stream) {}
    void set_status(int status) override { stream_.status_ = status; }
    int status() const override { return stream_.status_; }
    void add_header(std::string_view name, std::string_view value) override;
    void set_header(std::string_view name, std::string_view value) override;
    std::string_view header(std::string_view name) const override;
    void add_trailer(std::string_view name, std::string_view value) override;
    void clear() override {
      if (!stream_.head_sent_) stream_.clear_answer();
    }
    bool head_sent() const override { return stream_.head_sent_; }
    std::string& body() override { return stream_.answer_; }
    Result<void> write(std::string_view chunk) override { return stream_.write(chunk); }
    /// HTTP/2 has no such thing for one answer: the connection is everyone's.
    bool answer_now(int status, std::string_view content_type, std::string_view body) override {
      return stream_.answer_now(status, content_type, body);
    }
    /// Not in HTTP/2 (RFC 9113 section 8.6).
    bool upgrade(std::string_view, Taker) override { return false; }
    void set_close() override {}

   private:
    ServerStream& stream_;
  };

  std::string_view text(Span span) const {
    return std::string_view(arena_).substr(span.offset, span.size);
  }
  Span keep(std::string_view bytes);
  void join_cookies();
  bool has_one_host();
  Result<std::string_view> read_whole_body(size_t bytes_max);
  /// Counts it, and is the error that tells of it.
  Error refuse_body(int status, std::string_view reason, std::string_view message);
  /// Until it is whole or above its limit, of which something must come every `idle_timeout`.
  Result<void> await_body();
  Result<void> write(std::string_view chunk);
  void run() noexcept;
  void call_handler();
  void send_continue();
  void drain();
  void finish();
  bool answer_now(int status, std::string_view content_type, std::string_view body);
  void refuse(int status, std::string_view reason, std::string_view message);
  void clear_answer();
  enum class Length : bool { kUnknown, kKnown };
  void send_head(Length length, Http2Events::EndStream end);
  bool bodiless() const;

  ServerHttp2& connection_;
  Request request_;
  Response response_;
  // The head.
  std::string arena_;
  std::vector<Field> fields_;
  Span method_;
  Span target_;
  size_t head_bytes_ = 0;
  uint32_t cookies_ = 0;  ///< fields of that name
  uint32_t hosts_ = 0;    ///< ":authority", which comes first, and Host
  // The request's body.
  std::string received_;
  size_t unconsumed_ = 0;
  size_t body_bytes_max_ = 0;  ///< the most that may be asked for, then what is
  bool end_received_ = false;
  TimePoint heard_at_{};  ///< the body's last bytes
  bool reading_ = false;
  bool continue_sent_ = false;
  bool dropping_ = false;  ///< what still arrives is nobody's
  fiber::WaitQueue readers_;
  // The answer. `queue_` is what `write` was given and the peer has not taken.
  int status_ = 200;
  using Trailers = std::vector<std::pair<std::string, std::string>>;
  Trailers request_trailers_;  ///< not in `arena_`, which the handler has views of
  bool trailers_cut_ = false;
  Trailers answer_trailers_;
  std::string answer_head_;
  std::vector<Field> answer_fields_;
  std::string answer_;
  SendQueue queue_;
  bool head_sent_ = false;
  bool finished_ = false;
  bool has_date_ = false;
  fiber::WaitQueue writers_;
  // The handler.
  fiber::Fiber fiber_;
  bool running_ = false;
  bool cancelled_ = false;
};

}  // namespace bia::http
