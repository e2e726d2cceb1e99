#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/fiber/scheduler.h"
#include "bia/http/client.h"
#include "bia/net/socket.h"
#include "http/http1/head_parser.h"
#include "http/message/buffer.h"

namespace bia::http {

/// One connection of a client, and the exchange that it is in. Its one buffer holds the request's
/// head, then the response. On a kept cleartext connection a request is written at the end of the
/// loop's turn, with those of the other fibers.
class ClientConnection final : fiber::Scheduler::Deferred {
 public:
  /// `default_port` is the one that Host leaves out. `proxy`: who passes the requests on; it
  /// outlives the connection.
  ClientConnection(net::Socket socket, const net::Endpoint& remote, const ClientOptions& options,
                   uint16_t default_port, const Proxy* proxy = nullptr);

  /// Sends, beginning at `timings.end`, and receives. Suspends. On an error `nothing_received`
  /// tells whether the request may be sent again elsewhere.
  Result<void> exchange(const ClientRequest& request, ClientResponse& response, Timings& timings,
                        Deadline deadline);
  bool nothing_received() const { return nothing_received_; }
  /// Not one byte of the request has left.
  bool nothing_sent() const { return nothing_sent_; }
  /// May the next request use it?
  bool reusable() const { return reusable_; }
  /// An idle connection that the server has closed, or sent to unasked.
  bool stale();
  const net::Endpoint& remote() const { return remote_; }

  TimePoint idle_since{};

 private:
  static constexpr size_t kReadBytes = 4096;
  static constexpr size_t kReadBytesMin = 512;
  static constexpr size_t kBodyReadBytes = 64 * 1024;

  Result<void> append_head(const ClientRequest& request);
  void append_authority(const ClientRequest& request);
  Result<void> append_fields(const ClientRequest& request, bool& chunked);
  Result<void> send(const ClientRequest& request, Deadline deadline);
  /// Has `run_deferred` write what the buffer holds.
  void queue();
  void run_deferred() noexcept override;
  /// What the kernel did not take at once.
  Result<void> send_rest(Deadline deadline);
  Result<void> receive(const ClientRequest& request, ClientResponse& response, Timings& timings,
                       Deadline deadline);
  Result<void> receive_head(Timings& timings, Deadline deadline);
  Result<void> receive_body(const ClientRequest& request, ClientResponse& response,
                            Deadline deadline);
  Result<void> receive_sized(const ClientRequest& request, ClientResponse& response,
                             Deadline deadline);
  Result<void> receive_chunked(const ClientRequest& request, ClientResponse& response,
                               Deadline deadline);
  Result<void> receive_until_close(const ClientRequest& request, ClientResponse& response,
                                   Deadline deadline);
  /// Bytes read into the buffer; 0 at the end.
  Result<size_t> fill(size_t bytes, Deadline deadline, bool cut_is_end = true);
  Result<void> keep(const ClientRequest& request, ClientResponse& response, std::string_view bytes);
  void copy_head(ClientResponse& response) const;

  net::Socket socket_;
  net::Endpoint remote_;
  std::shared_ptr<const net::TlsInfo> tls_;
  uint16_t default_port_;
  const Proxy* proxy_;
  ResponseParser parser_;
  std::string host_;  ///< `ClientOptions::authority`
  Buffer buffer_;
  size_t read_bytes_ = 2 * kReadBytesMin;  ///< what is reserved before a read of a head
  size_t queued_ = 0;                      ///< bytes of the request in front of what is received
  size_t unsent_ = 0;                      ///< the last of them, which the kernel has not taken
  Result<void> sent_;
  TimePoint send_began_{};
  TimePoint send_ended_{};
  TimePoint first_readable_{};
  net::Socket::ReadTimes read_times_{};
  uint64_t body_bytes_ = 0;
  bool is_last_;  ///< each request is its connection's only one
  size_t header_bytes_max_;
  size_t body_bytes_max_;
  Duration head_timeout_;
  bool request_chunked_ = false;
  bool request_closes_ = false;
  bool nothing_received_ = true;
  bool nothing_sent_ = true;
  bool reusable_ = false;
};

}  // namespace bia::http
