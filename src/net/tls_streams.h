#pragma once
#include <memory>
#include <string_view>

#include "net/tls_stream.h"

namespace bia::net {

/// Before its handshake, with what `server` has loaded last.
std::unique_ptr<TlsStream> new_server_stream(const TlsServer& server, int fd);
/// `carrier`: what the socket speaks already, or null. Errors: TLS_HOST_MISMATCH, where no
/// certificate can be for `server_name` and they are verified.
Result<std::unique_ptr<TlsStream>> new_client_stream(const TlsClient& client, int fd,
                                                     std::string_view server_name,
                                                     const TlsSession* session,
                                                     std::unique_ptr<TlsStream> carrier);

}  // namespace bia::net
