#include "zelus/modules/http/cookie_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace zelus::modules {

namespace {

/// Go's %q of a byte as a character.
std::string quoted_byte(char c) {
  const auto code = static_cast<unsigned char>(c);
  constexpr std::string_view kNamed = "abtnvfr";  // from 7 on
  if (c == '\\' || c == '\'') return fmt::format("'\\{}'", c);
  if (code >= 7 && code < 7 + kNamed.size()) return fmt::format("'\\{}'", kNamed[code - 7]);
  if (code < 0x20 || code == 0x7f) return fmt::format("'\\x{:02x}'", code);
  if (code < 0x7f) return fmt::format("'{}'", c);
  if (code <= 0xa0 || code == 0xad) return fmt::format("'\\u{:04x}'", code);
  return fmt::format("'{}{}'", static_cast<char>(0xc0 | (code >> 6)),
                     static_cast<char>(0x80 | (code & 0x3f)));
}

}  // namespace

bool is_cookie_byte(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != ';' && c != '\\'; }

bool is_cookie_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7f &&
           std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

bool read_cookie_value(std::string_view text, std::string_view& value) {
  if (text.size() > 1 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  value = text;
  return std::all_of(text.begin(), text.end(), is_cookie_byte);
}

void append_cookie(std::string& line, std::string_view name, std::string_view value,
                   std::string& dropped) {
  dropped.clear();
  if (!line.empty()) line += "; ";
  for (char c : name) line += c == '\r' || c == '\n' ? '-' : c;
  line += '=';
  const size_t start = line.size();
  for (char c : value) {
    if (is_cookie_byte(c)) {
      line += c;
    } else if (dropped.empty()) {
      dropped = quoted_byte(c);
    }
  }
  if (line.find_first_of(" ,", start) == std::string::npos) return;
  line.insert(start, 1, '"');
  line += '"';
}

std::vector<std::pair<std::string, std::string>> read_cookie_line(std::string_view line) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!line.empty()) {
    const size_t end = std::min(line.find(';'), line.size());
    std::string_view part = bia::trim(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
    const size_t equals = std::min(part.find('='), part.size());
    std::string_view name = bia::trim(part.substr(0, equals)), value;
    part.remove_prefix(std::min(equals + 1, part.size()));
    if (is_cookie_name(name) && read_cookie_value(part, value)) out.emplace_back(name, value);
  }
  return out;
}

}  // namespace zelus::modules
