#include "bia/app/server_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Result<ServerConfig> read(const std::string& yaml) {
  return ServerConfig::read(*Config::parse(yaml));
}
std::string error_of(const std::string& yaml) { return read(yaml).error().message(); }
std::string http_error(const std::string& line) {
  return error_of("server:\n  http:\n    addr: :1\n    " + line + "\n");
}

TEST(ServerConfig, ReadsKratosKeys) {
  const ServerConfig config = *read(
      "server:\n  http:\n    network: tcp\n    addr: 0.0.0.0:8080\n    timeout: 1.5s\n  grpc:\n    "
      "addr: :8282\n    timeout: 200ms\n");
  EXPECT_EQ(config.http->options.address, "0.0.0.0:8080");
  EXPECT_EQ(config.http->timeout, 1500ms);
  EXPECT_EQ(config.http->where, "config.yaml:4");
  EXPECT_THAT(config.grpc->options.address,
              testing::AnyOf("[::]:8282", ":8282"));  // without IPv6, the latter
  EXPECT_EQ(config.grpc->options.timeout, 200ms);
}

TEST(ServerConfig, ReadsTls) {
  const ServerConfig config = *read(
      "server:\n  http:\n    addr: :1\n    tls:\n      cert: a.pem\n      key: a.key\n"
      "      certificates:\n        other.example: {cert: b.pem}\n      client_ca: ca.pem\n"
      "      client_auth: optional\n      min_version: \"1.3\"\n      session_tickets: false\n");
  const net::TlsServerOptions& tls = *config.http->tls;
  ASSERT_EQ(tls.certificates.size(), 2u);
  EXPECT_EQ(tls.certificates[0].certificate_file, "a.pem");
  EXPECT_EQ(tls.certificates[0].key_file, "a.key");
  EXPECT_EQ(tls.certificates[1].certificate_file, "b.pem");
  EXPECT_EQ(tls.client_ca_file, "ca.pem");
  EXPECT_EQ(tls.client_certificate, net::TlsServerOptions::ClientCertificate::kVerifyIfGiven);
  EXPECT_EQ(tls.limits.min, net::TlsVersion::k13);
  EXPECT_EQ(tls.tickets, net::TlsServerOptions::Tickets::kOff);
  EXPECT_THAT(tls.alpn, testing::ElementsAre("h2", "http/1.1"));
  EXPECT_FALSE(read("server: {http: {addr: \":1\"}}")->http->tls.has_value());
}

TEST(ServerConfig, NamesWhatIsWrongWithTls) {
  EXPECT_EQ(http_error("tls: {key: a.key}"),
            "config.yaml:4: server.http.tls.cert is missing; write \"cert: server.pem\" below "
            "server.http.tls");
  EXPECT_THAT(http_error("tls: {cert: a, min_version: \"1.4\"}"),
              HasSubstr("\"1.4\" is none of 1.0, 1.1, 1.2, 1.3"));
  EXPECT_THAT(http_error("tls: {cert: a, client_auth: require}"), HasSubstr("client_ca"));
  EXPECT_THAT(http_error("tls: {cert: a, client_auth: always}"),
              HasSubstr("none, optional, require"));
  EXPECT_THAT(http_error("tls: {cert: a, certs: b}"), HasSubstr("certs"));
}

TEST(ServerConfig, TakesAUnixSocket) {
  EXPECT_EQ(read("server: {http: {addr: \"unix:/run/a.sock\"}}")->http->options.address,
            "unix:/run/a.sock");
  EXPECT_EQ(read("server: {grpc: {network: unix, addr: /run/b.sock}}")->grpc->options.address,
            "unix:/run/b.sock");
  EXPECT_THAT(error_of("server: {http: {addr: \"unix:\"}}"), HasSubstr("has no path"));
}

TEST(ServerConfig, HasKratosDefaults) {
  const ServerConfig config = *read("server:\n  http:\n    addr: :0\n");
  EXPECT_EQ(config.http->timeout, 1s);
  EXPECT_EQ(config.stop_timeout, 10s);
  EXPECT_EQ(config.threads, 0u);
  EXPECT_FALSE(config.grpc.has_value());
  EXPECT_EQ(config.metrics_path, "/metrics");
}

TEST(ServerConfig, ReadsLimitsAndTheRest) {
  const ServerConfig config = *read(
      "server: {http: {addr: 'localhost:80', body_bytes_max: 10, connections_max: 5, idle_timeout: "
      "0s}, grpc: {addr: '[::1]:1', streams_max: 7}}\n"
      "runtime: {threads: 2, stop_timeout: 3s}\nlog: {level: WARN}\nmetrics: {enabled: false, "
      "path: /m}\n");
  EXPECT_EQ(config.http->options.address, "127.0.0.1:80");
  EXPECT_EQ(config.http->options.limits.body_bytes_max, 10u);
  EXPECT_EQ(config.http->options.connections_max, 5u);
  EXPECT_EQ(config.http->options.idle_timeout, 0s);
  EXPECT_EQ(config.grpc->options.streams_max, 7u);
  EXPECT_EQ(config.threads, 2u);
  EXPECT_EQ(config.stop_timeout, 3s);
  EXPECT_EQ(config.log_level, "WARN");
  EXPECT_FALSE(config.metrics_enabled);
}

TEST(ServerConfig, ReadsTheLimitsOfHttp2) {
  const ServerConfig plain = *read("server: {http: {addr: ':80'}, grpc: {addr: ':1'}}");
  const http::Http2Limits defaults;
  for (const http::Http2Limits* one : {&plain.http->options.http2, &plain.grpc->options.http2}) {
    EXPECT_EQ(one->resets.burst, defaults.resets.burst);
    EXPECT_EQ(one->queued_bytes, defaults.queued_bytes);
  }
  EXPECT_EQ(plain.http->options.streams_max, 250u);
  EXPECT_EQ(plain.http->options.http2.stall, 120s);
  const std::string limits =
      "{resets: 1, resets_per_second: 2, settings: 3, settings_per_second: 4, pings: 5, "
      "pings_per_second: 6, empty_data: 7, empty_data_per_second: 0, continuations: 0, "
      "queued_bytes: 1024}";
  const ServerConfig config =
      *read("server: {http: {addr: ':80', streams_max: 9, stall_timeout: 3s, http2: " + limits +
            "}, grpc: {addr: ':1', http2: " + limits + "}}");
  EXPECT_EQ(config.http->options.streams_max, 9u);
  EXPECT_EQ(config.http->options.http2.stall, 3s);
  for (const http::Http2Limits* one : {&config.http->options.http2, &config.grpc->options.http2}) {
    EXPECT_EQ(one->resets.burst, 1u);
    EXPECT_EQ(one->resets.per_second, 2u);
    EXPECT_EQ(one->settings.burst, 3u);
    EXPECT_EQ(one->settings.per_second, 4u);
    EXPECT_EQ(one->pings.burst, 5u);
    EXPECT_EQ(one->pings.per_second, 6u);
    EXPECT_EQ(one->empty_data.burst, 7u);
    EXPECT_EQ(one->empty_data.per_second, 0u);
    EXPECT_EQ(one->continuations, 0u);
    EXPECT_EQ(one->queued_bytes, 1024u);
  }
  for (const std::string server : {"http", "grpc"}) {
    const std::string key = "server." + server + ".http2";
    const auto error_with = [&](const std::string& line) {
      return error_of("server:\n  " + server + ":\n    addr: :1\n    http2:\n      " + line + "\n");
    };
    EXPECT_EQ(error_with("resets: 0"),
              "config.yaml:5: " + key + ".resets is 0; it must be 1 to 1000000");
    EXPECT_EQ(error_with("pings: -1"),
              "config.yaml:5: " + key + ".pings is -1; it must be 1 to 1000000");
    EXPECT_EQ(error_with("settings_per_second: 1000001"),
              "config.yaml:5: " + key + ".settings_per_second is 1000001; it must be 0 to 1000000");
    EXPECT_EQ(error_with("queued_bytes: 1023"),
              "config.yaml:5: " + key + ".queued_bytes is 1023; it must be 1024 to 2147483648");
    EXPECT_THAT(error_with("empty_data: many"), HasSubstr("config.yaml:5: " + key + ".empty_data"));
    EXPECT_THAT(error_with("ping: 1"),
                HasSubstr("config.yaml:5: unknown key " + key + ".ping; did you mean pings?"));
  }
  EXPECT_EQ(error_of("server:\n  http:\n    addr: :1\n    streams_max: 0\n"),
            "config.yaml:4: server.http.streams_max is 0; it must be 1 to 1000000");
  EXPECT_EQ(error_of("server:\n  http:\n    addr: :1\n    stall_timeout: -1s\n"),
            "config.yaml:4: server.http.stall_timeout is negative");
  EXPECT_THAT(error_of("server:\n  http: {addr: ':1', grpc: true}\n  grpc:\n    http2: {}\n"),
              HasSubstr("config.yaml:4: server.grpc.http2 without server.grpc.addr"));
}

TEST(ServerConfig, ReadsWhatGrpcSharesWithHttp) {
  const ServerConfig shared = *read("server: {http: {addr: ':80', grpc: true}}");
  EXPECT_TRUE(shared.http->grpc);
  EXPECT_EQ(shared.grpc->options.address, "");
  const ServerConfig both =
      *read("server: {http: {addr: ':80', grpc: true}, grpc: {addr: ':1', timeout: 7s}}");
  EXPECT_FALSE(both.grpc->options.address.empty());
  const ServerConfig limits =
      *read("server: {http: {addr: ':80', grpc: true}, grpc: {timeout: 7s, connections_max: 3}}");
  EXPECT_EQ(limits.grpc->options.timeout, 7s);
  EXPECT_EQ(limits.grpc->options.connections_max, 3u);
  EXPECT_THAT(error_of("server: {grpc: {timeout: 7s}}"), HasSubstr("server.grpc.addr is missing"));
  const ServerConfig secure = *read("server: {grpc: {addr: ':1', tls: {cert: a.pem}}}");
  EXPECT_EQ(secure.grpc->tls->alpn, std::vector<std::string>{"h2"});
  EXPECT_EQ(secure.grpc->tls->certificates[0].certificate_file, "a.pem");
}

TEST(ServerConfig, ReadsCompression) {
  EXPECT_FALSE(read("server: {http: {addr: ':80'}}")->http->compression.has_value());
  const ServerConfig all = *read("server: {http: {addr: ':80', compression: {}, etag: true}}");
  EXPECT_EQ(all.http->compression->codings.size(), 4u);
  EXPECT_TRUE(all.http->etag);
  const ServerConfig one = *read(
      "server: {http: {addr: ':80', compression: {codings: [br], bytes_min: 10, bytes_max: 20}}}");
  EXPECT_EQ(one.http->compression->codings, std::vector{http::Coding::kBrotli});
  EXPECT_EQ(one.http->compression->bytes_min, 10u);
  EXPECT_EQ(one.http->compression->bytes_max, 20u);
  EXPECT_THAT(error_of("server: {http: {addr: ':80', compression: {bytes_min: 2000000}}}"),
              HasSubstr("bytes_min is 2000000, which is above bytes_max, 1048576"));
  EXPECT_THAT(error_of("server: {http: {addr: ':80', compression: {codings: [lzw]}}}"),
              HasSubstr("\"lzw\" is none of gzip, deflate, br, zstd"));
}

TEST(ServerConfig, SaysWhatIsWrongWithAnAddress) {
  EXPECT_EQ(error_of("server:\n  http:\n    addr: \"8080\"\n"),
            "config.yaml:3: server.http.addr \"8080\" has no port; write \"0.0.0.0:8080\"");
  EXPECT_EQ(error_of("server:\n  http:\n    addr: host\n"),
            "config.yaml:3: server.http.addr \"host\" has no port; write \"host:8080\"");
  EXPECT_THAT(error_of("server:\n  grpc:\n    addr: :99999\n"),
              HasSubstr("config.yaml:3: server.grpc.addr \":99999\" has no port from 0 to 65535"));
  EXPECT_THAT(error_of("server:\n  grpc:\n    addr: \":\"\n"),
              HasSubstr("has no port from 0 to 65535"));
  EXPECT_EQ(error_of("server:\n  grpc:\n    addr: ::1:80\n"),
            "config.yaml:3: server.grpc.addr \"::1:80\": an IPv6 address stands in brackets; write "
            "\"[::1]:80\"");
  EXPECT_EQ(error_of("server:\n  http:\n    timeout: 1s\n"),
            "config.yaml:2: server.http.addr is missing; write \"addr: :8080\" below server.http");
}

TEST(ServerConfig, ReadsKeepalive) {
  const grpc::ServerKeepalive plain = read("server: {grpc: {addr: ':1'}}")->grpc->options.keepalive;
  EXPECT_EQ(plain.time, 2h);
  EXPECT_EQ(plain.timeout, 20s);
  EXPECT_EQ(plain.min_time, 5min);
  EXPECT_FALSE(plain.permit_without_stream);
  for (Duration one :
       {plain.max_connection_idle, plain.max_connection_age, plain.max_connection_age_grace})
    EXPECT_EQ(one, Duration::zero());
  const grpc::ServerKeepalive all =
      read(
          "server: {grpc: {addr: ':1', keepalive: {time: 1s, timeout: 1ms, max_connection_idle: "
          "2s, max_connection_age: 3s, max_connection_age_grace: 4s, min_time: 5s, "
          "permit_without_stream: true}}}")
          ->grpc->options.keepalive;
  EXPECT_EQ(all.time, 1s);
  EXPECT_EQ(all.timeout, 1ms);
  EXPECT_EQ(all.max_connection_idle, 2s);
  EXPECT_EQ(all.max_connection_age, 3s);
  EXPECT_EQ(all.max_connection_age_grace, 4s);
  EXPECT_EQ(all.min_time, 5s);
  EXPECT_TRUE(all.permit_without_stream);
  EXPECT_EQ(
      read("server: {grpc: {addr: ':1', keepalive: {time: 0s}}}")->grpc->options.keepalive.time,
      0s);
  const std::string section = "server:\n  grpc:\n    addr: :1\n    keepalive:\n      ";
  EXPECT_EQ(error_of(section + "time: 999ms\n"),
            "config.yaml:5: server.grpc.keepalive.time is below 1s; write 1s or more, or 0s for no "
            "PINGs");
  EXPECT_EQ(error_of(section + "timeout: 0s\n"),
            "config.yaml:5: server.grpc.keepalive.timeout is 0s; write time: 0s for no PINGs");
  EXPECT_EQ(error_of(section + "min_tme: 1s\n"),
            "config.yaml:5: unknown key server.grpc.keepalive.min_tme; did you mean min_time?");
  EXPECT_EQ(error_of("server:\n  http: {addr: ':1', grpc: true}\n  grpc:\n    keepalive: {}\n"),
            "config.yaml:4: server.grpc.keepalive without server.grpc.addr: the port that gRPC "
            "shares with HTTP has server.http.idle_timeout and http2.pings");
}

TEST(ServerConfig, NamesUnknownKeysAndBadValues) {
  EXPECT_EQ(http_error("timeot: 1s"),
            "config.yaml:4: unknown key server.http.timeot; did you mean timeout?");
  EXPECT_EQ(http_error("quic: {}"),
            "config.yaml:4: unknown key server.http.quic; known here: network, addr, timeout, "
            "deadline_header, request_line_bytes_max, "
            "header_bytes_max, header_count_max, body_bytes_max, pipeline_max, idle_timeout, "
            "header_timeout, connections_max, streams_max, stall_timeout, http2, json, envelope, "
            "operations, path_prefix, docs, cors, tls, grpc, compression, decompression, etag");
  EXPECT_EQ(http_error("timeout: 5"),
            "config.yaml:4: server.http.timeout \"5\" has no unit; write \"5s\"");
  EXPECT_EQ(http_error("deadline_header: 'x y'"),
            "config.yaml:4: server.http.deadline_header \"x y\" is no header's name");
  EXPECT_EQ(http_error("timeout: -1s"), "config.yaml:4: server.http.timeout is negative");
  EXPECT_EQ(http_error("network: udp"),
            "config.yaml:4: server.http.network \"udp\" is not built; write \"tcp\" or \"unix\"");
  EXPECT_EQ(http_error("pipeline_max: 0"),
            "config.yaml:4: server.http.pipeline_max is 0; it must be 1 to 1000000");
  EXPECT_EQ(http_error("pipeline_max: -1"),
            "config.yaml:4: server.http.pipeline_max is -1; it must be 1 to 1000000");
  EXPECT_EQ(http_error("pipeline_max: many"),
            "config.yaml:4: server.http.pipeline_max is not a whole number");
}

TEST(ServerConfig, ChecksTheOtherSections) {
  const std::string server = "server: {http: {addr: ':1'}}\n";
  EXPECT_EQ(error_of(server + "runtime: {threads: 257}\n"),
            "config.yaml:2: runtime.threads is 257; it must be 0 to 256");
  EXPECT_EQ(error_of(server + "runtime: {stack_bytes: 1000}\n"),
            "config.yaml:2: runtime.stack_bytes is 1000; it must be 65536 to 268435456");
  EXPECT_EQ(error_of(server + "log: {level: loud}\n"),
            "config.yaml:2: log level \"loud\" is not debug, info, warn, error or fatal");
  EXPECT_EQ(error_of(server + "log: {mask: password}\n"), "config.yaml:2: log.mask is not a list");
  EXPECT_EQ(error_of(server + "log: {mask_values: 1}\n"),
            "config.yaml:2: log.mask_values is not a list");
  EXPECT_EQ(error_of(server + "metrics: {path: m}\n"),
            "config.yaml:2: metrics.path \"m\" does not begin with \"/\"");
  EXPECT_EQ(error_of("server: {htp: {}}\n"),
            "config.yaml:1: unknown key server.htp; did you mean http?");
  EXPECT_EQ(error_of("server: 3\n"), "config.yaml:1: server is not a map");
  EXPECT_EQ(error_of("data: {}\nsever: {http: {addr: ':1'}}\n"),
            "config.yaml:2: unknown key sever; did you mean server?");
  EXPECT_EQ(error_of("data: {}\n"), "the configuration has neither server.http nor server.grpc");
}

TEST(ServerConfig, LeavesHealthAndReflectionOut) {
  const auto plain = read("server: {grpc: {addr: ':1'}}");
  EXPECT_TRUE(plain->grpc->options.health && plain->grpc->options.reflection);
  const auto without = read("server: {grpc: {addr: ':1', health: false, reflection: false}}");
  EXPECT_FALSE(without->grpc->options.health || without->grpc->options.reflection);
  EXPECT_THAT(error_of("server: {grpc: {addr: ':1', health: none}}"),
              HasSubstr("server.grpc.health is not true or false"));
}

TEST(ServerConfig, ReadsWhatHoldsForOneOperation) {
  auto config = Config::parse(R"(
server:
  http:
    addr: ":0"
    json: {omit_unset: true}
    envelope: {reply: '{"data":$reply}', error_status: 200}
    operations:
      /helloworld.v1.Greeter/SayHello: {timeout: 5s, body_bytes_max: 100}
      /helloworld.v1.Greeter/Wait: {timeout: 0s, json: {}, codecs: [proto, json]}
)");
  ASSERT_TRUE(config.ok());
  auto read = ServerConfig::read(*config);
  ASSERT_TRUE(read.ok()) << read.error().text();
  const ServerBindingOptions& binding = read->http->binding;
  EXPECT_TRUE(binding.json.omit_unset);
  EXPECT_EQ(binding.envelope.reply, R"({"data":$reply})");
  EXPECT_EQ(binding.envelope.error_status, 200);
  const auto& hello = binding.operations.at("/helloworld.v1.Greeter/SayHello");
  EXPECT_EQ(*hello.timeout, std::chrono::seconds(5));
  EXPECT_EQ(hello.body_bytes_max, 100u);
  EXPECT_EQ(read->http->options.limits.body_bytes_asked_max, 100u);
  EXPECT_FALSE(hello.json.has_value());
  const auto& wait = binding.operations.at("/helloworld.v1.Greeter/Wait");
  EXPECT_EQ(*wait.timeout, Duration::zero());
  EXPECT_TRUE(wait.json->is_default());
  EXPECT_THAT(wait.codecs, testing::ElementsAre("proto", "json"));
  EXPECT_TRUE(hello.codecs.empty());
}

TEST(ServerConfig, ReadsAPathPrefix) {
  const auto prefix = [](const std::string& text) {
    return read("server: {http: {addr: \":1\", path_prefix: " + text + "}}")
        ->http->binding.path_prefix;
  };
  EXPECT_EQ(prefix("/api"), "/api");
  EXPECT_EQ(prefix("/a/b/"), "/a/b");
  EXPECT_EQ(prefix("/"), "");
  for (const char* bad : {"api", "/a//b", "'/{x}'", "'/a*'", "//", "'/a?b'"})
    EXPECT_THAT(http_error("path_prefix: " + std::string(bad)), HasSubstr("is no path like"))
        << bad;
}

TEST(ServerConfig, RefusesUnknownKeysOfAnOperation) {
  EXPECT_THAT(http_error("operations: {/a.B/C: {codecs: []}}"),
              HasSubstr("server.http.operations./a.B/C.codecs is empty"));
  EXPECT_THAT(http_error("operations: {/a.B/C: {codecs: json}}"), HasSubstr("is not a list"));
  auto config = Config::parse("server: {http: {addr: \":0\", operations: {/a.B/C: {timout: 1s}}}}");
  ASSERT_TRUE(config.ok());
  auto read = ServerConfig::read(*config);
  ASSERT_FALSE(read.ok());
  EXPECT_NE(read.error().message().find("timout"), std::string::npos);
}

}  // namespace
}  // namespace bia
