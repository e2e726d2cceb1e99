#include "bia/service/unmatched.h"

#include <fmt/format.h>

#include "bia/bia/server_binding.h"
#include "bia/http/server.h"
#include "bia/middleware/request_metrics.h"

namespace bia {

http::RouteHandler answer_unmatched(RequestMetrics* metrics, const ServerBinding& binding) {
  return [metrics, &binding](http::ServerRequest& request, const http::PathParams&,
                             http::ServerResponse& response) {
    const int status = response.status();
    if (metrics) metrics->record_unmatched(status);
    const auto [reason, message] =
        status == 405
            ? std::pair("METHOD_NOT_ALLOWED",
                        fmt::format("{} does not take {}", request.path(), request.method_text()))
            : std::pair("NOT_FOUND", fmt::format("no route for {}", request.path()));
    binding.write_error(request, response, Error::from_http(status, reason, message));
  };
}

}  // namespace bia
