#pragma once
#include "bia/base/time.h"
#include "bia/bia/middleware.h"
#include "bia/bia/service.h"
#include "bia/http/router.h"
#include "bia/service_exchange.h"

namespace bia {

/// One HTTP route of a method: decode, middleware and handler, encode.
class HttpRoute {
 public:
  HttpRoute(BoundMethod method, const HttpRule& rule, const Chain& chain, Duration timeout)
      : method_(method), rule_(rule), chain_(chain), timeout_(timeout) {}
  void serve(http::ServerRequest& request, const http::PathParams& params,
             http::ServerResponse& response) const;

 private:
  Result<void> call(http::ServerRequest& request, const http::PathParams& params, Context& context,
                    Exchange& exchange) const;
  Result<void> decode(http::ServerRequest& request, const http::PathParams& params,
                      Exchange& exchange) const;
  Result<void> decode_body(http::ServerRequest& request, Exchange& exchange) const;

  BoundMethod method_;
  const HttpRule& rule_;
  const Chain& chain_;
  Duration timeout_;
};

}  // namespace bia
