// `zelus new`.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "zelus/run/command.h"
#include "zelus/run/flag_tables.h"
#include "zelus/run/log.h"
#include "zelus/run/settings.h"

namespace zelus::run {

using bia::Code;
using bia::Error;
using options::Flag;

namespace {

constexpr size_t kHelpColumns = 120;

constexpr std::string_view kMinimal = R"(import http from "k6/http";
import { check, sleep } from "k6";

export const options = {
  vus: 10,
  duration: "30s",
};

export default function () {
  const response = http.get("http://localhost:8080/");
  check(response, { "answers 200": (r) => r.status === 200 });
  sleep(1);
}
)";

constexpr std::string_view kProtocol = R"(import http from "k6/http";
import { check, group, sleep } from "k6";

// Another server: zelus run -e BASE_URL=http://host:port {{ .ScriptName }}
const baseUrl = __ENV.BASE_URL || "http://localhost:8080";

export const options = {
  // Up to 10 users, hold, and down again.
  stages: [
    { duration: "10s", target: 10 },
    { duration: "20s", target: 10 },
    { duration: "5s", target: 0 },
  ],
  // The run fails (exit code 99) where one of these does not hold.
  thresholds: {
    http_req_failed: ["rate<0.01"],
    http_req_duration: ["p(95)<500"],
  },
};

// Once, before the users start. What it returns is given to each of them.
export function setup() {
  const response = http.get(baseUrl + "/");
  if (response.status === 0) throw new Error(`${baseUrl} does not answer: ${response.error}`);
  return { startedAt: new Date().toISOString() };
}

export default function (data) {
  group("read", () => {
    const response = http.get(baseUrl + "/");
    check(response, { "answers 200": (r) => r.status === 200 });
  });
  group("write", () => {
    const response = http.post(baseUrl + "/", JSON.stringify({ startedAt: data.startedAt }), {
      headers: { "Content-Type": "application/json" },
    });
    check(response, { "is accepted": (r) => r.status < 300 });
  });
  sleep(1);
}
)";

std::vector<Flag> own_flags() {
  return {{"force", 'f', Flag::Kind::kBool, "", "overwrite existing files"},
          {"project-id", 0, Flag::Kind::kString, "",
           "value of {{ .ProjectID }} in a template of your own"},
          {"template", 0, Flag::Kind::kString, "minimal",
           "template type (choices: minimal, protocol) or relative/absolute path to a custom "
           "template file"}};
}

std::string help() {
  std::vector<Flag> flags = own_flags();
  flags.push_back({"help", 'h', Flag::Kind::kBool, "", "help for new"});
  return "Create a script to start from.\n\n"
         "By default, the script will be named script.js unless a different name is specified.\n\n"
         "Usage:\n  zelus new [file] [flags]\n\n"
         "Examples:\n"
         "  # Create a script with the default template\n"
         "  zelus new\n\n"
         "  # Overwrite an existing file\n"
         "  zelus new -f test.js\n\n"
         "  # Create a script using a specific template\n"
         "  zelus new --template protocol\n\n"
         "Flags:\n" +
         options::FlagSet::usages(flags, kHelpColumns) + "\nGlobal Flags:\n" +
         options::FlagSet::usages(global_flags(), kHelpColumns);
}

Error bad(Code code, std::string text) { return Error(code, "BAD_NEW", std::move(text)); }

Result<std::string> template_text(const std::string& name) {
  if (name == "minimal") return std::string(kMinimal);
  if (name == "protocol") return std::string(kProtocol);
  if (name == "browser")
    return bad(Code::kUnimplemented,
               "the template \"browser\" is known to k6, but zelus cannot run browsers");
  if (name.find('/') == std::string::npos && !name.ends_with(".js") && !name.ends_with(".ts"))
    return bad(Code::kInvalidArgument,
               fmt::format("error retrieving template: invalid template type \"{}\"", name));
  std::ifstream file(name, std::ios::binary);
  if (!file)
    return bad(Code::kNotFound,
               fmt::format("error retrieving template: failed to read template file {}", name));
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

Result<std::string> create(const options::FlagSet& flags) {
  if (flags.arguments().size() > 1)
    return bad(Code::kInvalidArgument,
               fmt::format("accepts at most 1 arg(s), received {}", flags.arguments().size()));
  std::string path = flags.arguments().empty() ? "script.js" : flags.arguments().front();
  std::string kind = flags.text("template").value_or("minimal");
  std::error_code failed;
  if (std::filesystem::exists(path, failed) && !flags.boolean("force").value_or(false))
    return bad(Code::kAlreadyExists,
               fmt::format("{} already exists. Use the `--force` flag to overwrite it", path));
  std::string text = BIA_TRY(template_text(kind));
  for (std::string_view space : {"", " "}) {
    replace_all(text, fmt::format("{{{{{0}.ScriptName{0}}}}}", space), path);
    replace_all(text, fmt::format("{{{{{0}.ProjectID{0}}}}}", space),
                flags.text("project-id").value_or(""));
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return bad(Code::kPermissionDenied, fmt::format("{} cannot be written", path));
  return fmt::format("New script created: {} ({} template).\n", path, kind);
}

}  // namespace

int new_command(const std::vector<std::string>& arguments, CommandContext& context) {
  std::vector<Flag> all = own_flags();
  all.insert(all.end(), global_flags().begin(), global_flags().end());
  options::FlagSet flags(all);
  auto parsed = flags.parse(arguments);
  if (!parsed && parsed.error().reason() == "HELP") {
    context.terminal->write_out(help());
    return 0;
  }
  GlobalSettings global = global_settings(flags, context.environment);
  auto log = Log::create({global.log_output, global.log_format, global.verbose, global.no_color},
                         *context.terminal);
  if (!log) return report_error(log.error(), **Log::create({}, *context.terminal));
  if (!parsed) return report_error(parsed.error(), **log);
  auto done = create(flags);
  if (!done) return report_error(done.error(), **log);
  context.terminal->write_out(*done);
  return 0;
}

}  // namespace zelus::run
