#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "bia/grpc/client.h"
#include "grpc/client_connection.h"

namespace bia::grpc {

/// Where a channel's connections go ("host:port" or a Unix socket), and how they are made: looked
/// up, through a proxy, over TLS. The errors are in grpc-go's words. One dial at a time.
class Target {
 public:
  /// Fills in what `options` leaves to the target, its authority and server name; they outlive it.
  Target(std::string text, ChannelOptions& options);
  /// Suspends, to the connect timeout. Errors: kUnavailable (HANDSHAKE where TLS failed, those of
  /// `ClientConnection::start`, else of the connection), kInvalidArgument for a target that is
  /// none, kCancelled, kResourceExhausted.
  Result<std::shared_ptr<ClientConnection>> dial();
  /// Of the last handshake; null where there was none.
  const std::shared_ptr<const net::TlsInfo>& tls() const { return tls_; }

 private:
  Result<std::shared_ptr<ClientConnection>> dial_unix(Deadline limit);
  Result<std::shared_ptr<ClientConnection>> establish(net::Socket socket, std::string_view early,
                                                      Deadline limit);

  const ChannelOptions& options_;
  std::string text_;
  std::string unix_path_;  ///< empty: the target is a host with its port
  net::TlsSession session_;
  std::shared_ptr<const net::TlsInfo> tls_;
};

}  // namespace bia::grpc
