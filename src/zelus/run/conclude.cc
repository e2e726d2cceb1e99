// The end of a run: the last thresholds, handleSummary, the summary.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

#include "zelus/run/flag_tables.h"
#include "zelus/run/go_error.h"
#include "zelus/run/test_run.h"
#include "zelus/summary/report.h"

namespace zelus::run {

using bia::Code;
using bia::Deadline;
using bia::Duration;
using bia::Error;
using options::LogLevel;

namespace {

constexpr int kExitThresholds = 99;
constexpr Duration kSnapshotPatience = std::chrono::seconds(30);
constexpr Duration kSummaryTimeoutDefault = std::chrono::seconds(120);

std::string rfc3339_nano() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::tm utc{};
  ::gmtime_r(&now.tv_sec, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:09}Z", text, now.tv_nsec);
}

Result<void> write_file(const std::string& path, std::string_view bytes) {
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    return Error(Code::kUnknown, "OPEN",
                 fmt::format("could not open '{}': {}", path, go_open_error(path)));
  size_t done = 0;
  while (done < bytes.size()) {
    ssize_t written = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      Error failed(Code::kUnknown, "WRITE",
                   fmt::format("error saving summary to '{}' after {} bytes: {}", path, done,
                               std::strerror(errno)));
      ::close(fd);
      return failed;
    }
    done += static_cast<size_t>(written);
  }
  ::close(fd);
  return {};
}

}  // namespace

Result<void> TestRun::conclude(Result<void> result) {
  trapped_ = false;
  for (auto& helper : helpers_) helper.cancel();
  for (auto& helper : helpers_) helper.join().ignore("it ends by itself");
  helpers_.clear();
  setup_.log->log(LogLevel::kDebug, "Metrics emission of VUs and VUsMax metrics stopped");
  warn_of_series();
  warn_of_bottleneck();
  auto snapshot =
      aggregator_->snapshot(metrics::Detail::kSeries, Deadline::after(kSnapshotPatience));
  if (!snapshot) return result ? std::move(snapshot).error() : std::move(result);
  snapshot->sort_series();
  if (!test_.runtime.no_thresholds) {
    auto verdict =
        thresholds_->evaluate(*snapshot, state_->elapsed(), metrics::Thresholds::When::kFinal);
    if (!verdict.crossed.empty() && result) {
      result = options::with_exit(Error(Code::kFailedPrecondition, "THRESHOLDS_CROSSED",
                                        fmt::format("thresholds on metrics '{}' have been crossed",
                                                    fmt::join(verdict.crossed, ", "))),
                                  kExitThresholds);
    }
  }
  setup_.log->log(LogLevel::kDebug, fmt::format("Stopping {} outputs...", outputs_->size()),
                  {{"component", "output-manager"}});
  if (auto stopped = outputs_->stop(); !stopped) {
    setup_.log->log(LogLevel::kError, stopped.error().message());
  }
  print_summary(*snapshot);
  return result;
}

summary::Input TestRun::summary_input(const metrics::Snapshot& snapshot) const {
  summary::Options options;
  options.mode = test_.runtime.summary_mode;
  options.trend_stats = *options_.summary_trend_stats;
  options.time_unit = options_.summary_time_unit.value_or("");
  options.no_color = setup_.global->no_color;
  options.stdout_is_tty = setup_.terminal->out_is_tty();
  options.latency_from_due = test_.runtime.latency_from_due;
  options.stderr_is_tty = setup_.terminal->err_is_tty();
  std::optional<std::string> setup_data;
  if (engine_->setup_data()) setup_data = *engine_->setup_data();
  return summary::Input{snapshot, *thresholds_, state_->elapsed(), std::move(options),
                        std::move(setup_data)};
}

void TestRun::print_summary(const metrics::Snapshot& snapshot) {
  summary::Mode mode = test_.runtime.summary_mode;
  if (mode == summary::Mode::kDisabled) return;
  setup_.log->log(LogLevel::kDebug, "Generating the end-of-test summary...");
  summary::Input input = summary_input(snapshot);
  std::string machine_readable;
  if (test_.runtime.machine_readable) {
    machine_readable = summary::machine_readable_summary(
        input, {test_.source.text, rfc3339_nano(), std::string(kK6Version)});
  }
  std::optional<exec::SummaryFiles> replaced;
  std::string data;
  if (test_.info.has_handle_summary)
    data = machine_readable.empty() ? summary::handle_summary_data(input) : machine_readable;
  if (auto called = call_handle_summary(data, replaced); !called) {
    setup_.log->log(LogLevel::kError, "failed to handle the end-of-test summary",
                    {{"error", called.error().message()}});
    return;
  }
  exec::SummaryFiles files = replaced
                                 ? std::move(*replaced)
                                 : exec::SummaryFiles{{"stdout", summary::text_summary(input)}};
  if (!test_.runtime.summary_export.empty()) {
    files.emplace_back(test_.runtime.summary_export, machine_readable.empty()
                                                         ? summary::summary_export(input)
                                                         : machine_readable);
  }
  write_files(files);
}

/// Null where the script threw (which is logged) or returned nothing: the default summary is
/// printed then.
Result<void> TestRun::call_handle_summary(const std::string& data,
                                          std::optional<exec::SummaryFiles>& files) {
  Duration limit = options_.handle_summary_timeout.value_or(kSummaryTimeoutDefault);
  exec::Outcome outcome;
  auto called = engine_->with_passing_user(limit, [&](exec::User& user) {
    // As k6: the script's top level runs once for handleSummary even where there is none.
    if (test_.info.has_handle_summary) outcome = user.handle_summary(data, files);
  });
  if (!called && called.error().code() != Code::kDeadlineExceeded) return std::move(called).error();
  if (called && outcome.aborted_test) {
    setup_.log->log(LogLevel::kError, outcome.text);
    files.reset();
    return {};
  }
  if (!called || outcome.kind == exec::Outcome::Kind::kInterrupted) {
    return Error(Code::kDeadlineExceeded, "FUNCTION_TIMEOUT",
                 fmt::format("handleSummary() execution timed out after {:.0f} seconds",
                             std::chrono::duration<double>(limit).count()));
  }
  if (outcome.kind == exec::Outcome::Kind::kBadResult)
    return Error(Code::kInvalidArgument, "BAD_SUMMARY", outcome.text);
  if (outcome.kind == exec::Outcome::Kind::kOk) return {};
  if (outcome.rejection) {
    setup_.log->log(LogLevel::kError, outcome.text);
    return {};
  }
  setup_.log->log(LogLevel::kError, outcome.text,
                  {{"hint", "script exception"}, {"source", "stacktrace"}});
  files.reset();
  return {};
}

void TestRun::write_files(const std::vector<std::pair<std::string, std::string>>& files) {
  std::string problems;
  for (const auto& [path, bytes] : files) {
    if (path == "stdout") {
      setup_.terminal->write_out(bytes);
    } else if (path == "stderr") {
      setup_.terminal->write_err(bytes);
    } else if (auto written = write_file(path, bytes); !written) {
      problems += "\n\t- " + written.error().message();
    }
  }
  if (problems.empty()) return;
  setup_.log->log(LogLevel::kError, "failed to handle the end-of-test summary",
                  {{"error", "Could not save some summary information:" + problems}});
}

}  // namespace zelus::run
