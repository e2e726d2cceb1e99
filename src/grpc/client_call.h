#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bia/fiber/sync.h"
#include "bia/grpc/client.h"
#include "grpc/wire.h"
#include "http/http2/http2_connection.h"
#include "http/http2/send_queue.h"

namespace bia::grpc {

class ClientConnection;

/// Fills Metadata over what it held before, so that a reply used again allocates nothing.
class MetadataFill {
 public:
  explicit MetadataFill(Metadata& into) : into_(into) {}
  /// False for a "-bin" field that is not base64.
  bool add(std::string_view name, std::string_view value);
  void restart() { count_ = 0; }
  /// Drops what is left from before.
  void end() { into_.resize(count_); }

 private:
  std::string& next(std::string_view name);
  Metadata& into_;
  size_t count_ = 0;
};

/// The client's side of one stream: response heads, status, and the end. What the messages are is
/// its children's.
class ClientCall : public http::Http2Stream {
 public:
  ClientCall(const ChannelOptions& options, Metadata& headers, Metadata& trailers)
      : options_(options), headers_(headers), trailers_(trailers) {}
  ClientCall(const ClientCall&) = delete;
  ClientCall& operator=(const ClientCall&) = delete;

  // For the connection.
  using Block = http::Http2Events::Block;
  void on_header(Block block, std::string_view name, std::string_view value);
  void on_headers_end(http::Http2Events::EndStream end);
  void on_data(std::string_view bytes);
  void on_end_stream();
  void on_closed(http::Http2Error error);
  /// The connection is gone.
  void on_lost(const Status& status);
  virtual http::Http2Events::BodyPart read_body(std::span<char> into) = 0;

  bool done() const { return done_; }
  /// For another attempt, on another connection.
  void restart();
  /// Where the peer ends the call at the deadline before this side does, that is why.
  void set_deadline(Deadline deadline) { deadline_ = deadline; }
  const Status& status() const { return status_; }
  Status& status() { return status_; }
  /// The peer did not process it: it may be sent once more.
  bool refused() const { return refused_; }
  /// Ends the call on this side: RST_STREAM (CANCEL), and `status`.
  void abandon(Code code, std::string message);
  uint64_t bytes_received() const { return bytes_received_; }

  std::shared_ptr<ClientConnection> connection;
  size_t live_index = 0;  ///< Where the connection lists it.

 protected:
  ~ClientCall() = default;
  bool head_ended() const { return head_ended_; }
  /// Body bytes; the callee gives them back to the windows.
  virtual void on_message_bytes(std::string_view bytes) = 0;
  /// The stream ended in order: fails the call where what was received does not fit its kind.
  virtual void check_end() = 0;
  virtual void wake() = 0;
  void fail_message(MessageReader::State state, uint32_t claimed, int flag = 0);
  /// The encoding of the peer's compressed messages; empty for none.
  const std::string& encoding() const { return encoding_; }
  /// False, and the call has ended, above the limit on messages that are sent.
  bool may_send(size_t bytes);
  bool packs() const { return options_.compression == Compression::kGzip; }

  const ChannelOptions& options_;
  Deadline deadline_ = Deadline::never();

 private:
  void settle();
  void fault(Code code, std::string_view name, std::string_view what);
  void finish();

  MetadataFill headers_;
  MetadataFill trailers_;
  Status status_;
  std::string content_type_;
  std::string encoding_;
  std::string malformed_;  // What the call fails for: a field that is none.
  Code malformed_code_ = Code::kInternal;
  size_t joined_bytes_ = 0;  // Of the "-bin" fields of a block.
  int http_status_ = 0;
  uint64_t bytes_received_ = 0;
  bool has_grpc_status_ = false;
  bool head_ended_ = false;
  bool refused_ = false;
  bool done_ = false;
};

/// Lives in the frame of `Channel::unary`.
class UnaryCall final : public ClientCall {
 public:
  UnaryCall(const ChannelOptions& options, std::string_view request, UnaryReply& reply);
  http::Http2Events::BodyPart read_body(std::span<char> into) override;
  /// False, and the call has ended, for a request above the limit.
  bool fits();
  /// Suspends until the end of the call, which a deadline or the fiber's cancellation makes as
  /// well.
  void wait(Deadline deadline);

 private:
  void on_message_bytes(std::string_view bytes) override;
  void check_end() override;
  void wake() override { parker_.unpark(); }

  std::string_view request_;
  std::string packed_;  // The request, where it is smaller so.
  bool reply_packed_ = false;
  size_t sent_ = 0;
  UnaryReply& reply_;
  char prefix_[kPrefixBytes];
  size_t prefix_have_ = 0;
  uint32_t message_bytes_ = 0;
  fiber::Parker parker_;
};

/// Behind a ClientStream.
class StreamCall final : public ClientCall {
 public:
  /// Begins the call once more. False, with its status set, where it cannot. Suspends.
  using Reopen = std::function<bool(StreamCall& call)>;

  explicit StreamCall(const ChannelOptions& options) : ClientCall(options, headers, trailers) {}
  void set_reopen(Reopen reopen) { reopen_ = std::move(reopen); }
  http::Http2Events::BodyPart read_body(std::span<char> into) override;
  Result<void> write(std::string_view message);
  void close_send();
  Result<bool> read(std::string& message);
  const Status& wait_end();

  Metadata headers, trailers;

 private:
  void on_message_bytes(std::string_view bytes) override;
  void check_end() override {}
  void wake() override;
  bool wait(fiber::WaitQueue& queue);
  /// As `done`, after what the peer did not process was sent once more. Suspends.
  bool over();
  Error ended() const;

  Reopen reopen_;           // Null once it was used.
  bool committed_ = false;  // What was sent is not all in `out_` any more.
  http::SendQueue out_;
  bool closed_ = false;
  MessageReader in_;
  size_t unconsumed_ = 0;
  bool reading_ = false;
  fiber::WaitQueue readers_, writers_;
};

}  // namespace bia::grpc
