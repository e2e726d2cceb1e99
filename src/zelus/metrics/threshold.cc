#include "zelus/metrics/threshold.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "zelus/metrics/go_float.h"
#include "zelus/metrics/snapshot.h"

namespace zelus::metrics {
namespace {

using Method = ThresholdExpression::Method;
using Operator = ThresholdExpression::Operator;

constexpr unsigned on(MetricType type) { return 1u << static_cast<unsigned>(type); }

/// The aggregations, and which types of metric have them.
struct Aggregation {
  std::string_view name;
  Method method;
  unsigned types;
};
constexpr Aggregation kAggregations[] = {
    {"count", Method::kCount, on(MetricType::kCounter)},
    {"rate", Method::kRate, on(MetricType::kCounter) | on(MetricType::kRate)},
    {"value", Method::kValue, on(MetricType::kGauge)},
    {"avg", Method::kAvg, on(MetricType::kTrend)},
    {"min", Method::kMin, on(MetricType::kTrend)},
    {"max", Method::kMax, on(MetricType::kTrend)},
    {"med", Method::kMed, on(MetricType::kTrend)},
    {"p", Method::kPercentile, on(MetricType::kTrend)},
};

const Aggregation& aggregation_of(Method method) {
  return *std::find_if(std::begin(kAggregations), std::end(kAggregations),
                       [method](const Aggregation& one) { return one.method == method; });
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

Result<void> check_supported(const Threshold& threshold, const std::string& metric_name,
                             const Metric& metric) {
  const Aggregation& asked = aggregation_of(threshold.expression.method);
  if ((asked.types & on(metric.type)) != 0) return {};
  std::vector<std::string_view> possible;
  for (const Aggregation& one : kAggregations) {
    if ((one.types & on(metric.type)) != 0) possible.push_back(one.name);
  }
  return invalid(
      fmt::format("invalid threshold {} applied on metric {}; reason: unsupported aggregation "
                  "method {} on metric of type {}. supported aggregation "
                  "methods for this metric are: {}",
                  go_quote(threshold.spec.expression), metric_name, asked.name,
                  type_name(metric.type), fmt::join(possible, ", ")));
}

std::vector<Tag> parse_submetric_tags(std::string_view key_values) {
  std::vector<Tag> tags;
  while (!key_values.empty()) {
    size_t comma = std::min(key_values.find(','), key_values.size());
    std::string_view pair = key_values.substr(0, comma);
    key_values.remove_prefix(std::min(comma + 1, key_values.size()));
    if (pair.empty()) continue;
    size_t colon = std::min(pair.find(':'), pair.size());
    std::string key(trim_quotes(bia::trim_space(pair.substr(0, colon))));
    std::string value(trim_quotes(bia::trim_space(pair.substr(std::min(colon + 1, pair.size())))));
    std::erase_if(tags, [&key](const Tag& tag) { return tag.first == key; });
    tags.emplace_back(std::move(key), std::move(value));
  }
  std::sort(tags.begin(), tags.end());
  return tags;
}

/// "p(95) <= 400" cut at its operator.
struct Parts {
  std::string_view left;
  std::string_view op;
  std::string_view right;
};

// The operator is what the first run of operator characters ends with; what stands before it in the
// run ("rate!==1") is the left side's mistake.
std::optional<Parts> split_expression(std::string_view text) {
  size_t begin = text.find_first_of("<>=!");
  if (begin == std::string_view::npos) return std::nullopt;
  size_t end = std::min(text.find_first_not_of("<>=!", begin), text.size());
  std::string_view run = text.substr(begin, end - begin);
  if (end == text.size()) return std::nullopt;
  for (std::string_view op : {"===", "==", "<=", ">=", "!=", "<", ">"}) {
    if (!run.ends_with(op)) continue;
    return Parts{bia::trim_space(text.substr(0, end - op.size())), op,
                 bia::trim_space(text.substr(end))};
  }
  return std::nullopt;
}

Operator operator_of(std::string_view op) {
  switch (op[0]) {
    case '<':
      return op.size() > 1 ? Operator::kLessEqual : Operator::kLess;
    case '>':
      return op.size() > 1 ? Operator::kGreaterEqual : Operator::kGreater;
    case '!':
      return Operator::kNotEqual;
    default:
      return Operator::kEqual;
  }
}

// Errors: the reason alone.
Result<void> parse_aggregation(std::string_view text, ThresholdExpression& expression) {
  for (const Aggregation& one : kAggregations) {
    if (one.name == text) {
      expression.method = one.method;
      return {};
    }
  }
  if (text.size() < 3 || !text.starts_with("p(") || text.back() != ')')
    return invalid("failed parsing method from expression");
  Result<double> percentile = parse_go_float(text.substr(2, text.size() - 3));
  if (!percentile)
    return invalid("malformed percentile value; reason: " + percentile.error().message());
  if (!(*percentile >= 0 && *percentile <= 100))
    return invalid("malformed percentile value, provide a number between 0 and 100");
  expression.method = Method::kPercentile;
  expression.percentile = *percentile;
  return {};
}

}  // namespace

std::string ThresholdExpression::key() const {
  if (method == Method::kPercentile) return fmt::format("p({})", format_go_g(percentile));
  return std::string(aggregation_of(method).name);
}

Result<ThresholdExpression> parse_threshold(std::string_view text) {
  // "expresion" is k6's spelling.
  auto failed = [text](std::string_view what, std::string_view side, std::string_view reason) {
    return invalid(fmt::format("failed parsing threshold {} {}{}; reason: {}", what, go_quote(text),
                               side, reason));
  };
  std::optional<Parts> parts = split_expression(text);
  if (!parts) return failed("expression", "", "malformed threshold expression");
  ThresholdExpression expression;
  if (Result<void> parsed = parse_aggregation(parts->left, expression); !parsed)
    return failed("expression's", " left hand side", parsed.error().message());
  Result<double> value = parse_go_float(parts->right);
  if (!value) return failed("expresion's", " right hand side", value.error().message());
  expression.op = operator_of(parts->op);
  expression.value = *value;
  return expression;
}

Result<ParsedMetricName> parse_metric_name(std::string_view text) {
  auto failed = [](std::string_view what, std::string_view why) {
    return invalid(fmt::format("parsing metric name failed, metric {} {}", go_quote(what), why));
  };
  std::string_view rest = text;
  size_t name_size = rest.find_first_of("{}");
  ParsedMetricName parsed{std::string(rest.substr(0, name_size)), {}};
  if (name_size == std::string_view::npos) return parsed;
  rest.remove_prefix(name_size);
  if (rest.find('{') == std::string_view::npos || rest.find('}') == std::string_view::npos)
    return failed(text, "has unmatched opening/close curly brace");
  if (rest.rfind('}') < rest.find('{'))
    return failed(text, "closing curly brace appears before opening one");
  // "}" before "{" and again at the end: the name ends at "{", as the checks below see it.
  if (rest.front() == '}') {
    size_t open = text.find('{');
    parsed.name = text.substr(0, open);
    rest = text.substr(open);
  }
  if (rest.back() != '}') return failed(text, "lacks a closing curly brace in its last position");
  rest = rest.substr(1, rest.size() - 2);
  for (bool more = true; more;) {
    size_t comma = rest.find(',');
    std::string_view tag = rest.substr(0, comma);
    size_t colon = tag.find(':');
    if (colon == std::string_view::npos || colon + 1 == tag.size())
      return failed(tag, "tag expression is malformed");
    parsed.tags.emplace_back(bia::trim_space(tag));
    more = comma != std::string_view::npos;
    rest.remove_prefix(more ? comma + 1 : rest.size());
  }
  return parsed;
}

int Thresholds::add_submetric(MetricId metric, std::string_view key_values) {
  key_values = bia::trim_space(key_values);
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
      auto condition = BIA_TRY(parse_threshold(spec.expression));
      entry.thresholds.push_back({spec, condition, false});
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
