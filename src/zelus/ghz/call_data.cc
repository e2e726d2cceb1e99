#include "zelus/ghz/call_data.h"

#include <chrono>

#include "zelus/metrics/go_time.h"
#include "zelus/templates/random.h"

namespace zelus::ghz {

void CallData::refresh() {
  unix_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::system_clock::now().time_since_epoch())
                .count();
  uuid = templates::uuid_v4();
}

bool CallData::field(std::string_view name, templates::Value& out) const {
  using templates::Type;
  using templates::Value;
  auto text = [](std::string_view value) { return Value::text(std::string(value)); };
  auto whole = [](int64_t value) { return Value::integer(value, Type::kInt64); };
  if (name == "RequestNumber") {
    out = whole(static_cast<int64_t>(request_number));
  } else if (name == "UUID") {
    out = Value::text(uuid);
  } else if (name == "WorkerID") {
    out = Value::text(worker_id);
  } else if (name == "Timestamp") {
    out = Value::text(metrics::rfc3339(unix_ns, metrics::TimePrecision::kSeconds));
  } else if (name == "TimestampUnix") {
    out = whole(unix_ns / 1'000'000'000);
  } else if (name == "TimestampUnixMilli") {
    out = whole(unix_ns / 1'000'000);
  } else if (name == "TimestampUnixNano") {
    out = whole(unix_ns);
  } else if (name == "FullyQualifiedName") {
    out = text(full_name);
  } else if (name == "MethodName") {
    out = text(method_name);
  } else if (name == "ServiceName") {
    out = text(service_name);
  } else if (name == "InputName") {
    out = text(input_name);
  } else if (name == "OutputName") {
    out = text(output_name);
  } else if (name == "IsClientStreaming") {
    out = Value::boolean(client_streaming);
  } else if (name == "IsServerStreaming") {
    out = Value::boolean(server_streaming);
  } else {
    return false;
  }
  return true;
}

}  // namespace zelus::ghz
