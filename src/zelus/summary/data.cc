#include <fmt/format.h>
#include <openssl/evp.h>
#include <rapidjson/document.h>

#include <map>

#include "zelus/summary/json_text.h"
#include "zelus/summary/model.h"

namespace zelus::summary {
namespace {

using Json = rapidjson::Value;
using rapidjson::kArrayType;
using rapidjson::kObjectType;

enum class Shape { kData, kExport };

std::string md5_hex(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  std::string hex;
  if (EVP_Digest(text.data(), text.size(), digest, &size, EVP_md5(), nullptr) != 1) return hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

class Builder {
 public:
  explicit Builder(const Input& input) : input_(input) {}

  std::string data() {
    document_.SetObject();
    put(document_, "root_group", group(group_tree(input_), "", Shape::kData));
    put(document_, "options", options());
    put(document_, "state", state());
    put(document_, "metrics", metrics(Shape::kData));
    put_setup_data();
    return json_stringify(document_, 0);
  }

  std::string exported() {
    document_.SetObject();
    put(document_, "root_group", group(group_tree(input_), "", Shape::kExport));
    put(document_, "metrics", metrics(Shape::kExport));
    put_setup_data();
    return json_stringify(document_, 4);
  }

  std::string machine_readable(const MachineReadable& about) {
    Model model = make_model(input_);
    document_.SetObject();
    Json config(kObjectType);
    put(config, "duration", Json(std::chrono::duration<double>(input_.duration).count()));
    put(config, "execution", text("local"));
    put(config, "script", text(about.script));
    put(document_, "config", std::move(config));
    Json metadata(kObjectType);
    put(metadata, "generated_at", text(about.generated_at));
    put(metadata, "k6_version", text(about.version));
    put(document_, "metadata", std::move(metadata));
    Json results(kObjectType);
    if (const MetricRow* checks = model.total.find("checks"))
      put(results, "checks", machine_checks(*checks, model.total.checks));
    Json list(kArrayType);
    for (const MetricRow& row : model.total.metrics) {
      if (hidden_metric(row.name, input_.options.mode)) continue;
      list.PushBack(machine_metric(row), allocator());
    }
    put(results, "metrics", std::move(list));
    put(document_, "results", std::move(results));
    put(document_, "version", text("1.0.0"));
    return json_stringify(document_, 4);
  }

 private:
  rapidjson::Document::AllocatorType& allocator() { return document_.GetAllocator(); }
  Json text(std::string_view value) {
    return Json(value.data(), static_cast<rapidjson::SizeType>(value.size()), allocator());
  }
  void put(Json& object, std::string_view key, Json value) {
    object.AddMember(text(key), value, allocator());
  }

  void put_setup_data() {
    if (!input_.setup_data) return;
    rapidjson::Document parsed(&allocator());
    parsed.Parse(input_.setup_data->data(), input_.setup_data->size());
    if (parsed.HasParseError()) return;
    Json value;
    value.Swap(parsed);
    put(document_, "setup_data", std::move(value));
  }

  Json group(const Block& block, const std::string& path, Shape shape) {
    bool by_name = shape == Shape::kExport;
    Json groups(by_name ? kObjectType : kArrayType);
    for (const Block& sub : block.groups) {
      Json one = group(sub, path + "::" + sub.name, shape);
      by_name ? put(groups, sub.name, std::move(one)) : void(groups.PushBack(one, allocator()));
    }
    Json checks(by_name ? kObjectType : kArrayType);
    for (const CheckCount& check : block.checks) {
      Json one(kObjectType);
      std::string check_path = path + "::" + check.name;
      put(one, "name", text(check.name));
      put(one, "path", text(check_path));
      put(one, "id", text(md5_hex(check_path)));
      put(one, "passes", Json(check.passes));
      put(one, "fails", Json(check.fails));
      by_name ? put(checks, check.name, std::move(one)) : void(checks.PushBack(one, allocator()));
    }
    Json object(kObjectType);
    put(object, "name", text(block.name));
    put(object, "path", text(path));
    put(object, "id", text(md5_hex(path)));
    put(object, "groups", std::move(groups));
    put(object, "checks", std::move(checks));
    return object;
  }

  Json options() {
    Json stats(kArrayType);
    for (const std::string& stat : input_.options.trend_stats)
      stats.PushBack(text(stat), allocator());
    Json object(kObjectType);
    put(object, "summaryTrendStats", std::move(stats));
    put(object, "summaryTimeUnit", text(input_.options.time_unit));
    put(object, "noColor", Json(input_.options.no_color));
    return object;
  }

  Json state() {
    Json object(kObjectType);
    put(object, "isStdOutTTY", Json(input_.options.stdout_is_tty));
    put(object, "isStdErrTTY", Json(input_.options.stderr_is_tty));
    put(object, "testRunDurationMs", Json(static_cast<double>(input_.duration.count()) / 1e6));
    return object;
  }

  Json metrics(Shape shape) {
    Json all(kObjectType);
    for (const Observed& one : observed_metrics(input_)) {
      Json values(kObjectType);
      for (const auto& [name, value] : metric_values(one.row, input_)) {
        bool renamed =
            shape == Shape::kExport && one.row.type == metrics::MetricType::kRate && name == "rate";
        put(values, renamed ? "value" : name, Json(value));
      }
      Json thresholds(kObjectType);
      if (one.thresholds != nullptr) {
        // Of equal expressions the last counts, as in k6's map.
        std::map<std::string, bool> failed;
        for (const metrics::Threshold& threshold : *one.thresholds)
          failed[threshold.spec.expression] = threshold.failed;
        for (const auto& [expression, crossed] : failed)
          put(thresholds, expression, verdict(crossed, shape));
      }
      if (shape == Shape::kExport) {
        if (thresholds.MemberCount() > 0) put(values, "thresholds", std::move(thresholds));
        put(all, one.row.name, std::move(values));
        continue;
      }
      Json metric(kObjectType);
      put(metric, "type", text(metrics::type_name(one.row.type)));
      put(metric, "contains", text(metrics::contains_name(one.row.contains)));
      put(metric, "values", std::move(values));
      if (thresholds.MemberCount() > 0) put(metric, "thresholds", std::move(thresholds));
      put(all, one.row.name, std::move(metric));
    }
    return all;
  }

  // In the export true means crossed: that is how k6 always had it.
  Json verdict(bool crossed, Shape shape) {
    if (shape == Shape::kExport) return Json(crossed);
    Json ok(kObjectType);
    put(ok, "ok", Json(!crossed));
    return ok;
  }

  Json machine_checks(const MetricRow& checks, const std::vector<CheckCount>& counts) {
    metrics::Sink total(metrics::MetricType::kCounter);
    total.add(static_cast<double>(checks.sink.count()), 0);
    Json list(kArrayType);
    list.PushBack(machine_metric({"checks_total", metrics::MetricType::kCounter,
                                  metrics::Contains::kDefault, total}),
                  allocator());
    list.PushBack(machine_metric({"checks_failed", metrics::MetricType::kRate,
                                  metrics::Contains::kDefault, checks.sink.inverted()}),
                  allocator());
    list.PushBack(machine_metric({"checks_succeeded", metrics::MetricType::kRate,
                                  metrics::Contains::kDefault, checks.sink}),
                  allocator());
    Json results(kArrayType);
    for (const CheckCount& count : counts) {
      Json one(kObjectType);
      put(one, "fails", Json(count.fails));
      put(one, "name", text(count.name));
      put(one, "passes", Json(count.passes));
      results.PushBack(one, allocator());
    }
    Json object(kObjectType);
    put(object, "metrics", std::move(list));
    put(object, "results", std::move(results));
    return object;
  }

  Json machine_metric(const MetricRow& row) {
    std::map<std::string, double> given;
    for (const auto& [name, value] : metric_values(row, input_)) given[name] = value;
    Json values(kObjectType);
    // Keys are sorted; what the schema does not know is left out.
    static constexpr std::pair<std::string_view, std::string_view> kTrendKeys[] = {
        {"avg", "avg"}, {"max", "max"},   {"med", "med"},
        {"min", "min"}, {"p90", "p(90)"}, {"p95", "p(95)"}};
    switch (row.type) {
      case metrics::MetricType::kCounter:
        put(values, "count", Json(given["count"]));
        break;
      case metrics::MetricType::kGauge:
        for (std::string_view key : {"max", "min", "value"})
          put(values, key, Json(given[std::string(key)]));
        break;
      case metrics::MetricType::kRate:
        put(values, "matches", Json(row.sink.trues()));
        put(values, "rate", Json(given["rate"]));
        put(values, "total", Json(row.sink.count()));
        break;
      case metrics::MetricType::kTrend:
        for (const auto& [key, stat] : kTrendKeys) {
          if (auto found = given.find(std::string(stat)); found != given.end())
            put(values, key, Json(found->second));
        }
        break;
    }
    Json object(kObjectType);
    put(object, "contains", text(metrics::contains_name(row.contains)));
    put(object, "name", text(row.name));
    put(object, "type", text(metrics::type_name(row.type)));
    put(object, "values", std::move(values));
    return object;
  }

  const Input& input_;
  rapidjson::Document document_;
};

}  // namespace

std::string handle_summary_data(const Input& input) { return Builder(input).data(); }
std::string summary_export(const Input& input) { return Builder(input).exported(); }
std::string machine_readable_summary(const Input& input, const MachineReadable& about) {
  return Builder(input).machine_readable(about);
}

}  // namespace zelus::summary
