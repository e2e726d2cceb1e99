#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "bia/fiber/sync.h"
#include "bia/grpc/client.h"
#include "grpc/wire.h"
#include "http/http2/http2_connection.h"

namespace bia::grpc {

class ClientConnection;

/// Fills Metadata over what it held before, so that a reply used again allocates nothing.
class MetadataFill {
 public:
  explicit MetadataFill(Metadata& into) : into_(into) {}
  void add(std::string_view name, std::string_view value);
  void restart() { count_ = 0; }
  /// Drops what is left from before.
  void end() { into_.resize(count_); }

 private:
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
  /// Body bytes; the callee gives them back to the windows.
  virtual void on_message_bytes(std::string_view bytes) = 0;
  /// The stream ended in order: fails the call where what was received does not fit its kind.
  virtual void check_end() = 0;
  virtual void wake() = 0;
  void fail_message(MessageReader::State state, uint32_t claimed);
  /// The encoding of the peer's compressed messages; empty for none.
  const std::string& encoding() const { return encoding_; }
  bool packs() const { return options_.compression == Compression::kGzip; }

  const ChannelOptions& options_;

 private:
  void settle();
  void finish();

  MetadataFill headers_;
  MetadataFill trailers_;
  Status status_;
  std::string content_type_;
  std::string encoding_;
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
  StreamCall(const ChannelOptions& options, Deadline deadline)
      : ClientCall(options, headers, trailers), deadline_(deadline) {}
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

  Deadline deadline_;
  std::string out_;
  size_t out_sent_ = 0;
  bool closed_ = false;
  MessageReader in_;
  size_t unconsumed_ = 0;
  bool reading_ = false;
  fiber::WaitQueue readers_, writers_;
};

}  // namespace bia::grpc
