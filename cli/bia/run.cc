// bia run: builds the project and becomes its service, so that signals and the exit code are the
// service's own.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ostream>

#include "build.h"
#include "watch.h"

namespace bia::cli {
namespace {

bool is_conf(const std::string& word) {
  return word == "-conf" || word == "--conf" || word.starts_with("-conf=") ||
         word.starts_with("--conf=");
}

Result<int> run_run(const Args& args, Io& io) {
  if (args.positional().size() > 1) {
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 fmt::format("unexpected argument {}", args.positional()[1]))
        .with_hint("the service's own arguments come after --: bia run . -- -conf configs");
  }
  const std::string folder =
      args.positional().empty() ? args.get("work", ".") : args.positional()[0];
  const BuiltService built = BIA_TRY(build_service(folder, args.get("cmd"), io));
  std::vector<std::string> words = {built.program};
  if (std::none_of(args.rest().begin(), args.rest().end(), is_conf))
    words.insert(words.end(), {"-conf", "configs"});
  words.insert(words.end(), args.rest().begin(), args.rest().end());
  if (args.has("watch")) return run_watching(built, words, io);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  io.out.flush();
  io.err.flush();
  if (chdir(built.folder.c_str()) == 0) execv(built.program.c_str(), argv.data());
  return Error(Code::kFailedPrecondition, "EXEC",
               fmt::format("cannot start {}: {}", built.program, strerror(errno)));
}

}  // namespace

Command run_command() {
  return {"run",
          "[DIR] [--cmd NAME] [--watch] [-- ARGUMENTS]",
          "build the service in DIR (default: here) and start it",
          {{"work", 'w', "DIR", "the project's folder, as DIR"},
           {"watch", 'W', "", "build and start it again when a source changes"},
           {"cmd", 'c', "NAME", "which program of cmd/, where there are several"}},
          "The service starts in DIR with -conf configs, unless ARGUMENTS have another -conf. Its "
          "exit code is bia's.",
          run_run};
}

}  // namespace bia::cli
