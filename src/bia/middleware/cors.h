#pragma once
#include <string>
#include <vector>

#include "bia/base/time.h"
#include "bia/http/server.h"

namespace bia {

/// Config keys server.http.cors.*; without `origins` there is no CORS.
struct CorsOptions {
  /// "https://shop.example", "https://*.example" (one label or more), "*".
  std::vector<std::string> origins;
  std::vector<std::string> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"};
  /// "*": what the browser asks for.
  std::vector<std::string> headers = {"*"};
  std::vector<std::string> expose_headers;
  bool credentials = false;
  Duration max_age = std::chrono::minutes(10);
};

/// The Fetch standard's CORS protocol, in front of the router, so that a preflight needs no route.
class Cors {
 public:
  explicit Cors(CorsOptions options);
  bool allows(std::string_view origin) const;
  /// Adds the headers of an allowed origin. True: that was a preflight, and it is answered.
  bool handle(const http::ServerRequest& request, http::ServerResponse& response) const;

 private:
  void answer_preflight(const http::ServerRequest& request, http::ServerResponse& response) const;
  CorsOptions options_;
  bool any_ = false;
  std::string methods_;
  std::string headers_;
  std::string exposed_;
  std::string max_age_;
};

}  // namespace bia
