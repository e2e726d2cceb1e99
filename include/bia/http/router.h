#pragma once
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/http/message.h"
#include "bia/http/server.h"

namespace bia::http {

/// What a template captured, as long as its handler runs: views into the request's path, still
/// percent-encoded but for unreserved characters and bytes above 0x7f; names as in the template
/// ("name", "a.b"). No value has a part that is "..", also beside an escaped slash; one may begin
/// with an escaped slash ("%2Fetc"), which makes it an absolute path to what joins paths once it is
/// decoded.
struct PathParams {
  struct Param {
    std::string_view name;
    std::string_view value;
  };
  static constexpr size_t kMax = 16;
  // In a union, so that a lookup does not first clear 512 bytes (20 ns of each request).
  union {
    std::array<Param, kMax> params;  ///< the first `count`
  };
  size_t count = 0;
  PathParams() {}
  std::string_view get(std::string_view name) const;
};

using RouteHandler = std::function<void(ServerRequest&, const PathParams&, ServerResponse&)>;

/// google.api.http path templates: "/v1/{name}", "/v1/{name=shelves/*/books/**}",
/// "/v1/{id}:cancel". A literal segment wins over a capture, a verb over none; '*' takes one
/// segment that is not empty, '**' what is left, even nothing, but for the segments that a template
/// has behind it (grpc-gateway: "/v1/{name=**}/revisions"). Lookup does not depend on the number of
/// routes. HEAD falls to GET.
class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  /// Errors: kInvalidArgument for a bad template (with its column) or method, kAlreadyExists for
  /// the same method and template.
  Result<void> add(std::string_view method, std::string_view path_template, RouteHandler handler);
  /// Every path below the prefix, e.g. "/debug/"; templates win. A prefix added again is replaced.
  void add_prefix(std::string_view method, std::string_view prefix, RouteHandler handler);
  /// The routes of a host alone: "api.example.com", or "*.example.com" for those below it. They go
  /// before the others, an exact name before a pattern; what they do not have is looked for among
  /// the others. The router that is returned lives as long as this one.
  Router& host(std::string_view pattern);
  /// Null, and then `allowed` has the methods that the path does have ("GET, HEAD": 405), or is
  /// empty (404). `path` as `serve` makes it of a request's: see there.
  const RouteHandler* find(std::string_view method, std::string_view path, PathParams& params,
                           std::string* allowed) const;
  /// What answers 404 and 405 (Allow is set already); the default writes Kratos' JSON error body. A
  /// host's own answers for its requests.
  void set_not_found(RouteHandler handler);
  /// The router as a server's handler: finds, calls, or answers 301 to the path without doubled and
  /// trailing slashes where that has a route, or with one at its end, 404, or 405 with Allow.
  /// Escaped unreserved characters, and bytes above 0x7f, count as themselves ("/%61" is "/a").
  /// OPTIONS without a route of its own is 204 with Allow; "OPTIONS *" likewise, with all methods
  /// that any path has.
  void serve(ServerRequest& request, ServerResponse& response) const;

 private:
  void refuse(ServerRequest& request, const Router* of_host, std::string& allowed,
              ServerResponse& response) const;
  const Router* router_of(std::string_view host) const;
  bool redirect_to_clean(ServerRequest& request, std::string_view path,
                         ServerResponse& response) const;
  struct Node;
  struct Search;
  struct Prefix;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Prefix>> prefixes_;
  std::vector<std::pair<std::string, std::unique_ptr<Router>>> hosts_;
  std::string methods_;  ///< of all routes: "GET, HEAD, POST"
  RouteHandler not_found_;
};

/// Kratos' error body {"code":404,"reason":"…","message":"…","metadata":{}}, with status and
/// Content-Type.
void write_error(ServerResponse& response, int status, std::string_view reason,
                 std::string_view message);
void write_error(ServerResponse& response, const Error& error);

}  // namespace bia::http
