#pragma once
#include "bia/base/result.h"

namespace bia {
class App;
}

namespace shop {

/// Builds the program: connections, repository, use case, service. What is owned last goes first.
bia::Result<void> wire(bia::App& app);

}  // namespace shop
