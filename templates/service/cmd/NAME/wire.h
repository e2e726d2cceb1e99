#pragma once
#include "bia/base/result.h"

namespace bia {
class App;
}

namespace SERVICE_NAMESPACE {

/// Builds the service from its configuration: each object gets what it needs by its constructor,
/// and `app` owns them all.
bia::Result<void> wire(bia::App& app);

}  // namespace SERVICE_NAMESPACE
