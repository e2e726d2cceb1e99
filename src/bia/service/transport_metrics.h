#pragma once
#include "bia/grpc/server.h"
#include "bia/http/server.h"
#include "bia/metrics/registry.h"

namespace bia {

/// What HTTP/2's peers did wrong, by server and reason. Either may be null.
void collect_http2(metrics::TextWriter& out, const http::Server* http, const grpc::Server* grpc);
void collect_http(metrics::TextWriter& out, const http::Server::Counters& counters);
/// What channelz would tell of the gRPC server.
void collect_grpc(metrics::TextWriter& out, const grpc::Server::Counters& counters);

}  // namespace bia
