#include "report/bench.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "report/load.h"
#include "report/service.h"
#include "report/writers.h"

namespace report {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;
namespace fs = std::filesystem;

/// "2 × AMD EPYC 7B13, Linux 6.1.0, 24 GB".
std::string machine_text() {
  std::string model = "CPU";
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  }
  utsname system{};
  uname(&system);
  double memory = static_cast<double>(sysconf(_SC_PHYS_PAGES)) *
                  static_cast<double>(sysconf(_SC_PAGE_SIZE)) / 1e9;
  return fmt::format("{} × {}, {} {}, {:.0f} GB", sysconf(_SC_NPROCESSORS_ONLN), model,
                     system.sysname, system.release, memory);
}

std::string now_text() {
  std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S%z", &local)};
}

/// A folder for logs and series; removed with its contents at the end.
class WorkFolder {
 public:
  static Result<WorkFolder> create() {
    std::string pattern = fs::temp_directory_path().string() + "/bia-bench-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr)
      return Error(Code::kPermissionDenied, "TEMP",
                   fmt::format("{}: cannot make a folder there", pattern));
    return WorkFolder(pattern);
  }
  explicit WorkFolder(std::string path) : path_(std::move(path)) {}
  WorkFolder(WorkFolder&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
  WorkFolder& operator=(WorkFolder&&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string where_text(const Target& target) {
  if (target.http.empty() || target.grpc.empty()) return target.http + target.grpc;
  return target.http + ", " + target.grpc;
}

Result<TargetResult> run_target(const Target& target, const BenchOptions& options,
                                const std::string& work_folder, const BenchIo& io) {
  Service service = BIA_TRY(open_service(target, options, work_folder, io));
  TargetResult result;
  result.name = service.target.name;
  result.where = where_text(service.target);
  Watch watch(service.pid);
  if (service.pid == 0)
    io.err(fmt::format("bia bench: the process of {} is not known; pass its pid to watch it\n",
                       target.name));
  if (!service.target.http.empty())
    result.loads.push_back(
        BIA_TRY(run_one_load(Protocol::kHttp, service, watch, options, work_folder, io)));
  bool whole = result.loads.empty() || result.loads[0].partial.empty();
  if (!service.target.grpc.empty() && whole) {
    auto load = run_one_load(Protocol::kGrpc, service, watch, options, work_folder, io);
    if (!load && result.loads.empty()) return std::move(load).error();
    // What HTTP has given is not lost with it.
    if (!load) {
      io.err(fmt::format("bia bench: {}\n", load.error().text()));
      LoadResult failed;
      failed.protocol = "gRPC";
      failed.partial = load.error().message();
      load = std::move(failed);
    }
    result.loads.push_back(std::move(*load));
  }
  result.samples = watch.take();
  return result;
}

Result<void> write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file)
    return Error(Code::kPermissionDenied, "OUTPUT", fmt::format("{}: cannot be written", path))
        .with_hint("choose another folder with -o");
  return {};
}

}  // namespace

Result<void> check_http_address(std::string_view url) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (url.starts_with(scheme) && url.size() > scheme.size()) return {};
  }
  return Error(Code::kInvalidArgument, "BAD_URL",
               fmt::format("\"{}\" is no address of an HTTP service", url))
      .with_hint("write http://HOST:PORT");
}

Result<void> prepare_folder(const std::string& folder) {
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (!problem && access(folder.c_str(), W_OK) == 0) return {};
  return Error(Code::kPermissionDenied, "OUTPUT",
               fmt::format("{}: {}", folder,
                           problem ? problem.message() : "files cannot be written there"))
      .with_hint("choose another folder with -o");
}

Result<Target> parse_target(std::string_view text) {
  auto refuse = [&](std::string_view why) {
    return Error(Code::kInvalidArgument, "BAD_TARGET", fmt::format("--target {}: {}", text, why))
        .with_hint("write NAME=DIR, or NAME=http=URL,grpc=ADDR,pid=PID");
  };
  size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return refuse("has no name");
  Target target;
  target.name = text.substr(0, equals);
  if (target.name.find('/') != std::string::npos) return refuse("a name has no slash");
  std::string_view rest = text.substr(equals + 1);
  if (rest.empty()) return refuse("says no service");
  if (rest.find('=') == std::string_view::npos) {
    target.folder = rest;
    return target;
  }
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    size_t at = part.find('=');
    std::string_view key = part.substr(0, at);
    std::string_view value =
        at == std::string_view::npos ? std::string_view() : part.substr(at + 1);
    if (key == "http")
      target.http = value;
    else if (key == "grpc")
      target.grpc = value;
    else if (key == "binary")
      target.binary = value;
    else if (key == "conf")
      target.config = value;
    else if (key == "pid") {
      auto read = std::from_chars(value.data(), value.data() + value.size(), target.pid);
      if (read.ec != std::errc() || read.ptr != value.data() + value.size() || target.pid <= 0)
        return refuse("pid is not a number");
    } else {
      return refuse(fmt::format("\"{}\" is none of http, grpc, pid, binary, conf", key));
    }
  }
  if (!target.binary.empty())
    target.folder = fs::path(target.binary).parent_path().empty()
                        ? "."
                        : fs::path(target.binary).parent_path().string();
  if (target.http.empty() && target.grpc.empty() && target.binary.empty())
    return refuse("has neither http nor grpc");
  if (!target.http.empty()) BIA_TRY(check_http_address(target.http));
  return target;
}

Result<BenchResult> run_bench(const BenchOptions& options, const BenchIo& io) {
  WorkFolder work = BIA_TRY(WorkFolder::create());
  BenchResult result;
  result.date = now_text();
  result.machine = machine_text();
  result.users = options.users;
  result.requests = options.requests;
  for (const Target& target : options.targets) {
    auto measured = run_target(target, options, work.path(), io);
    if (!measured.ok()) {
      // What other targets have given is not lost with one that fails.
      if (result.targets.empty()) return std::move(measured).error();
      io.err(fmt::format("bia bench: {}\n", measured.error().text()));
      TargetResult failed;
      failed.name = target.name;
      failed.where = where_text(target);
      LoadResult load;
      load.protocol = target.http.empty() ? "gRPC" : "HTTP";
      load.partial = measured.error().message();
      failed.loads.push_back(std::move(load));
      result.targets.push_back(std::move(failed));
      continue;
    }
    result.targets.push_back(std::move(*measured));
  }
  return result;
}

Result<void> write_reports(const BenchResult& result, const std::string& folder) {
  BIA_TRY(prepare_folder(folder));
  BIA_TRY(write_file(folder + "/result.json", to_json(result) + "\n"));
  BIA_TRY(write_file(folder + "/result.md", to_markdown(result)));
  BIA_TRY(write_file(folder + "/report.html", to_html(result)));
  return {};
}

}  // namespace report
