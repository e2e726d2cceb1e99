#include "bia/transport_metrics.h"

#include <string>

namespace bia {

void collect_http2_abuses(metrics::TextWriter& out, const http::Server* http,
                          const grpc::Server* grpc) {
  constexpr std::string_view kName = "http2_server_connections_ended_total";
  out.family(kName, "Connections ended because the peer exceeded a limit of HTTP/2.", "counter");
  const auto sample = [&](const char* server, const auto& counters) {
    for (const auto& [reason, count] : counters.http2_abuses)
      out.sample(kName, {{"server", server}, {"reason", std::string(reason)}}, double(count));
  };
  if (http) sample("http", http->counters());
  if (grpc) sample("grpc", grpc->counters());
}

void collect_grpc(metrics::TextWriter& out, const grpc::Server::Counters& counters) {
  const auto one = [&](std::string_view name, std::string_view help, std::string_view type,
                       uint64_t value) {
    out.family(name, help, type);
    out.sample(name, {}, double(value));
  };
  one("grpc_server_connections_total", "Connections accepted.", "counter",
      counters.connections_accepted);
  one("grpc_server_connections", "Connections open now.", "gauge", counters.connections_open);
  one("grpc_server_calls_started_total", "Calls begun.", "counter", counters.calls_started);
  one("grpc_server_calls_succeeded_total", "Calls that ended with OK.", "counter",
      counters.calls_succeeded);
  one("grpc_server_calls_failed_total", "Calls that ended otherwise, or whose caller left.",
      "counter", counters.calls_failed);
  one("grpc_server_messages_received_total", "Messages read by handlers.", "counter",
      counters.messages_received);
  one("grpc_server_messages_sent_total", "Messages sent.", "counter", counters.messages_sent);
}

}  // namespace bia
