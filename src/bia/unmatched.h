#pragma once
#include "bia/bia/codec.h"
#include "bia/http/router.h"

namespace bia {

class RequestMetrics;

/// Answers what no route matches, 404 or 405, and counts it. `metrics` may be null; both outlive
/// the handler.
http::RouteHandler answer_unmatched(RequestMetrics* metrics, const HttpContent& content);

}  // namespace bia
