#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "bia/http/server.h"
#include "bia/net/socket.h"
#include "http/http1/chunked.h"
#include "http/http1/head_parser.h"
#include "http/message/buffer.h"
#include "http/server/server_thread.h"

namespace bia::http {

class ServerConnection;
class ServerHttp2;

/// The request that a connection is serving: views into its input buffer.
class Http1Request final : public ServerRequest {
 public:
  explicit Http1Request(ServerConnection& connection) : connection_(connection) {}
  Method method() const override;
  std::string_view method_text() const override;
  std::string_view target() const override;
  std::string_view path() const override;
  std::string_view query() const override;
  std::string_view header(std::string_view name) const override;
  size_t header_count() const override;
  std::pair<std::string_view, std::string_view> header_at(size_t index) const override;
  Result<std::string_view> body_up_to(size_t bytes_max) override;
  std::string_view trailer(std::string_view name) const override;
  std::string peer() const override;
  int version() const override { return 1; }
  std::optional<net::TlsInfo> tls() const override;

  /// Before the next request.
  void reset();
  /// Reads or skips a body that the handler left alone. False where the connection cannot go on
  /// after it.
  bool finish();
  /// Bytes of the input buffer that the request took.
  size_t consumed() const { return consumed_; }
  bool has_body() const;
  /// Nothing of it is still to be read, or can be.
  bool done() const { return state_ != State::kUnread || !has_body(); }
  /// What a chunked body's last read brought of the next request.
  std::string_view leftover() const { return leftover_; }
  void begin();
  /// Gives the body's buffer back.
  void shrink(size_t bytes_max);

 private:
  enum class State : uint8_t { kUnread, kRead, kFailed };
  Result<std::string_view> read_sized(uint64_t bytes_max);
  Result<std::string_view> read_chunked(uint64_t bytes_max);
  Result<std::string_view> read_more_chunks(ChunkedDecoder& decoder);
  Result<size_t> read_into(size_t bytes);
  Result<void> send_continue();
  Error fail(Error error);

  ServerConnection& connection_;
  State state_ = State::kUnread;
  bool continue_sent_ = false;
  uint64_t body_bytes_max_ = UINT64_MAX;  ///< besides the reader's limit
  size_t consumed_ = 0;
  std::string_view view_;
  Buffer body_;  ///< only of bodies that did not come together with their head
  std::string leftover_;
  std::string trailers_;  ///< lines "name: value\n"
};

class Http1Response final : public ServerResponse {
 public:
  explicit Http1Response(ServerConnection& connection) : connection_(connection) {}
  void set_status(int status) override { status_ = status; }
  int status() const override { return status_; }
  void add_header(std::string_view name, std::string_view value) override;
  void set_header(std::string_view name, std::string_view value) override;
  std::string_view header(std::string_view name) const override;
  void add_trailer(std::string_view name, std::string_view value) override;
  std::string& body() override { return body_; }
  Result<void> write(std::string_view chunk) override;
  bool answer_now(int status, std::string_view content_type, std::string_view body) override;
  bool upgrade(std::string_view protocol, Taker taker) override;
  void set_close() override { close_ = true; }
  void clear() override {
    if (!head_sent_ && !answered_) reset();
  }

  void reset();
  bool close() const { return close_; }
  /// By `answer_now`: the handler goes on for itself.
  bool answered() const { return answered_; }
  /// Who takes the connection over after this answer; null: nobody, also where another answer was
  /// given since it asked.
  std::unique_ptr<Taker> taker() {
    return status_ == 101 ? std::move(taker_) : std::unique_ptr<Taker>();
  }
  bool head_sent() const override { return head_sent_; }
  /// Puts what is left of the answer into the output buffer. Suspends only for a large body.
  Result<void> finish();
  void shrink(size_t bytes_max);

 private:
  enum class Framing : uint8_t { kLength, kChunked, kUntilClose };
  void append_head(Framing framing, size_t body_bytes);
  /// RFC 9110 section 6.4.1: answers that have no body, whatever the handler wrote.
  bool bodiless() const;
  Result<void> write_chunk(std::string_view chunk);

  ServerConnection& connection_;
  int status_ = 200;
  bool close_ = false;
  bool head_sent_ = false;
  bool has_date_ = false;
  bool answered_ = false;  ///< by `answer_now`
  Framing framing_ = Framing::kLength;
  std::string headers_;   ///< complete lines
  std::string trailers_;  ///< likewise
  std::unique_ptr<Taker> taker_;
  std::string body_;
};

/// One HTTP/1.1 connection, served by one fiber: read, parse, handle, and one write for all that
/// was read at once.
class ServerConnection final : private fiber::Scheduler::Deferred,
                               private fiber::FdWatch::Observer {
 public:
  /// What is waited for, and what becomes of a connection that stays too long in one:
  ///   kHandshake  header_timeout, a deadline of its own: closed, counted
  ///   kIdle       idle_timeout: closed
  ///   kHead       header_timeout from its first byte, under TLS from its record's: 408
  ///   kBody       idle_timeout without a byte: 408, BODY_TIMEOUT
  ///   kHandling   its operation's deadline, which is no affair of the connection's
  ///   kWrite      idle_timeout in which the peer takes nothing: cut off, WRITE_TIMEOUT
  /// All but the first are the sweeper's, which ends the reading side: an answer can be sent still.
  enum class Phase : uint8_t { kHandshake, kIdle, kHead, kBody, kHandling, kWrite };

  /// `fiber` is the one that runs it.
  ServerConnection(ServerThread& thread, net::Socket socket, fiber::Fiber& fiber);
  ~ServerConnection() override;
  void run();

  /// The sweeper's part: closes what is overdue, takes memory from what is idle.
  void sweep();
  /// Ends with its next answer.
  void drain();
  /// Wakes a connection that waits for a request: it ends. One in its handshake goes on, to be
  /// answered once.
  void end_if_idle();
  /// The end of that grace: cuts a handshake, and the wait for the request behind one.
  void end_handshake();
  void abort();
  /// Ends it now: a handler's waits fail, and so do the writes after it.
  void cancel();
  ServerConnection* next() const { return next_; }

 private:
  friend class Http1Request;
  friend class Http1Response;

  static constexpr size_t kReadBytes = 4096;
  static constexpr size_t kKeptBytesMax = 16 * 1024;
  static constexpr size_t kGatheredBytesMax = 64 * 1024;

  void enter(Phase phase) {
    phase_ = phase;
    since_ = thread_.tick;
  }
  bool is_idle() const { return phase_ == Phase::kIdle && !socket_.record_begun(); }
  enum class Next : uint8_t { kGoOn, kEnd, kEndUnread };
  bool handshake();
  Next turn();
  Next handle();
  Next refuse(const Problem& problem);
  Next hand_over(ServerResponse::Taker& taker);
  bool fill();
  bool fill_first();
  Result<void> flush();
  /// Suspends while the peer does not read, also where its handler is cancelled.
  Result<void> write_all(std::span<const iovec> parts);
  /// The handler goes on after a wait of ours, or begins: its waits are cancelled if its peer has
  /// gone.
  void resume_handler() {
    phase_ = Phase::kHandling;
    if (socket_.readable() || socket_.is_tls()) look_for_peer();
  }
  void look_for_peer() noexcept;
  void on_input() noexcept override;
  void uncancel() {
    if (gone_ && !ended_) fiber_.uncancel();
  }
  void shut_reading();
  void call_handler();
  void linger();
  void serve_http2();
  void run_deferred() noexcept override;
  bool keeps_alive() const;
  void sweep_write();

  ServerThread& thread_;
  net::Socket socket_;
  fiber::Fiber& fiber_;
  RequestParser parser_;
  Http1Request request_;
  Http1Response response_;
  Buffer in_;
  Buffer out_;
  uint32_t since_ = 0;
  uint64_t delivered_ = 0;  ///< the socket's mark when the sweeper last saw it move
  uint32_t gathered_ = 0;
  Phase phase_ = Phase::kIdle;
  bool flushing_ = false;
  bool expired_ = false;
  bool handling_ = false;         ///< the handler has not returned
  bool gone_ = false;             ///< the peer, while its request was handled
  bool ended_ = false;            ///< by `cancel`
  bool aborted_ = false;          ///< nothing more can be written
  bool reading_shut_ = false;     ///< an end to read is ours, then, and not the peer's
  bool owed_ = false;             ///< an answer, though the server stops: it was in its handshake
  bool cut_ = false;              ///< in its handshake, by the stop
  ServerHttp2* http2_ = nullptr;  ///< serves instead, since the peer's first line asked for it
  ServerConnection* next_ = nullptr;
  ServerConnection** previous_next_ = nullptr;
};

}  // namespace bia::http
