// `zelus archive`, and what reads an archive.
#include "zelus/run/archive.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <cerrno>
#include <ctime>
#include <fstream>
#include <set>

#include "zelus/options/json.h"
#include "zelus/run/command.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/go_error.h"
#include "zelus/run/go_json.h"
#include "zelus/run/script_command.h"
#include "zelus/run/tar.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::Flag;

namespace {

constexpr size_t kHelpColumns = 120;
constexpr std::string_view kFileScheme = "file://", kHttpsScheme = "https://";

std::string path_of(std::string_view url) {
  return std::string(url.starts_with(kFileScheme) ? url.substr(kFileScheme.size()) : url);
}

std::string folder_of(std::string_view path) {
  return std::string(path.substr(0, path.rfind('/')));
}

Error bad(Code code, std::string text) { return Error(code, "ARCHIVE", std::move(text)); }

std::vector<Flag> archive_flags() {
  std::vector<Flag> flags = option_flags();
  for (Flag flag : runtime_flags()) {
    if (flag.name == "include-system-env-vars") flag.default_text = "";
    flags.push_back(flag);
  }
  flags.push_back({"archive-out", 'O', Flag::Kind::kString, "archive.tar",
                   "archive output filename. Dash (-) is a reserved value that causes the archive "
                   "to be output to stdout."});
  flags.push_back({"exclude-env-vars", 0, Flag::Kind::kBool, "",
                   "do not embed any environment variables (either from --env or the actual "
                   "environment) in the archive metadata"});
  return flags;
}

std::string help() {
  std::vector<Flag> flags = archive_flags();
  flags.push_back({"help", 'h', Flag::Kind::kBool, "", "help for archive"});
  return "Create an archive.\n\n"
         "An archive is a fully self-contained test run, and can be executed identically "
         "elsewhere.\n\n"
         "Usage:\n  zelus archive [flags]\n\n"
         "Examples:\n"
         "  # Archive a test run.\n"
         "  zelus archive -u 10 -d 10s -O myarchive.tar script.js\n\n"
         "  # Run the resulting archive.\n"
         "  zelus run myarchive.tar\n\n"
         "Flags:\n" +
         options::FlagSet::usages(flags, kHelpColumns) + "\nGlobal Flags:\n" +
         options::FlagSet::usages(global_flags(), kHelpColumns);
}

/// "/a.js" → "file/a.js", "https://host/b.js" → "https/host/b.js".
std::string name_in_archive(const std::string& path) {
  if (path.starts_with(kHttpsScheme)) return "https/" + path.substr(kHttpsScheme.size());
  return "file" + path;
}

std::string quoted(std::string_view text) {
  rapidjson::Value value(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  return options::dump(value);
}

std::string metadata(const LoadedTest& test, const options::Options& all, bool with_environment) {
  std::string env;
  if (with_environment) {
    for (const auto& [name, value] : test.runtime.env)
      env += fmt::format("{}{}:{}", env.empty() ? "" : ",", quoted(name), quoted(value));
  }
  return go_indented(
             fmt::format(R"({{"type":"js","options":{},"filename":{},"pwd":{},"env":{{{}}},)"
                         R"("compatibilityMode":"{}","k6version":"{}","goos":"linux",)"
                         R"("dependencies":{{"k6":"*"}}}})",
                         options::to_json(all), quoted(test.source.url),
                         quoted(folder_of(test.source.url)), env,
                         test.runtime.extended_compatibility ? "extended" : "base", kK6Version))
      .value();
}

Result<std::string> make(const options::FlagSet& flags, const GlobalSettings& global,
                         CommandContext& context, exec::UserFactory& factory, Log& log,
                         bia::fiber::ThreadGroup& threads) {
  metrics::Registry registry;
  LoadRequest request{flags.arguments().front(), &flags, &context.environment, context.read_stdin,
                      /*include_system_env=*/false};
  request.keep_files = true;
  LoadedTest test = BIA_TRY(load_test(request, factory, registry, log, threads.scheduler(1)));
  for (const auto& [path, bytes] : *test.source.seen) {
    if (path.find("/node_modules/") != std::string::npos)
      return bad(Code::kUnimplemented,
                 fmt::format("{}: packages of node_modules cannot be archived yet", path));
  }
  options::Options all = BIA_TRY(layered_options(flags, global, context.environment, test, log));
  options::Options derived = all;
  BIA_TRY(options::derive_scenarios(derived, log));
  BIA_TRY(validated_thresholds(derived, test, registry));
  return write_archive(test, all, !flags.boolean("exclude-env-vars").value_or(false));
}

Result<void> write_out(const std::string& path, const std::string& tar, Terminal& terminal) {
  if (path == "-") {
    terminal.write_out(tar);
    return {};
  }
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return bad(Code::kPermissionDenied, go_open_error(path));
  file << tar;
  file.close();
  if (!file) return bad(Code::kPermissionDenied, fmt::format("{} cannot be written", path));
  return {};
}

}  // namespace

std::string write_archive(const LoadedTest& test, const options::Options& consolidated,
                          bool with_environment) {
  TarWriter tar(std::time(nullptr));
  tar.add_file("metadata.json", metadata(test, consolidated, with_environment));
  tar.add_file("data", test.source.text);
  std::string main = path_of(test.source.url);
  exec::FileTree files;
  if (test.source.seen) files = *test.source.seen;
  files[main] = test.source.text;
  std::set<std::string> folders{"file"};
  for (const auto& [path, bytes] : files) {
    std::string name = name_in_archive(path);
    for (size_t slash = name.find('/'); slash != std::string::npos;
         slash = name.find('/', slash + 1))
      folders.insert(name.substr(0, slash));
  }
  for (const std::string& folder : folders) tar.add_folder(folder);
  for (const auto& [path, bytes] : files) {
    if (path == main) {
      tar.add_link(name_in_archive(path), "data");
    } else {
      tar.add_file(name_in_archive(path), bytes);
    }
  }
  return tar.take();
}

Result<OpenedArchive> open_archive(const exec::ScriptSource& tar) {
  auto files = BIA_TRY(read_tar(tar.text));
  auto metadata = files.find("metadata.json");
  auto data = files.find("data");
  if (metadata == files.end() || data == files.end())
    return bad(Code::kInvalidArgument,
               fmt::format("{} is no archive of k6: it has no metadata.json and data", tar.name));
  rapidjson::Document document;
  BIA_TRY(options::parse_json(metadata->second, document));
  auto text = [&](const char* key) -> std::string {
    auto found = document.FindMember(key);
    return found != document.MemberEnd() && found->value.IsString() ? found->value.GetString() : "";
  };
  if (!document.IsObject() || text("type") != "js" || text("filename").empty())
    return bad(Code::kInvalidArgument,
               fmt::format("{}: metadata.json names no type js and no filename", tar.name));
  OpenedArchive opened;
  opened.source.name = tar.name;
  opened.source.url = text("filename");
  opened.source.text = data->second;
  auto tree = std::make_shared<exec::FileTree>();
  for (auto& [name, bytes] : files) {
    // "files" and "scripts" are k6's from before v0.23.
    for (std::string_view top : {"file/", "files/", "scripts/"}) {
      if (name.starts_with(top)) (*tree)[name.substr(top.size() - 1)] = std::move(bytes);
    }
    constexpr std::string_view kRemote = "https/";
    if (name.starts_with(kRemote))
      (*tree)[std::string(kHttpsScheme) + name.substr(kRemote.size())] = std::move(bytes);
  }
  opened.source.archive = std::move(tree);
  if (document.HasMember("options")) opened.options_json = options::dump(document["options"]);
  if (document.HasMember("env") && document["env"].IsObject()) {
    for (const auto& member : document["env"].GetObject()) {
      if (member.value.IsString()) opened.env[member.name.GetString()] = member.value.GetString();
    }
  }
  return opened;
}

int archive_command(const std::vector<std::string>& arguments, CommandContext& context) {
  std::vector<Flag> all = archive_flags();
  all.insert(all.end(), global_flags().begin(), global_flags().end());
  auto work = [](const ScriptWork& given) -> Result<void> {
    auto tar =
        make(given.flags, given.global, given.context, given.factory, given.log, given.threads);
    if (!tar) return std::move(tar).error();
    return write_out(given.flags.text("archive-out").value_or("archive.tar"), *tar,
                     *given.context.terminal);
  };
  return run_script_command({std::move(all), help, work}, arguments, context);
}

}  // namespace zelus::run
