#pragma once
#include <string>
#include <vector>

namespace zelus::summary {

/// Text that is put together from the inside out: parts are indented where they are placed.
using Lines = std::vector<std::string>;

inline void append(Lines& to, const Lines& lines) {
  to.insert(to.end(), lines.begin(), lines.end());
}

/// Two columns a level; empty lines stay empty.
inline Lines indented(Lines lines, size_t levels) {
  for (std::string& line : lines) {
    if (!line.empty()) line.insert(0, 2 * levels, ' ');
  }
  return lines;
}

inline std::string joined(const Lines& lines) {
  std::string text;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) text += '\n';
    text += lines[i];
  }
  return text;
}

}  // namespace zelus::summary
