#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "report/result.h"

namespace report {

/// A service to load: one that bia bench starts, or one that runs already.
struct Target {
  std::string name = "service";
  std::string folder;  ///< A project to build and start; empty: it runs already.
  std::string binary;  ///< Starts this instead of building.
  std::string config;  ///< -conf of the started service; empty: FOLDER/configs.
  std::string http;    ///< "http://127.0.0.1:8080"; empty: no HTTP load.
  std::string grpc;    ///< "127.0.0.1:8282"; empty: no gRPC load.
  pid_t pid = 0;       ///< Of a running one; 0: whoever listens on its port.
};

struct BenchOptions {
  std::vector<Target> targets;
  uint64_t users = 50;
  uint64_t requests = 1'000'000;
  std::string script;  ///< A k6 script that reads BASE_URL; empty: the experiment's.
  std::string call = "helloworld.v1.Greeter/SayHello";
  std::string data = R"({"name":"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"})";
  std::string folder = ".";      ///< Where the report goes.
  std::vector<int> server_cpus;  ///< Where a started service may run; empty: anywhere.
  std::vector<int> load_cpus;
  std::string zelus;  ///< The load generator; empty: beside this program.
};

/// What the terminal needs: results on `out`, progress on `err`.
struct BenchIo {
  std::function<void(std::string_view)> out;
  std::function<void(std::string_view)> err;
  bool terminal = false;  ///< `err` is a terminal: one line, redrawn.
  /// Its width now.
  std::function<size_t()> columns = [] { return size_t{80}; };
};

/// Errors: kInvalidArgument for what is not http:// or https:// and a host.
bia::Result<void> check_http_address(std::string_view url);

/// "NAME=DIR", or "NAME=http=URL,grpc=ADDR[,pid=PID]". Errors: kInvalidArgument.
bia::Result<Target> parse_target(std::string_view text);

/// Runs everything; call from a fiber. Suspends. A target that dies in mid-run leaves a partial
/// result, not an error. Errors: kFailedPrecondition where a service does not build or start,
/// kUnavailable where nothing answers, kNotFound for missing files.
bia::Result<BenchResult> run_bench(const BenchOptions& options, const BenchIo& io);

/// Makes the folder of the report where it is missing: before the load, so that no figures are lost
/// to a wrong path. Errors: kPermissionDenied.
bia::Result<void> prepare_folder(const std::string& folder);

/// Writes report.html, result.md and result.json. Errors: kPermissionDenied.
bia::Result<void> write_reports(const BenchResult& result, const std::string& folder);

}  // namespace report
