#include "project.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>

#include "base/read_file.h"
#include "part.h"

namespace bia::cli {
namespace {

namespace fs = std::filesystem;

/// Of the project above, once.
constexpr std::array<std::string_view, 8> kOfProject = {
    "api",          "third_party", "README.md",      "LICENSE",
    "openapi.yaml", ".gitignore",  "CMakeLists.txt", "Makefile"};

/// A line that calls `command`, in any case, as CMake reads them.
bool calls(std::string_view text, std::string_view command) {
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string line;
    for (const char c : text.substr(0, end)) {
      if (c != ' ' && c != '\t' && c != '\r') line += char(std::tolower(static_cast<uint8_t>(c)));
    }
    if (line.starts_with(command)) return true;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return false;
}

}  // namespace

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

fs::path project_root(const fs::path& folder) {
  fs::path at = fs::absolute(folder).lexically_normal();
  if (at.filename().empty()) at = at.parent_path();
  for (;; at = at.parent_path()) {
    const auto list = read_file((at / "CMakeLists.txt").string());
    if (list && calls(*list, "project(")) return at;
    if (at == at.parent_path()) return {};
  }
}

Files part_of_project(const Files& layout, const std::string& name, const fs::path& below) {
  Files files;
  for (const auto& [path, text] : layout) {
    const std::string first = path.substr(0, path.find('/'));
    if (std::find(kOfProject.begin(), kOfProject.end(), first) != kOfProject.end()) continue;
    // An image is built from the project's folder, where build/bin is.
    files.emplace_back(path, path == "Dockerfile"
                                 ? replace_all(text, "COPY configs ",
                                               fmt::format("COPY {}/configs ", below.string()))
                                 : text);
  }
  for (const EmbeddedFile& file : templates::part())
    files.emplace_back(file.path.substr(file.path.find('/') + 1),
                       replace_all(std::string(file.bytes), "SERVICE_NAME", name));
  return files;
}

Result<bool> add_to_project(const fs::path& root, const fs::path& below) {
  const fs::path list = root / "CMakeLists.txt";
  const std::string line = fmt::format("add_subdirectory({})", below.generic_string());
  const std::string text = BIA_TRY(read_file(list.string()));
  if (text.find(line) != std::string::npos) return false;
  std::ofstream file(list, std::ios::binary | std::ios::app);
  file << (text.ends_with('\n') ? "" : "\n") << line << '\n';
  file.close();
  if (file) return true;
  return Error(Code::kPermissionDenied, "WRITE",
               fmt::format("cannot write {}: is it writable?", list.string()))
      .with_hint("write " + line + " into it");
}

}  // namespace bia::cli
