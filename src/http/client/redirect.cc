#include "bia/http/redirect.h"

#include <fmt/format.h>

#include <string>

#include "bia/http/uri.h"
#include "http/message/field_lines.h"

namespace bia::http {
namespace {

/// What the next request is made of; outlives its exchange.
struct Hop {
  std::string url;
  std::string host;
  std::string target;
  std::string method;
  Headers headers;
};

bool redirects(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// Of the content that a request without it has none of: Expect is about it as well (RFC 9110
/// section 10.1.1).
bool names_content(std::string_view field) {
  if (field_name_equals(field, "expect") || field_name_equals(field, "transfer-encoding"))
    return true;
  constexpr std::string_view kContent = "content-";
  return field.size() > kContent.size() &&
         field_name_equals(field.substr(0, kContent.size()), kContent);
}

/// Makes `request` the one that `location` asks for; its views are `hop`'s.
Result<void> turn(ClientRequest& request, Hop& hop, int status, std::string_view location,
                  std::string_view first_host) {
  hop.url = resolve_reference(hop.url, location);
  auto parsed = parse_uri(hop.url);
  if (!parsed.ok()) return std::move(parsed).error().in("Location");
  const Uri& uri = *parsed;
  const bool https = field_name_equals(uri.scheme, "https");
  if (!https && !field_name_equals(uri.scheme, "http"))
    return Error(Code::kInvalidArgument, "BAD_SCHEME",
                 fmt::format("Location \"{}\" is neither http nor https", hop.url));
  hop.host = uri.host;
  hop.target.clear();
  percent_encode_path(uri.path.empty() ? "/" : uri.path, hop.target);
  if (uri.has_query) hop.target.append("?").append(uri.query);
  const bool keeps_body = status == 307 || status == 308;
  if (!keeps_body && hop.method != "HEAD") hop.method = "GET";
  const bool keeps_secrets = is_same_site(first_host, hop.host);
  // As Go's net/http: a Host of the caller's own, or of the client's, goes along.
  const bool keeps_host = !has_scheme(location) && !location.starts_with("//");
  Headers headers;
  for (const auto& [name, value] : hop.headers) {
    if ((!keeps_host && field_name_equals(name, "host")) || (!keeps_body && names_content(name)) ||
        (!keeps_secrets && is_secret_field(name)))
      continue;
    headers.add(name, value);
  }
  if (!keeps_host) headers.add("Host", uri.authority());
  hop.headers = std::move(headers);
  request.scheme = https ? ClientRequest::Scheme::kHttps : ClientRequest::Scheme::kHttp;
  request.host = hop.host;
  request.port = uri.port;
  request.target = hop.target;
  request.method = hop.method;
  request.headers = &hop.headers;
  if (!keeps_body) request.body = {};
  return {};
}

}  // namespace

bool is_same_site(std::string_view first_host, std::string_view host) {
  if (host.size() <= first_host.size()) return field_name_equals(host, first_host);
  const size_t above = host.size() - first_host.size();
  return host[above - 1] == '.' && field_name_equals(host.substr(above), first_host);
}

Result<void> send_following(Client& client, const ClientRequest& request, ClientResponse& response,
                            Timings& timings, Deadline deadline, int redirects_max) {
  BIA_TRY(client.send(request, response, timings, deadline));
  if (!redirects(response.status)) return {};
  ClientRequest next = request;
  Hop hop;
  hop.method = request.method;
  if (request.headers) hop.headers = *request.headers;
  const bool https = request.scheme == ClientRequest::Scheme::kHttps;
  const bool bracketed = request.host.find(':') != std::string_view::npos;
  hop.url = fmt::format("{}://{}{}{}:{}{}", https ? "https" : "http", bracketed ? "[" : "",
                        request.host, bracketed ? "]" : "", request.port, request.target);
  for (int hops = 0; redirects(response.status); ++hops) {
    const std::string location(response.headers.get("location"));
    if (location.empty()) return {};
    if (hops == redirects_max)
      return Error(Code::kFailedPrecondition, "TOO_MANY_REDIRECTS",
                   fmt::format("stopped after {} redirects, the next one is to {}", redirects_max,
                               location));
    BIA_TRY(turn(next, hop, response.status, location, request.host));
    BIA_TRY(client.send(next, response, timings, deadline));
  }
  return {};
}

}  // namespace bia::http
