#include "zelus/metrics/threshold.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/metrics/go_float.h"
#include "zelus/metrics/snapshot.h"

namespace zelus::metrics {
namespace {

using Method = ThresholdExpression::Method;
using Operator = ThresholdExpression::Operator;

constexpr std::pair<std::string_view, Method> kMethods[] = {
    {"value", Method::kValue}, {"count", Method::kCount},  {"rate", Method::kRate},
    {"avg", Method::kAvg},     {"min", Method::kMin},      {"med", Method::kMed},
    {"max", Method::kMax},     {"p", Method::kPercentile},
};

// Tried in this order, as k6 does: "<=" before "<".
constexpr std::pair<std::string_view, Operator> kOperators[] = {
    {"<=", Operator::kLessEqual}, {"<", Operator::kLess},    {">=", Operator::kGreaterEqual},
    {">", Operator::kGreater},    {"===", Operator::kEqual}, {"==", Operator::kEqual},
    {"!=", Operator::kNotEqual},
};

std::string_view method_name(Method method) {
  for (const auto& [name, value] : kMethods) {
    if (value == method) return name;
  }
  return "";
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\r\v\f";
  size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view trim_quotes(std::string_view text) {
  while (!text.empty() && (text.front() == '"' || text.front() == '\'')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == '"' || text.back() == '\'')) text.remove_suffix(1);
  return text;
}

bia::Error invalid(std::string message) {
  return bia::Error(bia::Code::kInvalidArgument, "BAD_THRESHOLD", std::move(message));
}

bool passes(const ThresholdExpression& expression, double left) {
  switch (expression.op) {
    case Operator::kLessEqual:
      return left <= expression.value;
    case Operator::kLess:
      return left < expression.value;
    case Operator::kGreaterEqual:
      return left >= expression.value;
    case Operator::kGreater:
      return left > expression.value;
    case Operator::kEqual:
      return left == expression.value;
    case Operator::kNotEqual:
      return left != expression.value;
  }
  return false;
}

std::vector<Method> supported(MetricType type) {
  switch (type) {
    case MetricType::kCounter:
      return {Method::kCount, Method::kRate};
    case MetricType::kGauge:
      return {Method::kValue};
    case MetricType::kRate:
      return {Method::kRate};
    case MetricType::kTrend:
      return {Method::kAvg, Method::kMin, Method::kMax, Method::kMed, Method::kPercentile};
  }
  return {};
}

Result<void> check_supported(const Threshold& threshold, const std::string& metric_name,
                             const Metric& metric) {
  std::vector<Method> methods = supported(metric.type);
  if (std::find(methods.begin(), methods.end(), threshold.expression.method) != methods.end())
    return {};
  std::string list;
  for (Method method : methods)
    list += (list.empty() ? "" : ", ") + std::string(method_name(method));
  return invalid(
      fmt::format("invalid threshold {} applied on metric {}; reason: unsupported aggregation "
                  "method {} on metric of type {}. supported aggregation "
                  "methods for this metric are: {}",
                  go_quote(threshold.spec.expression), metric_name,
                  method_name(threshold.expression.method), type_name(metric.type), list));
}

std::vector<Tag> parse_submetric_tags(std::string_view key_values) {
  std::vector<Tag> tags;
  while (!key_values.empty()) {
    size_t comma = std::min(key_values.find(','), key_values.size());
    std::string_view pair = key_values.substr(0, comma);
    key_values.remove_prefix(std::min(comma + 1, key_values.size()));
    if (pair.empty()) continue;
    size_t colon = std::min(pair.find(':'), pair.size());
    std::string key(trim_quotes(trim(pair.substr(0, colon))));
    std::string value(trim_quotes(trim(pair.substr(std::min(colon + 1, pair.size())))));
    std::erase_if(tags, [&key](const Tag& tag) { return tag.first == key; });
    tags.emplace_back(std::move(key), std::move(value));
  }
  std::sort(tags.begin(), tags.end());
  return tags;
}

}  // namespace

std::string ThresholdExpression::key() const {
  if (method == Method::kPercentile) return fmt::format("p({})", format_go_g(percentile));
  return std::string(method_name(method));
}

Result<ThresholdExpression> parse_threshold(std::string_view text) {
  ThresholdExpression expression;
  std::string_view left;
  std::string_view right;
  bool found = false;
  for (const auto& [token, op] : kOperators) {
    size_t at = text.find(token);
    if (at == std::string_view::npos || at + token.size() == text.size()) continue;
    left = trim(text.substr(0, at));
    right = trim(text.substr(at + token.size()));
    expression.op = op;
    found = true;
    break;
  }
  if (!found)
    return invalid(fmt::format(
        "failed parsing threshold expression {}; reason: malformed threshold expression",
        go_quote(text)));

  auto left_error = [&](std::string_view reason) {
    return invalid(
        fmt::format("failed parsing threshold expression's {} left hand side; reason: {}",
                    go_quote(text), reason));
  };
  found = false;
  for (const auto& [name, method] : kMethods) {
    if (name != left) continue;
    expression.method = method;
    found = true;
  }
  if (!found) {
    if (!left.starts_with("p(") || !left.ends_with(")"))
      return left_error("failed parsing method from expression");
    Result<double> percentile = parse_go_float(left.substr(2, left.size() - 3));
    if (!percentile)
      return left_error("malformed percentile value; reason: " + percentile.error().message());
    expression.method = Method::kPercentile;
    expression.percentile = *percentile;
  }
  Result<double> value = parse_go_float(right);
  if (!value) {
    // "expresion" is k6's spelling.
    return invalid(
        fmt::format("failed parsing threshold expresion's {} right hand side; reason: {}",
                    go_quote(text), value.error().message()));
  }
  expression.value = *value;
  return expression;
}

Result<ParsedMetricName> parse_metric_name(std::string_view text) {
  size_t open = text.find('{');
  size_t close = text.rfind('}');
  bool opens = open != std::string_view::npos;
  bool closes = close != std::string_view::npos;
  auto failed = [](std::string_view what, std::string_view why) {
    return invalid(fmt::format("parsing metric name failed, metric {} {}", go_quote(what), why));
  };
  if (!opens && !closes) return ParsedMetricName{std::string(text), {}};
  if (opens != closes) return failed(text, "has unmatched opening/close curly brace");
  if (close < open) return failed(text, "closing curly brace appears before opening one");
  if (close + 1 != text.size())
    return failed(text, "lacks a closing curly brace in its last position");
  ParsedMetricName parsed{std::string(text.substr(0, open)), {}};
  std::string_view inner = text.substr(open + 1, close - open - 1);
  for (;;) {
    size_t comma = std::min(inner.find(','), inner.size());
    std::string_view tag = inner.substr(0, comma);
    size_t colon = tag.find(':');
    if (colon == std::string_view::npos || colon + 1 == tag.size())
      return failed(tag, "tag expression is malformed");
    parsed.tags.emplace_back(trim(tag));
    if (comma == inner.size()) return parsed;
    inner.remove_prefix(comma + 1);
  }
}

int Thresholds::add_submetric(MetricId metric, std::string_view key_values) {
  key_values = trim(key_values);
  std::vector<Tag> tags = parse_submetric_tags(key_values);
  std::vector<Submetric>& known = submetrics_[metric];
  for (size_t i = 0; i < known.size(); ++i) {
    if (known[i].tags == tags) return static_cast<int>(i);
  }
  known.push_back({"", std::string(key_values), std::move(tags)});
  return static_cast<int>(known.size() - 1);
}

void Thresholds::add_implicit(const Registry& registry, SystemTags system_tags) {
  if (system_tags.has(SystemTag::kExpectedResponse))
    add_submetric(kHttpReqDuration, "expected_response:true");
  for (auto& [metric, list] : submetrics_) {
    for (Submetric& submetric : list) {
      submetric.name = fmt::format("{}{{{}}}", registry[metric].name, submetric.suffix);
      for (const Tag& tag : submetric.tags) {
        if (tag.first != "vu" && tag.first != "iter") continue;
        warnings_.push_back(
            fmt::format("The high-cardinality '{}' metric tag was made non-indexable in k6 "
                        "v0.41.0, so thresholds like '{}' that are based on it won't "
                        "work correctly.",
                        tag.first, submetric.name));
      }
    }
  }
}

Result<Thresholds> Thresholds::create(const ThresholdSpecs& specs, const Registry& registry,
                                      SystemTags system_tags) {
  Thresholds all;
  for (const auto& [name, list] : specs) {
    Entry entry{name, kNoMetric, -1, {}};
    for (const ThresholdSpec& spec : list) {
      entry.thresholds.push_back({spec, BIA_TRY(parse_threshold(spec.expression)), false});
    }
    Result<ParsedMetricName> parsed = parse_metric_name(name);
    if (!parsed)
      return invalid("unable to validate threshold expressions; reason: " +
                     parsed.error().message());
    entry.metric = registry.id_of(parsed->name);
    if (entry.metric == kNoMetric) {
      return invalid(fmt::format("invalid threshold defined on {}; reason: no metric name {} found",
                                 name, go_quote(name)));
    }
    for (const Threshold& threshold : entry.thresholds)
      BIA_TRY(check_supported(threshold, name, registry[entry.metric]));
    if (!parsed->tags.empty()) {
      size_t open = name.find('{');
      entry.submetric = all.add_submetric(
          entry.metric, std::string_view(name).substr(open + 1, name.size() - open - 2));
    }
    all.entries_.push_back(std::move(entry));
  }
  all.add_implicit(registry, system_tags);
  return all;
}

Thresholds Thresholds::none(const ThresholdSpecs& specs, const Registry& registry,
                            SystemTags system_tags) {
  Thresholds all;
  for (const auto& [name, list] : specs) {
    Result<ParsedMetricName> parsed = parse_metric_name(name);
    MetricId metric = parsed ? registry.id_of(parsed->name) : kNoMetric;
    if (metric == kNoMetric) {
      all.warnings_.push_back(fmt::format("Invalid metric '{}' in threshold definitions", name));
    } else if (!parsed->tags.empty()) {
      size_t open = name.find('{');
      all.add_submetric(metric, std::string_view(name).substr(open + 1, name.size() - open - 2));
    }
  }
  all.add_implicit(registry, system_tags);
  return all;
}

std::optional<double> threshold_value(const ThresholdExpression& expression, const Sink& sink,
                                      bia::Duration elapsed) {
  switch (expression.method) {
    case Method::kCount:
    case Method::kValue:
      return sink.value();
    case Method::kRate:
      if (sink.type() == MetricType::kRate)
        return sink.empty() ? std::nullopt : std::optional(sink.rate());
      return sink.value() / std::chrono::duration<double>(elapsed).count();
    case Method::kAvg:
      return sink.avg();
    case Method::kMin:
      return sink.min();
    case Method::kMax:
      return sink.max();
    case Method::kMed:
      return sink.quantile(0.5);
    case Method::kPercentile:
      return sink.quantile(expression.percentile / 100);
  }
  return std::nullopt;
}

Thresholds::Verdict Thresholds::evaluate(const Snapshot& snapshot, bia::Duration elapsed,
                                         When when) {
  Verdict verdict;
  for (Entry& entry : entries_) {
    const Snapshot::MetricData& data = snapshot.metrics()[entry.metric];
    const Sink& sink = entry.submetric < 0
                           ? data.total
                           : data.submetrics[static_cast<size_t>(entry.submetric)].second;
    if (entry.thresholds.empty() || (when == When::kRunning && sink.empty())) continue;
    bool crossed = false;
    for (Threshold& threshold : entry.thresholds) {
      std::optional<double> value = threshold_value(threshold.expression, sink, elapsed);
      threshold.failed = value && !passes(threshold.expression, *value);
      if (!threshold.failed) continue;
      crossed = true;
      const ThresholdSpec& spec = threshold.spec;
      // Strictly greater, as k6 compares.
      if (spec.abort_on_fail && spec.delay_abort_eval < elapsed) abort_ = true;
    }
    if (crossed) {
      verdict.crossed.push_back(entry.name);
      verdict.abort = abort_;
    }
  }
  std::sort(verdict.crossed.begin(), verdict.crossed.end());
  return verdict;
}

}  // namespace zelus::metrics
