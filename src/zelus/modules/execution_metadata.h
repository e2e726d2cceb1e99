#pragma once
#include "js/value.h"

namespace zelus::modules {

/// exec.vu.metrics.metadata: a live view of what goes into single samples beside their tags.
JSValue new_metadata_object(JSContext* ctx);
void register_metadata_class(JSRuntime* rt);

}  // namespace zelus::modules
