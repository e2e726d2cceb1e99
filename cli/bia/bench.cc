// bia bench: starts services, loads them over HTTP and gRPC, watches their processes, writes the
// report.
#include "report/bench.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <ostream>

#include "bia/fiber/scheduler.h"
#include "command.h"
#include "report/writers.h"

namespace bia::cli {
namespace {

constexpr uint64_t kUsersMax = 100'000;
constexpr uint64_t kRequestsMax = 1'000'000'000;

Result<uint64_t> number(const Args& args, std::string_view flag, uint64_t otherwise, uint64_t max) {
  if (!args.has(flag)) return otherwise;
  std::string text = args.get(flag);
  uint64_t value = 0;
  auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || value == 0 ||
      value > max) {
    return Error(Code::kInvalidArgument, "BAD_FLAG",
                 fmt::format("--{} \"{}\" is not a number from 1 to {}", flag, text, max));
  }
  return value;
}

/// "0" or "0,2".
Result<std::vector<int>> cpu_list(const Args& args, std::string_view flag) {
  std::vector<int> cpus;
  std::string text = args.get(flag);
  for (const char* at = text.data(); at != text.data() + text.size();) {
    int cpu = -1;
    auto read = std::from_chars(at, text.data() + text.size(), cpu);
    if (read.ec != std::errc() || cpu < 0 || cpu >= sysconf(_SC_NPROCESSORS_CONF)) {
      return Error(Code::kInvalidArgument, "BAD_FLAG",
                   fmt::format("--{} \"{}\" is not a list of this machine's CPUs; write 0 or 0,1",
                               flag, text));
    }
    cpus.push_back(cpu);
    at = read.ptr;
    if (at != text.data() + text.size() && *at == ',') ++at;
  }
  return cpus;
}

/// The service that DIR, or --http, --grpc and --pid, name.
Result<std::optional<report::Target>> first_target(const Args& args) {
  report::Target target;
  if (args.positional().size() > 1) {
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 fmt::format("unexpected argument {}", args.positional()[1]))
        .with_hint("more services: --target NAME=DIR");
  }
  bool running = args.has("http") || args.has("grpc");
  if (running && !args.positional().empty()) {
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 "a folder to start and --http or --grpc of a running service exclude each other")
        .with_hint("load both with --target NAME=…");
  }
  if (running) {
    for (const char* flag : {"binary", "conf"}) {
      if (args.has(flag))
        return Error(
            Code::kInvalidArgument, "ARGUMENT",
            fmt::format("--{} is for a service that is started, not for --http and --grpc", flag));
    }
    target.http = args.get("http");
    target.grpc = args.get("grpc");
    if (!target.http.empty()) BIA_TRY(report::check_http_address(target.http));
    if (args.has("pid"))
      target.pid = static_cast<pid_t>(BIA_TRY(number(args, "pid", 0, INT32_MAX)));
    return std::optional(target);
  }
  if (args.has("pid"))
    return Error(Code::kInvalidArgument, "ARGUMENT", "--pid needs --http or --grpc");
  if (args.positional().empty() && args.has("target")) return std::optional<report::Target>();
  target.folder = args.positional().empty() ? "." : args.positional()[0];
  target.binary = args.get("binary");
  target.config = args.get("conf");
  target.name = std::filesystem::absolute(target.folder).lexically_normal().filename().string();
  if (target.name.empty())
    target.name = std::filesystem::absolute(target.folder)
                      .lexically_normal()
                      .parent_path()
                      .filename()
                      .string();
  return std::optional(target);
}

Result<report::BenchOptions> read_options(const Args& args) {
  report::BenchOptions options;
  if (auto first = BIA_TRY(first_target(args))) options.targets.push_back(std::move(*first));
  for (const std::string& text : args.all("target"))
    options.targets.push_back(BIA_TRY(report::parse_target(text)));
  options.users = BIA_TRY(number(args, "users", options.users, kUsersMax));
  options.requests = BIA_TRY(number(args, "requests", options.requests, kRequestsMax));
  if (options.requests < options.users) {
    return Error(
               Code::kInvalidArgument, "BAD_FLAG",
               fmt::format("{} requests are fewer than {} users", options.requests, options.users))
        .with_hint("raise -n or lower -u");
  }
  bool starts = std::any_of(options.targets.begin(), options.targets.end(),
                            [](const report::Target& target) { return !target.folder.empty(); });
  if (args.has("server-cpus") && !starts)
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 "--server-cpus is for services that are started; move a running one with taskset");
  options.script = args.get("script");
  options.call = args.get("call", options.call);
  options.data = args.get("data", options.data);
  options.folder = args.get("output", options.folder);
  options.server_cpus = BIA_TRY(cpu_list(args, "server-cpus"));
  options.load_cpus = BIA_TRY(cpu_list(args, "load-cpus"));
  options.zelus = args.get("zelus");
  return options;
}

/// Runs in a fiber that Ctrl-C cancels: what was measured by then is still reported.
Result<report::BenchResult> measure(const report::BenchOptions& options, Io& io) {
  fiber::block_signals();
  auto scheduler = BIA_TRY(fiber::Scheduler::create());
  Result<report::BenchResult> result =
      Error(Code::kCancelled, "CANCELLED", "interrupted before anything was measured");
  report::BenchIo bench_io;
  bench_io.out = [&](std::string_view text) { io.out << text << std::flush; };
  bench_io.err = [&](std::string_view text) { io.err << text << std::flush; };
  bench_io.terminal = isatty(STDERR_FILENO) != 0;
  bench_io.columns = [] {
    winsize size{};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size_t{size.ws_col}
                                                                           : size_t{80};
  };
  fiber::Fiber work =
      BIA_TRY(scheduler->spawn([&] { result = report::run_bench(options, bench_io); }));
  BIA_TRY(scheduler->spawn([&] {
    fiber::Fiber watcher = [&] {
      auto spawned = fiber::Scheduler::current().spawn([&] {
        if (fiber::wait_signal().ok()) work.cancel();
      });
      return spawned.ok() ? std::move(*spawned) : fiber::Fiber();
    }();
    work.join().ignore("its result says how it ended");
    if (watcher.valid()) watcher.cancel();
  }));
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
  return result;
}

Result<int> run_bench_command(const Args& args, Io& io) {
  report::BenchOptions options = BIA_TRY(read_options(args));
  BIA_TRY(report::prepare_folder(options.folder));
  report::BenchResult result = BIA_TRY(measure(options, io));
  BIA_TRY(report::write_reports(result, options.folder));
  io.out << report::to_terminal(result)
         << fmt::format("\n  report: {}\n",
                        std::filesystem::absolute(options.folder + "/report.html")
                            .lexically_normal()
                            .string());
  return result.partial() ? 1 : 0;
}

}  // namespace

Command bench_command() {
  return {
      "bench",
      "[DIR | --http URL --grpc ADDR [--pid PID]] [--target NAME=…]… [-u 50] [-n 1000000]",
      "load a service over HTTP and gRPC, watch its process, write the report",
      {{"users", 'u', "N", "concurrent users (default 50)"},
       {"requests", 'n', "N", "requests over each protocol (default 1000000)"},
       {"output", 'o', "DIR", "where report.html, result.md and result.json go (default: here)"},
       {"http", 0, "URL", "a running service's HTTP address, e.g. http://127.0.0.1:8080"},
       {"grpc", 0, "ADDR", "a running service's gRPC address, e.g. 127.0.0.1:8282"},
       {"pid", 0, "PID", "its process (default: the one that listens there)"},
       {"target", 't', "NAME=…",
        "another service beside it: NAME=DIR, or NAME=http=URL,grpc=ADDR,pid=PID"},
       {"script", 0, "FILE",
        "a k6 script that reads BASE_URL (default: GET /helloworld/{name} with a check)"},
       {"call", 0, "METHOD",
        "the gRPC method (default helloworld.v1.Greeter/SayHello), found by the service's "
        "reflection"},
       {"data", 0, "JSON", "the call's request"},
       {"binary", 0, "FILE", "start this program instead of building DIR"},
       {"conf", 0, "PATH", "the service's configuration (default DIR/configs)"},
       {"server-cpus", 0, "LIST", "CPUs for services that are started, e.g. 0"},
       {"load-cpus", 0, "LIST", "CPUs for the load, e.g. 1"},
       {"zelus", 0, "FILE", "the load generator (default: beside bia)"}},
      "Exits with 1 where a run is partial (the service or the load ended early); what was "
      "measured is reported as such.",
      run_bench_command};
}

}  // namespace bia::cli
