#include "bia/middleware/cors.h"

#include <algorithm>

namespace bia {
namespace {

std::string joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& one : list) text.append(text.empty() ? "" : ", ").append(one);
  return text;
}

bool has(const std::vector<std::string>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

}  // namespace

Cors::Cors(CorsOptions options)
    : options_(std::move(options)),
      any_(has(options_.origins, "*")),
      methods_(joined(options_.methods)),
      headers_(joined(options_.headers)),
      exposed_(joined(options_.expose_headers)),
      max_age_(std::to_string(options_.max_age / std::chrono::seconds(1))) {}

bool Cors::allows(std::string_view origin) const {
  if (any_) return true;
  return std::any_of(options_.origins.begin(), options_.origins.end(), [&](std::string_view one) {
    const size_t star = one.find("//*.");
    if (star == std::string_view::npos) return one == origin;
    const std::string_view scheme = one.substr(0, star + 2);
    const std::string_view domain = one.substr(star + 3);
    return origin.size() > scheme.size() + domain.size() && origin.starts_with(scheme) &&
           origin.ends_with(domain);
  });
}

bool Cors::handle(const http::ServerRequest& request, http::ServerResponse& response) const {
  const std::string_view origin = request.header("origin");
  if (origin.empty()) return false;
  const bool preflight = request.method() == http::Method::kOptions &&
                         !request.header("access-control-request-method").empty();
  // Caches must not give one origin's answer to another.
  if (!any_ || options_.credentials) response.add_header("Vary", "Origin");
  if (!allows(origin)) {
    if (preflight) response.set_status(403);
    return preflight;
  }
  response.add_header("Access-Control-Allow-Origin",
                      any_ && !options_.credentials ? std::string_view("*") : origin);
  if (options_.credentials) response.add_header("Access-Control-Allow-Credentials", "true");
  if (!preflight) {
    if (!exposed_.empty()) response.add_header("Access-Control-Expose-Headers", exposed_);
    return false;
  }
  answer_preflight(request, response);
  return true;
}

void Cors::answer_preflight(const http::ServerRequest& request,
                            http::ServerResponse& response) const {
  response.set_status(204);
  response.add_header("Access-Control-Allow-Methods", methods_);
  const std::string_view asked = request.header("access-control-request-headers");
  const bool mirror = has(options_.headers, "*");
  if (mirror ? !asked.empty() : !headers_.empty())
    response.add_header("Access-Control-Allow-Headers", mirror ? asked : headers_);
  response.add_header("Access-Control-Max-Age", max_age_);
}

}  // namespace bia
