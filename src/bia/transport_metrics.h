#pragma once
#include "bia/grpc/server.h"
#include "bia/http/server.h"
#include "bia/metrics/registry.h"

namespace bia {

/// HTTP/2 connections that a limit ended, by server and reason. Either may be null.
void collect_http2_abuses(metrics::TextWriter& out, const http::Server* http,
                          const grpc::Server* grpc);
/// What channelz would tell of the gRPC server.
void collect_grpc(metrics::TextWriter& out, const grpc::Server::Counters& counters);

}  // namespace bia
