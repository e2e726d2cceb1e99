#pragma once
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/time.h"
#include "zelus/metrics/metric.h"
#include "zelus/metrics/sink.h"
#include "zelus/metrics/tags.h"
#include "zelus/options/options.h"

namespace zelus::metrics {

/// As option `thresholds` gives them: "http_req_duration{scenario:shop}" → its expressions, sorted
/// by metric.
using options::ThresholdSpec;
using ThresholdSpecs = options::ThresholdMap;

/// A parsed expression: `p(95) < 500`.
struct ThresholdExpression {
  enum class Method : uint8_t {
    kCount,
    kRate,
    kValue,
    kAvg,
    kMin,
    kMax,
    kMed,
    kPercentile
  } method = Method::kCount;
  double percentile = 0;
  enum class Operator : uint8_t {
    kLessEqual,
    kLess,
    kGreaterEqual,
    kGreater,
    kEqual,
    kNotEqual
  } op = Operator::kLess;
  double value = 0;
  /// "p(95)", "count", …: the key of the value in summaries.
  std::string key() const;
};
/// Errors: kInvalidArgument with k6's texts.
Result<ThresholdExpression> parse_threshold(std::string_view text);

struct Threshold {
  ThresholdSpec spec;
  ThresholdExpression expression;
  bool failed = false;
};

/// `metric{tag:value,…}` of a threshold, or an implicit one.
struct Submetric {
  std::string name;    ///< "http_req_duration{scenario:shop}"
  std::string suffix;  ///< "scenario:shop", as written
  std::vector<Tag> tags;
};

/// "name{a:b}" → "name" and its tag expressions "a:b", trimmed. Errors: kInvalidArgument with k6's
/// texts.
struct ParsedMetricName {
  std::string name;
  std::vector<std::string> tags;
};
Result<ParsedMetricName> parse_metric_name(std::string_view text);

class Snapshot;

/// All thresholds of a run, and the submetrics that they (and k6) ask for.
class Thresholds {
 public:
  /// Of one metric or submetric.
  struct Entry {
    std::string name;  ///< as written
    MetricId metric = kNoMetric;
    int submetric = -1;  ///< index into `submetrics(metric)`, or -1
    std::vector<Threshold> thresholds;
  };

  /// `registry` is the one after the init pass. `expected_response`: whether the implicit
  /// http_req_duration{expected_response:true} is wanted. Errors: k6's texts, all of
  /// kInvalidArgument (exit code 104).
  static Result<Thresholds> create(const ThresholdSpecs& specs, const Registry& registry,
                                   SystemTags system_tags);
  /// No thresholds, only submetrics: those named in `specs` that exist, and the implicit one
  /// (--no-thresholds). What is wrong with the specs becomes warnings, as in k6.
  static Thresholds none(const ThresholdSpecs& specs, const Registry& registry,
                         SystemTags system_tags);
  /// For the log.
  const std::vector<std::string>& warnings() const { return warnings_; }

  const std::vector<Entry>& entries() const { return entries_; }
  const std::map<MetricId, std::vector<Submetric>>& submetrics() const { return submetrics_; }
  bool empty() const { return entries_.empty(); }

  struct Verdict {
    /// Names of those crossed, sorted.
    std::vector<std::string> crossed;
    bool abort = false;
  };
  /// `kRunning` leaves out metrics without samples; `kFinal` takes them as k6 does (counters are 0,
  /// a rate passes).
  enum class When { kRunning, kFinal };
  Verdict evaluate(const Snapshot& snapshot, bia::Duration elapsed, When when);

 private:
  /// The index of the submetric with these tags, added when new.
  int add_submetric(MetricId metric, std::string_view key_values);
  void add_implicit(const Registry& registry, SystemTags system_tags);
  std::vector<Entry> entries_;
  std::vector<std::string> warnings_;
  bool abort_ = false;
  std::map<MetricId, std::vector<Submetric>> submetrics_;
};

/// The value an expression looks at; nullopt for a rate without samples.
std::optional<double> threshold_value(const ThresholdExpression& expression, const Sink& sink,
                                      bia::Duration elapsed);

}  // namespace zelus::metrics
