#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/fiber/sync.h"
#include "bia/http/client.h"
#include "http/http2/http2_connection.h"

namespace bia::http {

/// A client's HTTP/2 connection: many exchanges at once, a fiber that reads. Lives as long as
/// either.
class ClientHttp2 final : private Http2Events, public std::enable_shared_from_this<ClientHttp2> {
 public:
  ClientHttp2(const net::Endpoint& remote, const ClientOptions& options)
      : remote_(remote), options_(options) {}
  /// Starts the reading fiber. Errors: kResourceExhausted.
  Result<void> start(net::Socket socket);
  /// Beginning at `timings.end`. Waits for a stream where the server allows no more now. Suspends.
  /// On an error `may_repeat` tells whether the server surely did nothing.
  Result<void> exchange(const ClientRequest& request, ClientResponse& response, Timings& timings,
                        Deadline deadline);
  bool may_repeat() const { return may_repeat_; }
  /// Takes further exchanges.
  bool usable() const { return http2_ && http2_->accepts_streams(); }
  bool idle() const { return http2_->open_streams() == 0; }
  void close() { http2_->close(); }

  TimePoint idle_since{};

 private:
  class Stream;
  Result<void> open(const ClientRequest& request, Stream& stream, Deadline deadline);
  Result<void> wait(Stream& stream, Deadline deadline);
  Result<void> append_fields(const ClientRequest& request, std::vector<Http2Field>& fields);
  Error ended_error(const Stream& stream) const;
  void forget(Stream& stream);

  void on_header(Http2Stream& stream, Block block, std::string_view name,
                 std::string_view value) noexcept override;
  void on_headers_end(Http2Stream& stream, Block block, EndStream end) noexcept override;
  void on_data(Http2Stream& stream, std::string_view bytes) noexcept override;
  void on_end_stream(Http2Stream& stream) noexcept override;
  void on_stream_closed(Http2Stream& stream, Http2Error error) noexcept override;
  void on_goaway(Http2Error error, std::string_view debug) noexcept override;
  void on_settings() noexcept override { free_.wake_all(); }
  BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept override;

  std::unique_ptr<Http2Connection> http2_;
  net::Endpoint remote_;
  ClientOptions options_;
  std::shared_ptr<const net::TlsInfo> tls_;
  uint32_t header_bytes_max_ = 0;
  std::vector<Stream*> live_;
  fiber::WaitQueue free_;  ///< for those that wait for a stream
  std::string lower_;      ///< names of the head that is being written
  Result<void> outcome_;
  Http2Error goaway_ = Http2Error::kNoError;
  bool ended_ = false;
  bool may_repeat_ = false;
  uint64_t read_before_ = 0;  ///< bytes that an exchange has counted already
  uint64_t written_before_ = 0;
};

}  // namespace bia::http
