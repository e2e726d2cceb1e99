#include <fmt/format.h>

#include "zelus/output/csv.h"
#include "zelus/output/json.h"
#include "zelus/output/output.h"
#include "zelus/output/prometheus_rw.h"
#include "zelus/output/series.h"

namespace zelus::output {
namespace {

// Those that k6 removed, with its advice.
constexpr std::pair<std::string_view, std::string_view> kRemoved[] = {
    {"kafka",
     "the kafka output was deprecated in k6 v0.32.0 and removed in k6 v0.34.0, please use the new "
     "xk6 kafka output extension instead - "
     "https://github.com/k6io/xk6-output-kafka"},
    {"statsd",
     "the statsd output was deprecated in k6 v0.47.0 and removed in k6 v0.55.0, please use the new "
     "xk6 statsd output extension instead. It can "
     "be found at https://github.com/LeonAdato/xk6-output-statsd and more info at "
     "https://github.com/grafana/k6/issues/2982"},
    {"datadog",
     "the datadog output was deprecated in k6 v0.32.0 and removed in k6 v0.34.0, please use the "
     "statsd output extension "
     "https://github.com/LeonAdato/xk6-output-statsd with environment variable "
     "K6_STATSD_ENABLE_TAGS=true or an experimental opentelemetry "
     "output instead"},
};

constexpr std::string_view kNotBuilt[] = {"cloud", "experimental-opentelemetry", "influxdb",
                                          "opentelemetry", "web-dashboard"};

constexpr std::string_view kAvailable =
    "cloud, csv, experimental-opentelemetry, experimental-prometheus-rw, influxdb, json, "
    "opentelemetry, statsd, web-dashboard";

Error could_not_create(std::string_view name, const Error& cause) {
  return Error(cause.code(), cause.reason(),
               fmt::format("could not create the '{}' output: {}", name, cause.message()))
      .with_hint(cause.hint());
}

Result<std::unique_ptr<Output>> make(std::string_view name, std::string_view argument,
                                     const Context& context) {
  if (name == "json") return create_json(argument, context);
  if (name == "csv") return create_csv(argument, context);
  if (name == "series") return create_series(argument, context);
  return create_prometheus_rw(context);
}

}  // namespace

Result<std::unique_ptr<Output>> create_output(std::string_view name_and_argument,
                                              const Context& context) {
  size_t equals = std::min(name_and_argument.find('='), name_and_argument.size());
  std::string_view name = name_and_argument.substr(0, equals);
  std::string_view argument =
      name_and_argument.substr(std::min(equals + 1, name_and_argument.size()));
  for (const auto& [removed, advice] : kRemoved) {
    if (name == removed)
      return could_not_create(
          name, Error(bia::Code::kUnimplemented, "OUTPUT_REMOVED", std::string(advice)));
  }
  for (std::string_view missing : kNotBuilt) {
    if (name != missing) continue;
    return could_not_create(name, Error(bia::Code::kUnimplemented, "OUTPUT_NOT_BUILT",
                                        fmt::format("zelus does not have k6's output '{}' yet; it "
                                                    "has csv, experimental-prometheus-rw, json",
                                                    name)));
  }
  if (name != "json" && name != "csv" && name != "series" && name != "experimental-prometheus-rw") {
    return Error(
        bia::Code::kInvalidArgument, "UNKNOWN_OUTPUT",
        fmt::format("invalid output type '{}', available types are: {}", name, kAvailable));
  }
  Result<std::unique_ptr<Output>> output = make(name, argument, context);
  if (!output) return could_not_create(name, output.error());
  return output;
}

}  // namespace zelus::output
