// bia new: Kratos' layered layout (kratos new) for C++, from the templates in the program.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <ostream>

#include "command.h"
#include "service.h"

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

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

/// Where a template goes, below the project's folder: "service/cmd/NAME/main.cc" is
/// "cmd/shop/main.cc".
std::string target_path(std::string_view path, const std::string& name) {
  path.remove_prefix(path.find('/') + 1);
  if (path == "gitignore") return ".gitignore";
  return replace_all(std::string(path), "cmd/NAME/", fmt::format("cmd/{}/", name));
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

Result<int> run_new(const Args& args, Io& io) {
  if (args.positional().size() != 1) {
    return Error(Code::kInvalidArgument, "ARGUMENT", "bia new takes one name")
        .with_hint("bia new helloworld");
  }
  fs::path folder = args.positional()[0];
  if (folder.filename().empty()) folder = folder.parent_path();
  const std::string name = folder.filename().string();
  BIA_TRY(check_name(name));
  std::error_code error;
  if (fs::exists(folder, error) && !args.has("force")) {
    return Error(Code::kAlreadyExists, "DIR_EXISTS",
                 fmt::format("{} already exists", folder.string()))
        .with_hint("choose another name, or pass --force to overwrite its files");
  }
  for (const EmbeddedFile& file : templates::service()) {
    const fs::path path = folder / target_path(file.path, name);
    const std::string text = target_text(file.bytes, name);
    BIA_TRY(write_file(path, text));
    fmt::print(io.out, "CREATED {} ({} bytes)\n", path.string(), text.size());
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
          "NAME [--force]",
          "create a service in the folder NAME",
          {{"force", 'f', "", "write into a folder that exists, over files of the same names"}},
          "NAME may be a path; its last part is the service's name.",
          run_new};
}

}  // namespace bia::cli
