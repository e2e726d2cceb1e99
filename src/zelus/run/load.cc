// From a script's name to its options.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "zelus/exec/remote.h"
#include "zelus/run/archive.h"
#include "zelus/run/go_error.h"
#include "zelus/run/remote_options.h"
#include "zelus/run/script_source.h"
#include "zelus/run/tar.h"
#include "zelus/run/test_run.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::LogLevel;

namespace {

constexpr int kExitGeneric = 255;

/// `options_json` gets the options of an archive; --type overrules what the file looks like.
Result<void> open_if_archive(LoadedTest& test, std::string& options_json) {
  const std::string& type = test.runtime.type;
  if (!type.empty() && type != "js" && type != "archive")
    return Error(Code::kInvalidArgument, "BAD_TYPE",
                 fmt::format("could not initialize '{}': unknown or unspecified test type '{}' for "
                             "'{}'",
                             test.source.name, type, test.source.url));
  bool tar = is_tar(test.source.text);
  if (type == "js" || (type.empty() && !tar)) return {};
  if (!tar)
    return Error(Code::kInvalidArgument, "BAD_ARCHIVE",
                 fmt::format("could not initialize '{}': could not load test archive bundle '{}': "
                             "unexpected EOF",
                             test.source.name, test.source.url));
  OpenedArchive opened = BIA_TRY(open_archive(test.source));
  test.source = std::move(opened.source);
  test.runtime.env.merge(opened.env);  // -e and the environment come first
  options_json = std::move(opened.options_json);
  return {};
}

/// What is no boolean switches nothing off, as in k6.
bool resolves_extensions(const Environment& environment) {
  for (const char* name : {"K6_AUTO_EXTENSION_RESOLUTION", "K6_BINARY_PROVISIONING"}) {
    auto given = environment.find(name);
    if (given == environment.end()) continue;
    if (auto on = options::parse_bool(given->second); on && !*on) return false;
  }
  return true;
}

Result<void> warn_of_runtime(const LoadedTest& test, const Environment& environment, Log& log) {
  if (test.runtime.enhanced_compatibility)
    log.log(LogLevel::kWarning,
            "CompatibilityMode \"experimental_enhanced\" is deprecated. Types are stripped by "
            "default for `.ts` files. Please move to using \"base\" instead as "
            "\"experimental_enhanced\" will be removed in the future");
  auto keys = environment.find("SSLKEYLOGFILE");
  if (keys == environment.end() || keys->second.empty()) return {};
  log.log(LogLevel::kWarning,
          fmt::format("SSLKEYLOGFILE was specified, logging TLS connection keys to '{}'...",
                      keys->second),
          {{"test_path", test.source.url}});
  int fd = ::open(keys->second.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0)
    return Error(Code::kPermissionDenied, "KEY_LOG",
                 fmt::format("could not initialize '{}': couldn't get absolute path for keylog "
                             "file: {}",
                             test.source.name, go_open_error(keys->second)));
  ::close(fd);
  return {};
}

Result<void> read_script_options(LoadedTest& test, options::Logger& log) {
  if (test.info.options_json.empty()) return {};
  std::string unknown;
  auto parsed = options::parse_script_options(test.info.options_json, &unknown);
  if (!parsed) return load_error(std::move(parsed).error(), test.source);
  test.script_options = std::move(*parsed);
  if (!unknown.empty()) {
    log.log(LogLevel::kWarning, "There were unknown fields in the options exported in the script",
            {{"error", fmt::format("json: unknown field \"{}\"", unknown)}});
  }
  return {};
}

}  // namespace

Error load_error(Error error, const exec::ScriptSource& source) {
  if (error.reason() == "SCRIPT_EXCEPTION") {
    return std::move(error)
        .with_metadata("hint", "script exception")
        .with_metadata("source", "stacktrace");
  }
  Error wrapped(error.code(), error.reason(),
                fmt::format("could not initialize '{}': could not load JS test '{}': {}",
                            source.name, source.url, error.message()));
  for (const auto& [key, value] : error.metadata())
    wrapped = std::move(wrapped).with_metadata(key, value);
  return wrapped;
}

Result<LoadedTest> load_test(const LoadRequest& request, exec::UserFactory& factory,
                             metrics::Registry& registry, Log& log, bia::fiber::Scheduler& thread) {
  LoadedTest test;
  auto debug = [&](const std::string& text, std::initializer_list<options::LogField> fields = {}) {
    log.log(LogLevel::kDebug, text, fields);
  };
  debug(fmt::format("Resolving and reading test '{}'...", request.name));
  exec::RemoteModuleOptions remote =
      BIA_TRY(remote_options(*request.flags, *request.environment, request.name));
  test.source = BIA_TRY(read_script(request.name, request.read_stdin, remote, log));
  debug("Loading...",
        {{"moduleSpecifier", test.source.url}, {"originalModuleSpecifier", request.name}});
  debug(fmt::format("'{}' resolved to '{}' and successfully loaded {} bytes!", request.name,
                    test.source.url, test.source.text.size()));
  debug("Gathering k6 runtime options...");
  test.runtime =
      BIA_TRY(runtime_settings(*request.flags, *request.environment, request.include_system_env));
  BIA_TRY(warn_of_runtime(test, *request.environment, log));
  std::string archived_options;
  debug("Detecting test type for...", {{"test_path", test.source.url}});
  BIA_TRY(open_if_archive(test, archived_options));
  debug(test.source.archive ? "Trying to load test as an archive bundle..."
                            : "Trying to load as a JS test...",
        {{"test_path", test.source.url}});
  debug(fmt::format("Initializing k6 runner for '{}' ({})...", request.name, test.source.url));
  if (request.keep_files) test.source.seen = std::make_shared<exec::FileTree>();
  std::optional<Error> failure;
  exec::RuntimeOptions runtime{test.runtime.env, test.runtime.extended_compatibility,
                               std::move(remote), resolves_extensions(*request.environment)};
  auto body = [&] {
    auto info = factory.load(test.source, runtime, registry, log);
    if (info) {
      test.info = std::move(*info);
    } else {
      failure = std::move(info).error();
    }
  };
  BIA_TRY(exec::call_on(thread, body, {bia::fiber::kStackBytesUser}));
  if (failure) return load_error(std::move(*failure), test.source);
  BIA_TRY(write_lock(runtime.remote));
  debug("Runner successfully initialized!");
  // Options of an archive take the place of the script's.
  if (!archived_options.empty()) test.info.options_json = std::move(archived_options);
  BIA_TRY(read_script_options(test, log));
  if (!test.info.functions.empty()) return test;
  return load_error(options::with_exit(Error(Code::kInvalidArgument, "NO_EXPORTS",
                                             "no exported functions in script"),
                                       kExitGeneric),
                    test.source);
}
Result<options::Options> layered_options(const options::FlagSet& flags,
                                         const GlobalSettings& global,
                                         const Environment& environment, const LoadedTest& test,
                                         options::Logger& log) {
  log.log(LogLevel::kDebug, "Parsing CLI flags...");
  options::Options command_line = BIA_TRY(command_line_options(flags));
  log.log(LogLevel::kDebug, "Consolidating config layers...");
  options::Options file = BIA_TRY(config_file_options(global));
  options::Options variables = BIA_TRY(options::parse_environment(environment));
  return options::consolidate(file, test.script_options, variables, command_line, log);
}

Result<options::Options> consolidated_options(const options::FlagSet& flags,
                                              const GlobalSettings& global,
                                              const Environment& environment,
                                              const LoadedTest& test, options::Logger& log) {
  options::Options all = BIA_TRY(layered_options(flags, global, environment, test, log));
  BIA_TRY(options::derive_scenarios(all, log));
  return all;
}

}  // namespace zelus::run
