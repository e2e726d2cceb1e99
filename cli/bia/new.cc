// bia new: Kratos' layered layout (kratos new) for C++, from the templates in the program.
#include <fmt/format.h>
#include <fmt/ostream.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <ostream>
#include <utility>
#include <vector>

#include "build.h"
#include "command.h"
#include "project.h"
#include "service.h"
#include "temp_folder.h"

namespace bia::cli {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNameMax = 64;
/// Names that C++, CMake or the generated code has already.
constexpr std::array<std::string_view, 106> kTaken = {"alignas",
                                                      "alignof",
                                                      "and",
                                                      "and_eq",
                                                      "asm",
                                                      "auto",
                                                      "bitand",
                                                      "bitor",
                                                      "bool",
                                                      "break",
                                                      "case",
                                                      "catch",
                                                      "char",
                                                      "class",
                                                      "compl",
                                                      "concept",
                                                      "const",
                                                      "consteval",
                                                      "constexpr",
                                                      "constinit",
                                                      "const_cast",
                                                      "continue",
                                                      "co_await",
                                                      "co_return",
                                                      "co_yield",
                                                      "decltype",
                                                      "default",
                                                      "delete",
                                                      "do",
                                                      "double",
                                                      "dynamic_cast",
                                                      "else",
                                                      "enum",
                                                      "explicit",
                                                      "export",
                                                      "extern",
                                                      "false",
                                                      "float",
                                                      "for",
                                                      "friend",
                                                      "goto",
                                                      "if",
                                                      "inline",
                                                      "int",
                                                      "long",
                                                      "mutable",
                                                      "namespace",
                                                      "new",
                                                      "noexcept",
                                                      "not",
                                                      "not_eq",
                                                      "nullptr",
                                                      "operator",
                                                      "or",
                                                      "or_eq",
                                                      "private",
                                                      "protected",
                                                      "public",
                                                      "register",
                                                      "requires",
                                                      "return",
                                                      "short",
                                                      "signed",
                                                      "sizeof",
                                                      "static",
                                                      "static_assert",
                                                      "static_cast",
                                                      "struct",
                                                      "switch",
                                                      "template",
                                                      "this",
                                                      "thread_local",
                                                      "throw",
                                                      "true",
                                                      "try",
                                                      "typedef",
                                                      "typeid",
                                                      "typename",
                                                      "union",
                                                      "unsigned",
                                                      "using",
                                                      "virtual",
                                                      "void",
                                                      "volatile",
                                                      "wchar_t",
                                                      "while",
                                                      "xor",
                                                      "xor_eq",
                                                      "reinterpret_cast",
                                                      "std",
                                                      "bia",
                                                      "google",
                                                      "main",
                                                      "all",
                                                      "clean",
                                                      "install",
                                                      "test",
                                                      "help",
                                                      "package",
                                                      "edit_cache",
                                                      "rebuild_cache",
                                                      "list_install_components",
                                                      "linux",
                                                      "unix"};

Result<void> check_name(const std::string& name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool plain = std::all_of(name.begin(), name.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (name.empty() || name.size() > kNameMax || !plain || !is_letter(name[0])) {
    return Error(Code::kInvalidArgument, "NAME",
                 fmt::format("\"{}\" is no name for a service: it must begin with a letter, hold "
                             "letters, digits, - and _, and be at most {} long",
                             name, kNameMax));
  }
  if (std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end()) {
    return Error(Code::kInvalidArgument, "NAME",
                 fmt::format("\"{}\" is taken by C++, CMake or bia; choose another name", name));
  }
  return {};
}

/// Where a template goes, below the project's folder: "service/cmd/NAME/main.cc" is
/// "cmd/shop/main.cc".
std::string target_path(std::string_view path, const std::string& name) {
  path.remove_prefix(path.find('/') + 1);
  if (path == "gitignore") return ".gitignore";
  std::string target = replace_all(std::string(path), "cmd/NAME/", fmt::format("cmd/{}/", name));
  return replace_all(std::move(target), "deploy/NAME.", fmt::format("deploy/{}.", name));
}

std::string target_text(std::string_view bytes, const std::string& name) {
  std::string identifier = name;
  std::replace(identifier.begin(), identifier.end(), '-', '_');
  return replace_all(replace_all(std::string(bytes), "SERVICE_NAMESPACE", identifier),
                     "SERVICE_NAME", name);
}

Result<void> write_file(const fs::path& path, std::string_view text) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (error || !file) {
    return Error(Code::kPermissionDenied, "WRITE",
                 fmt::format("cannot write {}: {}", path.string(),
                             error ? error.message() : "is the folder writable?"));
  }
  return {};
}

Files built_in_files(const std::string& name) {
  Files files;
  for (const EmbeddedFile& file : templates::service())
    files.emplace_back(target_path(file.path, name), target_text(file.bytes, name));
  return files;
}

/// A layout of one's own: a git repository whose files may say SERVICE_NAME and SERVICE_NAMESPACE,
/// and whose programs may lie in cmd/NAME.
Result<Files> cloned_files(const std::string& repository, const std::string& branch,
                           Duration timeout, const std::string& name) {
  const TempFolder folder = BIA_TRY(TempFolder::create());
  const fs::path& clone = folder.path();
  std::vector<std::string> words = {"git", "clone", "--quiet", "--depth", "1"};
  if (!branch.empty()) words.insert(words.end(), {"--branch", branch});
  words.insert(words.end(), {"--", repository, clone.string()});
  auto code = run_process(words, timeout);
  if (!code && code.error().code() == Code::kDeadlineExceeded) {
    return Error(Code::kDeadlineExceeded, "CLONE",
                 fmt::format("git did not clone {} within {}", repository,
                             format_go_duration(timeout)))
        .with_hint("raise --timeout");
  }
  if (BIA_TRY(std::move(code)) != 0) {
    return Error(Code::kUnavailable, "CLONE",
                 fmt::format("git cannot clone {}; its messages are above", repository));
  }
  Files files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(clone, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string part = entry->path().filename().string();
    if (part == ".git" || part == ".github") {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file(error)) {
      std::ifstream file(entry->path(), std::ios::binary);
      std::string bytes(std::istreambuf_iterator<char>(file), {});
      const std::string path = "layout/" + fs::relative(entry->path(), clone, error).string();
      files.emplace_back(target_path(path, name), target_text(bytes, name));
    }
  }
  if (files.empty())
    return Error(Code::kNotFound, "EMPTY", fmt::format("{} has no files", repository));
  std::sort(files.begin(), files.end());
  return files;
}

/// Programs and scripts get no questions, only a terminal does.
bool is_terminal() { return isatty(STDIN_FILENO) != 0 && isatty(STDERR_FILENO) != 0; }

std::string ask(Io& io, std::string_view question) {
  fmt::print(io.err, "{} ", question);
  io.err.flush();
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

Result<fs::path> folder_for(const Args& args, Io& io) {
  std::string given;
  if (args.positional().size() == 1) {
    given = args.positional()[0];
  } else if (args.positional().empty() && is_terminal()) {
    given = ask(io, "What is the project's name?");
  } else {
    return Error(Code::kInvalidArgument, "ARGUMENT",
                 args.positional().empty()
                     ? "bia new has no name for the service, and no terminal to ask for one"
                     : fmt::format("bia new takes one name, and \"{}\" is a second one",
                                   args.positional()[1]))
        .with_hint("write it behind the command: bia new helloworld");
  }
  const char* home = getenv("HOME");
  if (given.starts_with("~/") && home) given.replace(0, 1, home);
  fs::path folder = given;
  if (folder.filename().empty()) folder = folder.parent_path();
  BIA_TRY(check_name(folder.filename().string()));
  std::error_code error;
  if (!fs::exists(folder, error) || args.has("force")) return folder;
  if (is_terminal()) {
    const std::string answer =
        ask(io, fmt::format("{} already exists. Overwrite its files? (y/N)", folder.string()));
    if (answer == "y" || answer == "Y" || answer == "yes") return folder;
  }
  return Error(Code::kAlreadyExists, "DIR_EXISTS",
               fmt::format("{} already exists", folder.string()))
      .with_hint("choose another name, or pass --force to overwrite its files");
}

/// Kratos: --timeout, "60s".
Result<Duration> clone_timeout(const Args& args) {
  const std::string text = args.get("timeout", "60s");
  Result<Duration> timeout = parse_go_duration(text);
  if (timeout && *timeout > Duration::zero()) return *timeout;
  return Error(Code::kInvalidArgument, "TIMEOUT",
               fmt::format("--timeout \"{}\" is no duration above zero, like 90s or 5m", text));
}

/// The project that a service joins.
Result<fs::path> root_for(const fs::path& folder) {
  const fs::path root = project_root(fs::absolute(folder).lexically_normal().parent_path());
  if (!root.empty()) return root;
  return Error(
             Code::kNotFound, "NO_PROJECT",
             fmt::format("--nomod joins a project, and above {} no CMakeLists.txt has a project()",
                         folder.string()))
      .with_hint("bia new NAME makes one");
}

Result<int> run_new(const Args& args, Io& io) {
  const Duration timeout = BIA_TRY(clone_timeout(args));
  const fs::path folder = BIA_TRY(folder_for(args, io));
  const std::string name = folder.filename().string();
  const char* layout = getenv("BIA_LAYOUT_REPO");
  const std::string repository = args.get("repo", layout ? layout : "");
  fs::path root;
  if (args.has("nomod")) root = BIA_TRY(root_for(folder));
  const fs::path below = fs::absolute(folder).lexically_normal().lexically_relative(root);
  Files files = repository.empty()
                    ? built_in_files(name)
                    : BIA_TRY(cloned_files(repository, args.get("branch"), timeout, name));
  if (!root.empty()) files = part_of_project(files, name, below);
  for (const auto& [file, text] : files) {
    const fs::path path = folder / file;
    BIA_TRY(write_file(path, text));
    fmt::print(io.out, "CREATED {} ({} bytes)\n", path.string(), text.size());
  }
  if (!root.empty()) {
    if (BIA_TRY(add_to_project(root, below)))
      fmt::print(io.out, "ADDED add_subdirectory({}) to {}\n", below.generic_string(),
                 (root / "CMakeLists.txt").string());
    fmt::print(io.out, "\nCreated {0}. Build and start it:\n\n$ bia run {1}\n", name,
               folder.string());
    return 0;
  }
  fmt::print(io.out,
             "\nCreated {0}. Build and start it:\n\n"
             "$ cd {1}\n$ bia run\n\n"
             "or, step by step:\n\n"
             "$ cd {1}\n$ cmake -S . -B build -G Ninja\n$ cmake --build build\n$ ./build/bin/{0} "
             "-conf ./configs\n",
             name, folder.string());
  return 0;
}

}  // namespace

Command new_command() {
  return {"new",
          "[NAME] [--force] [--nomod] [--repo URL [--branch NAME] [--timeout TIME]]",
          "create a service in the folder NAME",
          {{"force", 'f', "", "write into a folder that exists, over files of the same names"},
           {"repo", 'r', "URL",
            "a layout of your own: a git repository; default: $BIA_LAYOUT_REPO, else bia's own"},
           {"branch", 'b', "NAME", "the repository's branch or tag"},
           {"timeout", 't', "TIME", "for cloning it; default: 60s"},
           {"nomod", 0, "",
            "a further service of the project above NAME's folder: without an api of its own, and "
            "added to the project's CMakeLists.txt"}},
          "NAME may be a path; its last part is the service's name. On a terminal it is asked for "
          "where it is missing. In a layout, SERVICE_NAME, SERVICE_NAMESPACE and cmd/NAME stand "
          "for it.",
          run_new};
}

}  // namespace bia::cli
