#include "zelus/ghz/command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "zelus/ghz/config_file.h"
#include "zelus/ghz/flags.h"
#include "zelus/ghz/options.h"
#include "zelus/ghz/printers.h"
#include "zelus/ghz/run_config.h"
#include "zelus/ghz/runner.h"

namespace zelus::ghz {
namespace {

using bia::Error;
using bia::Result;

std::string report_text(const Report& report, Format format) {
  switch (format) {
    case Format::kSummary:
      return summary_text(report);
    case Format::kCsv:
      return csv_text(report);
    case Format::kJson:
      return json_text(report, Json::kCompact);
    case Format::kPretty:
      return json_text(report, Json::kPretty);
    case Format::kHtml:
      return html_text(report);
    case Format::kInfluxSummary:
      return influx_summary_text(report);
    case Format::kInfluxDetails:
      return influx_details_text(report);
    case Format::kPrometheus:
      return prometheus_text(report);
  }
  return {};
}

/// Go's words for what errno has.
Error cannot_write(const std::string& path) {
  std::string why = std::strerror(errno);
  if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z') why[0] = static_cast<char>(why[0] | 0x20);
  return Error(bia::Code::kPermissionDenied, "OUTPUT", fmt::format("open {}: {}", path, why));
}

Result<void> write_report(const Report& report, const Options& options, const CommandIo& io) {
  std::string text = report_text(report, options.format);
  if (options.output.empty() || options.output == "stdout") {
    io.out(text);
    return {};
  }
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << text;
  file.flush();
  if (!file) return cannot_write(options.output);
  return {};
}

Result<std::unique_ptr<DebugLog>> start_debug_log(const ParsedFlags& flags,
                                                  const Options& options) {
  auto debug = BIA_TRY(DebugLog::open(options.debug));
  if (flags.has("lb-strategy") && !options.host.starts_with("dns:///")) {
    debug->write(DebugLine("warn", "Load balancing strategy set without using DNS (dns:///) scheme")
                     .text("strategy", flags.get("lb-strategy"))
                     .text("host", options.host));
  }
  debug->write(DebugLine("debug", "Start Run").json("config", config_json(flags)));
  return debug;
}

Result<void> run_and_report(Options& options, const CommandIo& io, DebugLog* debug) {
  if (io.variable) {
    auto proxies = BIA_TRY(bia::http::ProxyRules::grpc_from_environment(io.variable));
    if (!proxies.empty())
      options.proxies = std::make_shared<const bia::http::ProxyRules>(std::move(proxies));
  }
  // A report that cannot be written is found before the load, not after it.
  if (!options.output.empty() && options.output != "stdout" &&
      !std::ofstream(options.output, std::ios::app)) {
    return cannot_write(options.output);
  }
  const Target target = BIA_TRY(load_target(options));
  const Report report = BIA_TRY(run_load(options, target, debug));
  if (debug != nullptr) {
    const std::string path = options.output.empty() ? "stdout" : options.output;
    debug->write(DebugLine("debug", "Run finished"));
    debug->write(DebugLine("debug", "Printing report to " + path).text("path", path));
  }
  return write_report(report, options, io);
}

Result<void> load_and_report(ParsedFlags& flags, const CommandIo& io) {
  if (flags.has("config")) {
    std::string warning;
    auto read = apply_config_file(std::string(flags.get("config")), flags, warning);
    if (!warning.empty()) io.err(warning);
    BIA_TRY(std::move(read));
  }
  Options options = BIA_TRY(make_options(flags, io.read_stdin));
  std::unique_ptr<DebugLog> debug;
  if (!options.debug.empty()) debug = BIA_TRY(start_debug_log(flags, options));
  auto done = run_and_report(options, io, debug.get());
  if (!done.ok() && debug)
    debug->write(DebugLine("error", "Error from run: " + done.error().message()));
  return done;
}

int fail(const Error& error, const CommandIo& io) {
  bool usage = error.reason() == "BAD_FLAG";
  std::string text = error.text() + "\n";
  if (usage) text = fmt::format("zelus grpc: error: {}, try --help\n", error.message());
  // What stands in a value or in the config file.
  if (error.reason() == "BAD_VALUE") text = fmt::format("zelus grpc: error: {}\n", error.message());
  io.err(text);
  return 1;
}

}  // namespace

int run_command(const std::vector<std::string>& arguments, const CommandIo& io) {
  auto flags = parse_flags(arguments);
  if (!flags.ok()) return fail(flags.error(), io);
  if (flags->help || arguments.empty()) {
    io.err(help_text());
    return flags->help ? 0 : 1;
  }
  if (flags->version) {
    io.out("0.121.0\n");
    return 0;
  }
  auto done = load_and_report(*flags, io);
  return done.ok() ? 0 : fail(done.error(), io);
}

}  // namespace zelus::ghz
