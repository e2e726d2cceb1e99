#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/bia/middleware.h"

namespace bia {

/// Which operations a middleware is for; any of the rules is enough. None: no operation.
struct Selection {
  /// "/helloworld.v1.Greeter/SayHello"
  std::vector<std::string> paths = {};
  /// "/helloworld.v1.", "/helloworld.v1.Greeter/"
  std::vector<std::string> prefixes = {};
  /// Expressions in RE2's syntax (that of Go's regexp) that match the whole operation; compiled
  /// once.
  std::vector<std::string> expressions = {};
  std::function<bool(Context&)> match = {};
};

/// Kratos' selector: `middleware` runs for the selected operations; the others pass it by. Errors:
/// kInvalidArgument for an expression that is none.
///
///     app.use(BIA_TRY(bia::selected({.prefixes = {"/shop.v1.Admin/"}}, bia::jwt_middleware(…))));
Result<std::unique_ptr<Middleware>> selected(Selection selection,
                                             std::unique_ptr<Middleware> middleware);

}  // namespace bia
