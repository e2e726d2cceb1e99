#include "zelus/run/rest_api.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <cmath>

#include "bia/http/server.h"
#include "zelus/exec/remote.h"
#include "zelus/options/json.h"
#include "zelus/summary/json_text.h"

namespace zelus::run {

using bia::Error;
using rapidjson::Value;

namespace {

constexpr std::string_view kJson = "application/json; charset=utf-8",
                           kPlain = "text/plain; charset=utf-8";

/// A document under construction; strings are copied.
class Json {
 public:
  Value text(std::string_view value) {
    return Value(value.data(), static_cast<rapidjson::SizeType>(value.size()), allocator());
  }
  template <typename T>
  void put(Value& object, const char* key, T&& value) {
    object.AddMember(rapidjson::StringRef(key), std::forward<T>(value), allocator());
  }
  void put_named(Value& object, std::string_view key, double value) {
    // JSON has no infinities; Go's encoder fails on them, which helps nobody.
    object.AddMember(text(key), Value(std::isfinite(value) ? value : 0), allocator());
  }
  Value copy(const Value& value) { return Value(value, allocator()); }
  rapidjson::Document::AllocatorType& allocator() { return document_.GetAllocator(); }
  /// {"data": …}
  RestAnswer answer(Value data, std::string_view content_type) {
    Value root(rapidjson::kObjectType);
    put(root, "data", std::move(data));
    return {200, std::string(content_type), summary::json_stringify(root, 0)};
  }

 private:
  rapidjson::Document document_;
};

RestAnswer failure(int status, std::string_view title, std::string_view detail,
                   std::string_view content_type) {
  Json json;
  Value error(rapidjson::kObjectType), list(rapidjson::kArrayType), root(rapidjson::kObjectType);
  json.put(error, "status", json.text(std::to_string(status)));
  json.put(error, "title", json.text(title));
  json.put(error, "detail", json.text(detail));
  list.PushBack(error, json.allocator());
  json.put(root, "errors", std::move(list));
  return {status, std::string(content_type), summary::json_stringify(root, 0)};
}

RestAnswer status_answer(const RestSubject::Status& status) {
  Json json;
  Value attributes(rapidjson::kObjectType), data(rapidjson::kObjectType);
  json.put(attributes, "status", Value(status.number));
  json.put(attributes, "paused", Value(status.paused));
  json.put(attributes, "vus", Value(status.vus));
  json.put(attributes, "vus-max", Value(status.vus_max));
  json.put(attributes, "stopped", Value(status.stopped));
  json.put(attributes, "running", Value(status.running));
  json.put(attributes, "tainted", Value(status.tainted));
  json.put(data, "type", Value("status"));
  json.put(data, "id", Value("default"));
  json.put(data, "attributes", std::move(attributes));
  return json.answer(std::move(data), kJson);
}

RestAnswer patch_status(RestSubject& subject, std::string_view body) {
  rapidjson::Document document;
  if (auto parsed = options::parse_json(body, document); !parsed) {
    return failure(400, "Invalid data", parsed.error().message(), kJson);
  }
  const Value* at = &document;
  for (const char* key : {"data", "attributes"}) {
    if (!at->IsObject() || !at->HasMember(key)) return status_answer(subject.status());
    at = &(*at)[key];
  }
  if (!at->IsObject()) return failure(400, "Invalid data", "attributes must be an object", kJson);
  auto flag = [&](const char* key) -> std::optional<bool> {
    if (!at->HasMember(key) || !(*at)[key].IsBool()) return std::nullopt;
    return (*at)[key].GetBool();
  };
  if (flag("stopped").value_or(false)) {
    subject.stop();
    return status_answer(subject.status());
  }
  if (auto paused = flag("paused")) {
    if (auto done = subject.set_paused(*paused); !done) {
      return failure(500, "Pause error", done.error().message(), kJson);
    }
  }
  for (const char* key : {"vus", "vus-max"}) {
    if (at->HasMember(key) && !(*at)[key].IsNull() && !(*at)[key].IsInt64())
      return failure(400, "Invalid data", fmt::format("{} must be a whole number", key), kJson);
  }
  auto number = [&](const char* key) -> std::optional<int64_t> {
    if (!at->HasMember(key) || !(*at)[key].IsInt64()) return std::nullopt;
    return (*at)[key].GetInt64();
  };
  auto vus = number("vus"), vus_max = number("vus-max");
  if (vus || vus_max) {
    if (auto done = subject.scale(vus, vus_max); !done) {
      bool update = done.error().reason() == "CONFIG_UPDATE";
      return failure(update ? 400 : 500, update ? "Config update error" : "Execution config error",
                     done.error().message(), kJson);
    }
  }
  return status_answer(subject.status());
}

struct NamedSink {
  std::string_view name;
  const metrics::Metric* metric;
  const metrics::Sink* sink;
  std::optional<bool> tainted;
};

void put_sample(Json& json, Value& sample, const metrics::Sink& sink, bia::Duration elapsed) {
  switch (sink.type()) {
    case metrics::MetricType::kCounter: {
      double seconds = std::chrono::duration<double>(elapsed).count();
      json.put_named(sample, "count", sink.value());
      json.put_named(sample, "rate", seconds > 0 ? sink.value() / seconds : 0);
      return;
    }
    case metrics::MetricType::kGauge:
      return json.put_named(sample, "value", sink.value());
    case metrics::MetricType::kRate:
      return json.put_named(sample, "rate", sink.rate());
    case metrics::MetricType::kTrend:
      break;
  }
  const double fractions[] = {0.5, 0.9, 0.95};
  auto quantiles = sink.quantiles(fractions);
  json.put_named(sample, "avg", sink.avg());
  json.put_named(sample, "max", sink.max());
  json.put_named(sample, "med", quantiles[0]);
  json.put_named(sample, "min", sink.min());
  json.put_named(sample, "p(90)", quantiles[1]);
  json.put_named(sample, "p(95)", quantiles[2]);
}

Value metric_value(Json& json, const NamedSink& named, bia::Duration elapsed) {
  Value sample(rapidjson::kObjectType), attributes(rapidjson::kObjectType),
      data(rapidjson::kObjectType);
  put_sample(json, sample, *named.sink, elapsed);
  json.put(attributes, "type", json.text(metrics::type_name(named.metric->type)));
  json.put(attributes, "contains", json.text(metrics::contains_name(named.metric->contains)));
  json.put(attributes, "tainted", named.tainted ? Value(*named.tainted) : Value());
  json.put(attributes, "sample", std::move(sample));
  json.put(data, "type", Value("metrics"));
  json.put(data, "id", json.text(named.name));
  json.put(data, "attributes", std::move(attributes));
  return data;
}

/// Metrics and submetrics that had samples.
std::vector<NamedSink> observed(const metrics::Snapshot& snapshot,
                                const metrics::Thresholds& thresholds) {
  auto tainted = [&](std::string_view name) -> std::optional<bool> {
    for (const auto& entry : thresholds.entries()) {
      if (entry.name != name) continue;
      bool any = false;
      for (const auto& threshold : entry.thresholds) any = any || threshold.failed;
      return any;
    }
    return std::nullopt;
  };
  std::vector<NamedSink> all;
  for (const auto& data : snapshot.metrics()) {
    if (data.total.empty()) continue;
    all.push_back({data.metric.name, &data.metric, &data.total, tainted(data.metric.name)});
    for (const auto& [submetric, sink] : data.submetrics) {
      if (!sink.empty())
        all.push_back({submetric.name, &data.metric, &sink, tainted(submetric.name)});
    }
  }
  return all;
}

RestAnswer metrics_answer(RestSubject& subject, std::string_view id) {
  auto snapshot = subject.snapshot();
  if (!snapshot) return failure(500, "Encoding error", snapshot.error().message(), kPlain);
  Json json;
  Value list(rapidjson::kArrayType);
  for (const NamedSink& named : observed(*snapshot, subject.thresholds())) {
    if (id.empty()) {
      list.PushBack(metric_value(json, named, subject.elapsed()), json.allocator());
    } else if (named.name == id) {
      return json.answer(metric_value(json, named, subject.elapsed()), kPlain);
    }
  }
  if (!id.empty()) return failure(404, "Not Found", "No metric with that ID was found", kPlain);
  return json.answer(std::move(list), kPlain);
}

Value reference(Json& json, const Value& group) {
  Value value(rapidjson::kObjectType);
  json.put(value, "type", Value("groups"));
  json.put(value, "id", json.copy(group["id"]));
  return value;
}

Value group_value(Json& json, const Value& group, const Value* parent) {
  Value attributes(rapidjson::kObjectType), relationships(rapidjson::kObjectType),
      groups(rapidjson::kObjectType), above(rapidjson::kObjectType), data(rapidjson::kObjectType);
  json.put(attributes, "path", json.copy(group["path"]));
  json.put(attributes, "name", json.copy(group["name"]));
  Value checks(rapidjson::kArrayType);
  for (const Value& check : group["checks"].GetArray()) {
    Value item(rapidjson::kObjectType);
    for (const char* key : {"id", "path", "name", "passes", "fails"}) {
      json.put(item, key, json.copy(check[key]));
    }
    checks.PushBack(item, json.allocator());
  }
  json.put(attributes, "checks", checks.Empty() ? Value() : std::move(checks));
  Value list(rapidjson::kArrayType);
  for (const Value& inner : group["groups"].GetArray()) {
    list.PushBack(reference(json, inner), json.allocator());
  }
  json.put(groups, "data", std::move(list));
  json.put(above, "data", parent ? reference(json, *parent) : Value());
  json.put(relationships, "groups", std::move(groups));
  json.put(relationships, "parent", std::move(above));
  json.put(data, "type", Value("groups"));
  json.put(data, "id", json.copy(group["id"]));
  json.put(data, "attributes", std::move(attributes));
  json.put(data, "relationships", std::move(relationships));
  return data;
}

RestAnswer groups_answer(RestSubject& subject, std::string_view id) {
  auto root = subject.root_group();
  if (!root) return failure(500, "Encoding error", root.error().message(), kPlain);
  rapidjson::Document document;
  if (auto parsed = options::parse_json(*root, document); !parsed) {
    return failure(500, "Encoding error", parsed.error().message(), kPlain);
  }
  Json json;
  Value list(rapidjson::kArrayType);
  struct Open {
    const Value* group;
    const Value* parent;
  };
  // Parents before their children, without recursion: a script decides the depth.
  std::vector<Open> open{{&document, nullptr}};
  while (!open.empty()) {
    Open next = open.back();
    open.pop_back();
    if (!id.empty() && options::text_of((*next.group)["id"]) == id) {
      return json.answer(group_value(json, *next.group, next.parent), kPlain);
    }
    if (id.empty()) list.PushBack(group_value(json, *next.group, next.parent), json.allocator());
    const Value& inner = (*next.group)["groups"];
    for (rapidjson::SizeType i = inner.Size(); i-- > 0;) open.push_back({&inner[i], next.group});
  }
  if (!id.empty()) return failure(404, "Not Found", "No group with that ID was found", kPlain);
  return json.answer(std::move(list), kPlain);
}

RestAnswer setup_answer(const std::optional<std::string>& setup_data) {
  // The data goes out as the script gave it.
  return {200, "application/json",
          "{\"data\":{\"type\":\"setupData\",\"id\":\"default\",\"attributes\":{" +
              (setup_data ? "\"data\":" + *setup_data : std::string()) + "}}}"};
}

RestAnswer put_setup(RestSubject& subject, std::string_view body) {
  if (!body.empty()) {
    rapidjson::Document document;
    if (auto parsed = options::parse_json(body, document); !parsed) {
      return failure(400, "Error parsing request body", parsed.error().message(),
                     "application/json");
    }
  }
  subject.set_setup_data(body.empty() ? std::nullopt : std::optional(std::string(body)));
  return setup_answer(subject.setup_data());
}

}  // namespace

RestAnswer rest_answer(RestSubject& subject, std::string_view method, std::string_view path,
                       std::string_view body) {
  const RestAnswer not_allowed{405, "", ""};
  if (path == "/v1/status") {
    if (method == "GET") return status_answer(subject.status());
    return method == "PATCH" ? patch_status(subject, body) : not_allowed;
  }
  for (auto [prefix, answer] :
       {std::pair<std::string_view, RestAnswer (*)(RestSubject&, std::string_view)>{"/v1/metrics",
                                                                                    metrics_answer},
        {"/v1/groups", groups_answer}}) {
    if (path != prefix && !(path.starts_with(prefix) && path[prefix.size()] == '/')) continue;
    if (method != "GET") return not_allowed;
    return answer(subject, path == prefix ? std::string_view() : path.substr(prefix.size() + 1));
  }
  if (path == "/v1/setup") {
    if (method == "GET") return setup_answer(subject.setup_data());
    if (method == "PUT") return put_setup(subject, body);
    if (method != "POST") return not_allowed;
    if (auto called = subject.call_setup(); !called) {
      return failure(500, "Error executing setup", called.error().message(), kPlain);
    }
    return setup_answer(subject.setup_data());
  }
  if (path == "/v1/teardown") {
    if (method != "POST") return not_allowed;
    if (auto called = subject.call_teardown(); !called) {
      return failure(500, "Error executing teardown", called.error().message(), kPlain);
    }
    return {200, "", ""};
  }
  if (path == "/" || path == "/ping") return {200, std::string(kPlain), "ok"};
  return {404, std::string(kPlain), "404 page not found\n"};
}

struct RestApi::Impl {
  std::unique_ptr<bia::http::Server> server;
};

RestApi::RestApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RestApi::~RestApi() = default;

Result<std::unique_ptr<RestApi>> RestApi::start(const std::string& address,
                                                bia::fiber::ThreadGroup& threads,
                                                RestSubject& subject) {
  bia::fiber::Scheduler& home = bia::fiber::Scheduler::current();
  auto handler = [&home, &subject](bia::http::ServerRequest& request,
                                   bia::http::ServerResponse& response) {
    auto body = request.body();
    if (!body) return response.set_status(400);
    RestAnswer answer;
    auto ask = [&] { answer = rest_answer(subject, request.method_text(), request.path(), *body); };
    // Connections may come in on any thread; the run is the control thread's.
    if (auto called = exec::call_on(home, ask); !called) return response.set_status(503);
    response.set_status(answer.status);
    if (!answer.content_type.empty()) response.add_header("Content-Type", answer.content_type);
    // As Go's http.NotFound.
    if (answer.status == 404) response.add_header("X-Content-Type-Options", "nosniff");
    response.body() += answer.body;
  };
  auto impl = std::make_unique<Impl>();
  bia::http::ServerOptions options;
  options.address = address;
  impl->server = BIA_TRY(bia::http::Server::create(threads, options, handler));
  BIA_TRY(impl->server->start());
  return std::unique_ptr<RestApi>(new RestApi(std::move(impl)));
}

void RestApi::stop() { impl_->server->stop(bia::Deadline::after(std::chrono::seconds(1))); }

}  // namespace zelus::run
