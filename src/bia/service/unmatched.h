#pragma once
#include "bia/http/router.h"

namespace bia {

class RequestMetrics;
class ServerBinding;

/// Answers what no route matches, 404 or 405, as the binding's services answer errors, and counts
/// it. `metrics` may be null; both outlive the handler.
http::RouteHandler answer_unmatched(RequestMetrics* metrics, const ServerBinding& binding);

}  // namespace bia
