#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/time.h"
#include "zelus/metrics/snapshot.h"
#include "zelus/metrics/threshold.h"

namespace zelus::summary {

using bia::Result;

enum class Mode { kCompact, kFull, kLegacy, kDisabled };
/// k6: --summary-mode. Errors: "invalid summary mode".
Result<Mode> parse_mode(std::string_view text);

struct Options {
  Mode mode = Mode::kCompact;
  /// Checked before (parse_trend_stat).
  std::vector<std::string> trend_stats = {"avg", "min", "med", "max", "p(90)", "p(95)"};
  /// "", "s", "ms", "us".
  std::string time_unit;
  bool no_color = false;
  bool stdout_is_tty = false;
  bool stderr_is_tty = false;
  /// Said above the results: durations count from when an iteration was due.
  bool latency_from_due = false;
};

/// What a run leaves behind. The snapshot has Detail::kSeries; `thresholds` were evaluated on it.
struct Input {
  const metrics::Snapshot& snapshot;
  const metrics::Thresholds& thresholds;
  /// From before setup to after teardown.
  bia::Duration duration;
  Options options;
  /// JSON that setup() returned; none where there was no setup.
  std::optional<std::string> setup_data;
};

/// Text for stdout, from its first newline to its last; coloured for a terminal. Empty for
/// kDisabled.
std::string text_summary(const Input& input);

/// JSON of the object that handleSummary(data) receives (k6's shape in all modes but
/// machine-readable).
std::string handle_summary_data(const Input& input);
/// k6: --summary-export; four spaces of indentation.
std::string summary_export(const Input& input);
/// k6: --new-machine-readable-summary; `script` is the whole source text, `generated_at` RFC 3339.
struct MachineReadable {
  std::string script;
  std::string generated_at;
  std::string version;
};
std::string machine_readable_summary(const Input& input, const MachineReadable& about);

}  // namespace zelus::summary
