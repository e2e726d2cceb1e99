#include "report/load.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "bia/fiber/scheduler.h"
#include "report/series_reader.h"
#include "report/writers.h"
#include "web_assets.h"

namespace report {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;
namespace fs = std::filesystem;

constexpr bia::Duration kLinesInterval = std::chrono::seconds(5);
/// A load generator that was told to end gets this long to print what it has.
constexpr bia::Duration kWindDown = std::chrono::seconds(35);

std::string quoted(const std::string& argument) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./:,@%+";
  if (!argument.empty() && argument.find_first_not_of(kPlain) == std::string::npos) return argument;
  return "'" + argument + "'";
}

std::string shown_command(const std::vector<std::string>& arguments, const std::string& series) {
  std::string text = "zelus";
  for (size_t i = 1; i < arguments.size(); ++i) {
    // What only bia bench needs is left out: the command line is for a user to repeat.
    if (arguments[i].find(series) != std::string::npos ||
        (i + 1 < arguments.size() && arguments[i + 1].find(series) != std::string::npos))
      continue;
    text += " " + quoted(arguments[i]);
  }
  return text;
}

Result<std::string> script_path(const BenchOptions& options, const std::string& work_folder) {
  if (!options.script.empty()) {
    if (!fs::exists(options.script))
      return Error(Code::kNotFound, "NO_SCRIPT", fmt::format("{}: no such file", options.script));
    return fs::absolute(options.script).string();
  }
  std::string path = work_folder + "/http-load-test.js";
  for (const bia::EmbeddedFile& file : web_assets()) {
    if (file.path.ends_with("http-load-test.js"))
      std::ofstream(path, std::ios::binary) << file.bytes;
  }
  return path;
}

Result<std::vector<std::string>> load_arguments(Protocol protocol, const Target& target,
                                                const BenchOptions& options,
                                                const std::string& work_folder,
                                                const std::string& series) {
  std::string zelus = options.zelus.empty()
                          ? (fs::read_symlink("/proc/self/exe").parent_path() / "zelus").string()
                          : options.zelus;
  if (!fs::exists(zelus))
    return Error(Code::kNotFound, "NO_ZELUS", fmt::format("the load generator is not at {}", zelus))
        .with_hint("install zelus beside bia, or pass --zelus PATH");
  std::string users = std::to_string(options.users);
  std::string requests = std::to_string(options.requests);
  if (protocol == Protocol::kHttp) {
    return std::vector<std::string>{zelus,
                                    "run",
                                    "-u",
                                    users,
                                    "-i",
                                    requests,
                                    "--summary-mode=legacy",
                                    "--summary-trend-stats=min,max,avg,p(95),p(99)",
                                    "-o",
                                    "series=" + series,
                                    "-e",
                                    "BASE_URL=" + target.http,
                                    BIA_TRY(script_path(options, work_folder))};
  }
  return std::vector<std::string>{zelus,        "grpc",     "--insecure", "--call",   options.call,
                                  "-c",         users,      "-n",         requests,   "-d",
                                  options.data, "--series", series,       target.grpc};
}

/// The line that is redrawn while a load runs.
class ProgressLine {
 public:
  ProgressLine(const BenchIo& io, std::string name, uint64_t requests)
      : io_(io), name_(std::move(name)), requests_(requests) {}
  void show(const SeriesReader& series, const Watch& watch, double seconds) {
    if (!io_.terminal && bia::now() < next_) return;
    next_ = bia::now() + kLinesInterval;
    std::string line = text(series, watch, seconds);
    // A line that wraps could not be redrawn: the cursor goes back to its last row only.
    if (io_.terminal) line.resize(std::min(line.size(), io_.columns() - 1));
    io_.err(io_.terminal ? "\r\033[K" + line : line + "\n");
  }
  /// The last figures stay where the output is kept; on a terminal the report follows.
  void end(const SeriesReader& series, const Watch& watch, double seconds) {
    io_.err(io_.terminal ? "\r\033[K" : text(series, watch, seconds) + "\n");
  }

 private:
  std::string text(const SeriesReader& series, const Watch& watch, double seconds) const {
    std::string line = fmt::format("{}  {:.0f}s  {} / {}", name_, seconds, grouped(series.count()),
                                   grouped(requests_));
    if (!series.points().empty()) {
      const auto& points = series.points();
      double began = points.size() > 1 ? points[points.size() - 2].seconds : 0;
      double interval = std::max(points.back().seconds - began, 1e-3);
      line += fmt::format(
          "  {} req/s  avg {:.2f} ms  p95 {:.2f} ms",
          grouped(static_cast<uint64_t>(static_cast<double>(points.back().count) / interval)),
          points.back().avg_ms, points.back().p95_ms);
    }
    if (!watch.samples().empty()) {
      const TimedSample& sample = watch.samples().back();
      line += fmt::format("  service {:.0f} % CPU {}", sample.cpu_percent,
                          megabytes(sample.process.rss_bytes));
    }
    return line;
  }

  const BenchIo& io_;
  std::string name_;
  uint64_t requests_;
  bia::TimePoint next_{};
};

std::string trimmed(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  size_t begin = text.find_first_not_of('\n');
  return begin == std::string::npos ? "" : text.substr(begin);
}

/// CPU and memory of the service between two moments of the watch.
void add_process_figures(LoadResult& result, const std::vector<TimedSample>& samples,
                         size_t first) {
  if (samples.size() <= first) return;
  const TimedSample& begin = samples[first];
  const TimedSample& end = samples.back();
  result.server_cpu_seconds = end.process.cpu_seconds - begin.process.cpu_seconds;
  if (end.seconds > begin.seconds)
    result.server_cpu_percent = 100 * result.server_cpu_seconds / (end.seconds - begin.seconds);
  for (size_t i = first; i < samples.size(); ++i) {
    result.rss_peak_bytes = std::max(result.rss_peak_bytes, samples[i].process.rss_bytes);
    result.anonymous_peak_bytes =
        std::max(result.anonymous_peak_bytes, samples[i].process.anonymous_bytes);
  }
}

}  // namespace

bool Watch::sample() {
  if (pid_ == 0) return true;
  auto taken = sample_process(pid_);
  if (!taken.has_value()) return false;
  TimedSample sample;
  sample.seconds = seconds();
  sample.process = *taken;
  if (!samples_.empty()) {
    const TimedSample& before = samples_.back();
    double elapsed = sample.seconds - before.seconds;
    if (elapsed > 0)
      sample.cpu_percent =
          std::max(0.0, 100 * (sample.process.cpu_seconds - before.process.cpu_seconds) / elapsed);
  }
  samples_.push_back(sample);
  return true;
}

bool Watch::sample_boundary() {
  constexpr double kApart = std::chrono::duration<double>(kSampleInterval).count() / 2;
  bool near = samples_.size() > 1 && seconds() - samples_.back().seconds < kApart;
  std::optional<TimedSample> replaced;
  if (near) {
    replaced = samples_.back();
    samples_.pop_back();
  }
  bool alive = sample();
  if (!alive && replaced) samples_.push_back(*replaced);
  return alive;
}

Result<LoadResult> run_one_load(Protocol protocol, Service& service, Watch& watch,
                                const BenchOptions& options, const std::string& work_folder,
                                const BenchIo& io) {
  LoadResult result;
  result.protocol = protocol == Protocol::kHttp ? "HTTP" : "gRPC";
  std::string base = fmt::format("{}/{}-{}", work_folder, service.target.name, result.protocol);
  SeriesReader series(base + ".series");
  std::vector<std::string> arguments =
      BIA_TRY(load_arguments(protocol, service.target, options, work_folder, base + ".series"));
  result.command = shown_command(arguments, base + ".series");
  Child::Options child_options;
  child_options.arguments = arguments;
  child_options.output_path = base + ".out";
  child_options.error_path = base + ".err";
  child_options.cpus = options.load_cpus;
  if (!watch.sample_boundary()) result.partial = "the service ended before the load began";
  size_t first = watch.samples().empty() ? 0 : watch.samples().size() - 1;
  result.begin_seconds = watch.seconds();
  Child load = BIA_TRY(Child::start(child_options));
  ProgressLine progress(io, fmt::format("{} {}", service.target.name, result.protocol),
                        options.requests);
  bia::TimePoint kill_at = bia::TimePoint::max();
  for (bia::TimePoint due = bia::now() + kSampleInterval; !load.poll().has_value();
       due += kSampleInterval) {
    bool slept = bia::fiber::sleep_until(due).ok();
    if (!watch.sample() && result.partial.empty()) result.partial = "the service ended in mid-run";
    if (!slept && result.partial.empty()) result.partial = "interrupted";
    if (!result.partial.empty() && kill_at == bia::TimePoint::max()) {
      load.send(SIGINT);
      kill_at = bia::now() + kWindDown;
    }
    if (bia::now() > kill_at) load.send(SIGKILL);
    series.poll();
    progress.show(series, watch, watch.seconds() - result.begin_seconds);
    if (!slept) (void)load.wait();
  }
  watch.sample_boundary();
  series.poll();
  progress.end(series, watch, watch.seconds() - result.begin_seconds);
  int exit = load.wait();
  std::string problems = file_tail(base + ".err", 1500);
  if (exit != 0 && series.points().empty() && !series.total().has_value() &&
      result.partial.empty()) {
    return Error(Code::kFailedPrecondition, "LOAD_FAILED",
                 fmt::format("{}\nended with {}:\n{}", result.command, exit, problems));
  }
  if (exit != 0 && result.partial.empty())
    result.partial = fmt::format("the load generator ended with {}: {}", exit, problems);
  result.summary = trimmed(read_file(base + ".out"));
  result.points = series.points();
  result.total = series.total().value_or(series.total_of_points());
  if (result.partial.empty() && result.total.count < options.requests) {
    result.partial = fmt::format("{} of {} requests were made", grouped(result.total.count),
                                 grouped(options.requests));
  }
  result.load_cpu_seconds = load.cpu_seconds();
  add_process_figures(result, watch.samples(), first);
  return result;
}

}  // namespace report
