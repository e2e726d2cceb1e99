#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace bia::cli {

/// Files below a project's folder, with their text.
using Files = std::vector<std::pair<std::string, std::string>>;

std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// `folder` or the closest folder above it whose CMakeLists.txt has a project(); empty where there
/// is none.
std::filesystem::path project_root(const std::filesystem::path& folder);

/// What of a layout goes into a project that is there already (kratos new --nomod): not what the
/// project has once, its api, README, LICENSE and the like; and a CMakeLists.txt that joins it.
/// `below` is the service's folder in the project.
Files part_of_project(const Files& layout, const std::string& name,
                      const std::filesystem::path& below);

/// Appends add_subdirectory(below) to the project's CMakeLists.txt, once; false where it was there.
Result<bool> add_to_project(const std::filesystem::path& root, const std::filesystem::path& below);

}  // namespace bia::cli
