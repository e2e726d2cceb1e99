#pragma once
#include <string_view>

namespace bia {

/// A file that CMake's `bia_embed()` put into the program.
struct EmbeddedFile {
  std::string_view path;  ///< Relative to the folder of the CMakeLists.txt that embedded it.
  std::string_view bytes;
};

}  // namespace bia
