#include "bia/middleware/tracing_endpoint.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "bia/cel/formats.h"
#include "bia/http/uri.h"

namespace bia {
namespace {

constexpr uint16_t kSecurePort = 443;

Error bad(std::string what) {
  return Error(Code::kInvalidArgument, "TRACING", std::move(what))
      .with_hint(
          "write \"http://127.0.0.1:4318\", \"grpc://127.0.0.1:4317\", \"https://otlp.example\" or "
          "\"grpcs://otlp.example\"");
}

}  // namespace

Result<TracingEndpoint> TracingEndpoint::parse(std::string_view text) {
  if (text.find('@') != std::string_view::npos)
    return bad("the tracing endpoint has a user; tokens go into tracing.headers");
  const std::string named =
      fmt::format("tracing endpoint \"{}\"", text.substr(0, text.find_first_of("?#")));
  if (text.find("://") == std::string_view::npos) return bad(named + " has no scheme");
  const auto uri = http::parse_uri(text);
  if (!uri) return bad(named + " is no URL");
  TracingEndpoint to;
  to.grpc = uri->scheme.starts_with("grpc");
  to.secure = uri->scheme == "https" || uri->scheme == "grpcs";
  if (!to.secure && uri->scheme != "http" && uri->scheme != "grpc")
    return bad(named + " has another scheme than http, https, grpc and grpcs");
  // Cleartext's ports of OTLP are 4318 and 4317, not the schemes': nothing to guess.
  if (!uri->has_port && !to.secure) return bad(named + " has no port");
  to.host = uri->host;
  to.port = uri->has_port ? uri->port : kSecurePort;
  if (to.port == 0 || to.host.empty()) return bad(named + " has no host or port");
  if (to.grpc && (uri->path.size() > 1 || uri->has_query))
    return bad(named + " has a path, which gRPC's have not");
  to.target = uri->path.size() > 1 ? uri->path : "/v1/traces";
  if (uri->has_query) to.target.append("?").append(uri->query);
  to.shown = fmt::format("{}://{}", uri->scheme, to.authority());
  return to;
}

std::string TracingEndpoint::authority() const {
  const bool six = host.find(':') != std::string::npos;
  return six ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<void> check_tracing_headers(
    const std::vector<std::pair<std::string, std::string>>& headers) {
  constexpr std::string_view kOwn[] = {"content-type", "content-length",    "host",
                                       "connection",   "transfer-encoding", "te"};
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string name = lower_case(headers[i].first);
    const std::string& value = headers[i].second;
    std::string_view what;
    if (name.starts_with(':') || !rules::is_header_name(name, true))
      what = "has a name that is none of a header";
    if (std::find(std::begin(kOwn), std::end(kOwn), name) != std::end(kOwn) ||
        name.starts_with("grpc-"))
      what = "is one that the protocol sets";
    if (std::any_of(value.begin(), value.end(), [](char c) { return c < 0x20 || c > 0x7e; }))
      what = "has a value with other than printable ASCII characters";
    if (!what.empty())
      return Error(Code::kInvalidArgument, "TRACING",
                   fmt::format("number {} of the tracing headers {}", i + 1, what));
  }
  return {};
}

}  // namespace bia
