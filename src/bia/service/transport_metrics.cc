#include "bia/service/transport_metrics.h"

#include <string>
#include <utility>
#include <vector>

namespace bia {

namespace {

using Counts = std::vector<std::pair<std::string_view, uint64_t>>;

void one(metrics::TextWriter& out, std::string_view name, std::string_view help,
         std::string_view type, uint64_t value) {
  out.family(name, help, type);
  out.sample(name, {}, double(value));
}

void by_reason(metrics::TextWriter& out, std::string_view name, std::string_view help,
               const Counts& counts) {
  out.family(name, help, "counter");
  for (const auto& [reason, count] : counts)
    out.sample(name, {{"reason", std::string(reason)}}, double(count));
}

}  // namespace

void collect_http2(metrics::TextWriter& out, const http::Server* http, const grpc::Server* grpc) {
  const auto all = [&](std::string_view name, std::string_view help, const Counts& of_http,
                       const Counts& of_grpc) {
    out.family(name, help, "counter");
    for (const auto& [reason, count] : of_http)
      out.sample(name, {{"server", "http"}, {"reason", std::string(reason)}}, double(count));
    for (const auto& [reason, count] : of_grpc)
      out.sample(name, {{"server", "grpc"}, {"reason", std::string(reason)}}, double(count));
  };
  const auto of_http = http ? http->counters() : http::Server::Counters();
  const auto of_grpc = grpc ? grpc->counters() : grpc::Server::Counters();
  all("http2_server_connections_ended_total",
      "Connections ended for what the peer did: a limit exceeded, or an error of RFC 9113.",
      of_http.http2_abuses, of_grpc.http2_abuses);
  all("http2_server_streams_refused_total",
      "Requests reset: malformed, above the streams that a peer may have at once, or with an "
      "answer "
      "whose window stays shut (zero_window).",
      of_http.http2_streams_refused, of_grpc.http2_streams_refused);
}

void collect_http(metrics::TextWriter& out, const http::Server::Counters& counters) {
  one(out, "http_server_connections_total", "Connections accepted.", "counter",
      counters.connections_accepted);
  one(out, "http_server_connections_open", "Connections open now.", "gauge",
      counters.connections_open);
  by_reason(out, "http_server_connections_refused_total",
            "Connections refused, by reason: full is above server.http.connections_max, "
            "no_descriptor above the process's open files (ulimit -n), tls a handshake that "
            "failed, stopping one that the stop cut.",
            {{"full", counters.connections_refused},
             {"no_descriptor", counters.connections_without_descriptor},
             {"tls", counters.tls_failed},
             {"stopping", counters.connections_stopped}});
  one(out, "http_server_requests_total", "Requests read, with those that no route or decoder took.",
      "counter", counters.requests);
  one(out, "http_server_requests_cancelled_total",
      "Requests whose callers went away before their handlers had returned.", "counter",
      counters.requests_cancelled);
  by_reason(out, "http_server_bad_requests_total",
            "Requests that the server refused before or beside their handlers, by the reason that "
            "the caller was told.",
            counters.bad_requests_by_reason);
}

void collect_grpc(metrics::TextWriter& out, const grpc::Server::Counters& counters) {
  one(out, "grpc_server_connections_total", "Connections accepted.", "counter",
      counters.connections_accepted);
  one(out, "grpc_server_connections_open", "Connections open now.", "gauge",
      counters.connections_open);
  by_reason(out, "grpc_server_connections_refused_total",
            "Connections refused, by reason: full is above server.grpc.connections_max, "
            "no_descriptor above the process's open files (ulimit -n), tls a handshake that "
            "failed, no_h2 one that did not agree on HTTP/2, stopping one that the stop cut.",
            {{"full", counters.connections_full},
             {"no_descriptor", counters.connections_without_descriptor},
             {"tls", counters.tls_failed},
             {"no_h2", counters.tls_without_h2},
             {"stopping", counters.connections_stopped}});
  by_reason(out, "grpc_server_calls_refused_total",
            "Calls refused before their handlers, by reason: metadata_too_large is above "
            "server.grpc.metadata_bytes_max.",
            counters.calls_refused);
  by_reason(out, "grpc_server_connections_ended_total",
            "Connections ended by server.grpc.keepalive, by reason: silent did not answer a PING, "
            "idle had no call, aged was open for too long.",
            {{"silent", counters.keepalive_silent},
             {"idle", counters.keepalive_idle},
             {"aged", counters.keepalive_aged}});
  by_reason(out, "grpc_server_messages_refused_total",
            "Messages refused, by reason: too_large is above server.grpc.message_bytes_max, "
            "overdue one that did not come in time, missing a unary call's that never came, second "
            "one more of it, truncated one that the stream's end cut.",
            counters.messages_refused);
  one(out, "grpc_server_calls_started_total", "Calls begun.", "counter", counters.calls_started);
  one(out, "grpc_server_calls_succeeded_total", "Calls that ended with OK.", "counter",
      counters.calls_succeeded);
  one(out, "grpc_server_calls_failed_total", "Calls that ended otherwise, or whose caller left.",
      "counter", counters.calls_failed);
  one(out, "grpc_server_messages_received_total", "Messages read by handlers.", "counter",
      counters.messages_received);
  one(out, "grpc_server_messages_sent_total", "Messages sent.", "counter", counters.messages_sent);
}

}  // namespace bia
