#pragma once
#include <memory>

#include "zelus/output/output.h"

namespace zelus::output {

/// k6: -o experimental-prometheus-rw, Prometheus remote write 1.0. Its argument is ignored, as in
/// k6. Errors: k6's texts for bad variables; kUnimplemented naming one that asks for TLS or SigV4.
Result<std::unique_ptr<Output>> create_prometheus_rw(const Context& context);

}  // namespace zelus::output
