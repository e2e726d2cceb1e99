#include "report/service.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "bia/bia/config.h"
#include "bia/fiber/scheduler.h"
#include "bia/net/socket.h"

namespace report {
namespace {

using bia::Code;
using bia::Deadline;
using bia::Error;
using bia::Result;
namespace fs = std::filesystem;

constexpr bia::Duration kProbeInterval = std::chrono::milliseconds(50);

/// "0.0.0.0:8080", ":8080", "[::]:8080" -> "127.0.0.1:8080": how a client on this machine reaches
/// it.
std::string reachable(std::string address) {
  for (std::string_view any : {"0.0.0.0:", "[::]:", ":"}) {
    if (address.starts_with(any)) return "127.0.0.1:" + address.substr(any.size());
  }
  return address;
}

/// "http://127.0.0.1:8080/x" -> "127.0.0.1:8080".
std::string authority_of(std::string_view url) {
  size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  std::string authority(rest.substr(0, rest.find('/')));
  return authority.find(':') == std::string::npos ? authority + ":80" : authority;
}

Result<bool> takes_connections(const std::string& address) {
  size_t colon = address.rfind(':');
  unsigned long port =
      colon == std::string::npos ? 0 : std::strtoul(address.c_str() + colon + 1, nullptr, 10);
  if (port == 0 || port > 65535) {
    return Error(Code::kInvalidArgument, "BAD_ADDRESS",
                 fmt::format("\"{}\" has no port; write it as 127.0.0.1:8080", address));
  }
  auto endpoints = bia::net::resolve(address.substr(0, colon), static_cast<uint16_t>(port),
                                     Deadline::after(std::chrono::seconds(5)));
  if (!endpoints.ok()) return std::move(endpoints).error();
  for (const auto& endpoint : *endpoints) {
    if (bia::net::Socket::connect(endpoint, Deadline::after(std::chrono::seconds(2))).ok())
      return true;
  }
  return false;
}

std::vector<std::string> addresses_of(const Target& target) {
  std::vector<std::string> addresses;
  if (!target.http.empty()) addresses.push_back(authority_of(target.http));
  if (!target.grpc.empty()) addresses.push_back(target.grpc);
  return addresses;
}

/// Ports from the project's own configuration, where the target does not say them.
Result<void> fill_from_config(Target& target) {
  if (target.config.empty()) target.config = target.folder + "/configs";
  if (!target.http.empty() || !target.grpc.empty()) return {};
  bia::Config config = BIA_TRY(bia::Config::load(target.config));
  if (config.has("server.http.addr"))
    target.http = "http://" + reachable(BIA_TRY(config.string("server.http.addr")));
  if (config.has("server.grpc.addr"))
    target.grpc = reachable(BIA_TRY(config.string("server.grpc.addr")));
  if (target.http.empty() && target.grpc.empty()) {
    return Error(
        Code::kInvalidArgument, "NO_SERVER",
        fmt::format("{} has neither server.http.addr nor server.grpc.addr", target.config));
  }
  return {};
}

Result<void> wait_until_ready(Service& service, bia::Duration limit, const BenchIo& io) {
  Deadline deadline = Deadline::after(limit);
  for (const std::string& address : addresses_of(service.target)) {
    while (!BIA_TRY(takes_connections(address))) {
      if (auto exit = service.child->poll(); exit.has_value()) {
        return Error(
            Code::kFailedPrecondition, "SERVICE_ENDED",
            fmt::format("{} ended with {} before it listened on {}:\n{}", service.target.name,
                        *exit, address, file_tail(service.log_path, 2000)));
      }
      if (deadline.expired()) {
        return Error(
            Code::kDeadlineExceeded, "SERVICE_SILENT",
            fmt::format("{} does not listen on {} after {}:\n{}", service.target.name, address,
                        bia::format_go_duration(limit), file_tail(service.log_path, 2000)));
      }
      BIA_TRY(bia::fiber::sleep_for(kProbeInterval));
    }
  }
  io.err("");
  return {};
}

Result<void> start_child(Service& service, const BenchOptions& options,
                         const std::string& work_folder, const BenchIo& io) {
  const Target& target = service.target;
  for (const std::string& address : addresses_of(target)) {
    if (BIA_TRY(takes_connections(address))) {
      auto port = static_cast<uint16_t>(
          std::strtoul(address.c_str() + address.rfind(':') + 1, nullptr, 10));
      return Error(Code::kAlreadyExists, "PORT_IN_USE",
                   fmt::format("{} is in use by process {}", address, process_listening_on(port)))
          .with_hint("stop it, or load it as it is with --http, --grpc and --pid");
    }
  }
  Child::Options child;
  if (target.binary.empty()) {
    child.arguments = {fs::read_symlink("/proc/self/exe").string(), "run", target.folder};
    io.err(fmt::format("bia bench: building {}\n", target.folder));
  } else {
    child.arguments = {fs::absolute(target.binary).string(), "-conf",
                       fs::absolute(target.config).string()};
  }
  service.log_path = work_folder + "/" + target.name + ".log";
  child.output_path = service.log_path;
  child.cpus = options.server_cpus;
  service.child = std::make_unique<Child>(BIA_TRY(Child::start(child)));
  BIA_TRY(wait_until_ready(service, target.binary.empty() ? kBuildLimit : kStartLimit, io));
  service.pid = service.child->pid();
  return {};
}

}  // namespace

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string file_tail(const std::string& path, size_t bytes_max) {
  std::string text = read_file(path);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.size() > bytes_max ? "…" + text.substr(text.size() - bytes_max) : text;
}

Result<Service> open_service(const Target& target, const BenchOptions& options,
                             const std::string& work_folder, const BenchIo& io) {
  Service service;
  service.target = target;
  if (!target.folder.empty()) {
    if (!fs::is_directory(target.folder))
      return Error(Code::kNotFound, "NO_PROJECT", fmt::format("{} is not a folder", target.folder));
    if (target.binary.empty() && !fs::exists(target.folder + "/CMakeLists.txt"))
      return Error(Code::kNotFound, "NO_PROJECT",
                   fmt::format("{} is no project: it has no CMakeLists.txt, with cmd/ and configs/ "
                               "beside it",
                               target.folder))
          .with_hint("bia new NAME makes one; --http URL and --grpc ADDR load a service that runs");
    BIA_TRY(fill_from_config(service.target));
    BIA_TRY(start_child(service, options, work_folder, io));
    return service;
  }
  for (const std::string& address : addresses_of(target)) {
    if (!BIA_TRY(takes_connections(address))) {
      return Error(Code::kUnavailable, "NOTHING_LISTENS",
                   fmt::format("{}: nothing listens on {}", target.name, address))
          .with_hint("start the service first");
    }
    auto port =
        static_cast<uint16_t>(std::strtoul(address.c_str() + address.rfind(':') + 1, nullptr, 10));
    const pid_t listener = process_listening_on(port);
    if (service.pid == 0) service.pid = target.pid != 0 ? target.pid : listener;
    // Not refused: a proxy may hold the port of a container's process.
    if (target.pid != 0 && listener != 0 && listener != target.pid)
      io.err(fmt::format(
          "bia bench: process {} does not listen on {}, process {} does; CPU and memory are those "
          "of {} (leave --pid out to watch the one that listens)\n",
          target.pid, address, listener, target.pid));
  }
  if (service.pid != 0 && !sample_process(service.pid).has_value()) {
    return Error(
        Code::kNotFound, "NO_PROCESS",
        fmt::format("{}: there is no process {} that may be watched", target.name, service.pid));
  }
  return service;
}

}  // namespace report
