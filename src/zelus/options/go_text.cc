// JSON as Go's encoding/json writes it, and k6's way to show where an option is wrong.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "zelus/options/json.h"

namespace zelus::options {

namespace {

/// No option is as deep, and a fiber's stack is small.
constexpr size_t kDepthMax = 100;

/// Values and where they begin and end in the text.
class GoText {
 public:
  GoText(const JsonValue& document, const Fault& fault) : fault_(fault) { write(document, 0); }

  std::string text;
  size_t value_begin = 0, value_end = 0, base_begin = 0;

 private:
  void write(const JsonValue& value, size_t depth) {
    const size_t begin = text.size();
    if (&value == fault_.base) base_begin = begin;
    if (depth > kDepthMax) {
      text += "null";
    } else if (value.IsObject()) {
      open('{');
      for (const JsonMember& member : members(value)) {
        next(depth + 1);
        quote(member.name);
        text += ": ";
        write(*member.value, depth + 1);
      }
      close('}', depth);
    } else if (value.IsArray()) {
      open('[');
      for (const JsonValue& item : value.GetArray()) {
        next(depth + 1);
        write(item, depth + 1);
      }
      close(']', depth);
    } else if (value.IsString()) {
      quote(text_of(value));
    } else {
      text += value.IsNumber() ? go_number(value) : dump(value);
    }
    if (&value == fault_.value) value_begin = begin, value_end = text.size();
  }

  void open(char bracket) {
    text += bracket;
    first_ = true;
  }
  void next(size_t depth) {
    if (!first_) text += ',';
    first_ = false;
    text += '\n';
    text.append(2 * depth, ' ');
  }
  void close(char bracket, size_t depth) {
    if (!first_) {
      text += '\n';
      text.append(2 * depth, ' ');
    }
    first_ = false;
    text += bracket;
  }
  void quote(std::string_view raw) {
    text += '"';
    for (char c : raw) {
      if (c == '"' || c == '\\') {
        text += '\\';
        text += c;
      } else if (c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f') {
        text += '\\';
        text += c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c == '\b' ? 'b' : 'f';
      } else if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&') {
        text += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
      } else {
        text += c;
      }
    }
    text += '"';
  }

  const Fault& fault_;
  bool first_ = true;
};

}  // namespace

std::string go_number(const JsonValue& number) {
  if (number.IsInt64()) return std::to_string(number.GetInt64());
  if (number.IsUint64()) return std::to_string(number.GetUint64());
  const double value = number.GetDouble();
  const double size = std::fabs(value);
  char out[64];
  auto end = std::to_chars(out, out + sizeof(out), value, std::chars_format::scientific);
  std::string text(out, end.ptr);
  const size_t e = text.find('e');
  if (size != 0 && (size < 1e-6 || size >= 1e21)) {
    // 1e-09 is 1e-9.
    if (text[e + 2] == '0') text.erase(e + 2, 1);
    return text;
  }
  constexpr double kWholeDigits = 1e17;
  if (size < kWholeDigits) {
    end = std::to_chars(out, out + sizeof(out), value, std::chars_format::fixed);
    return std::string(out, end.ptr);
  }
  // The fewest digits that read back the same, then zeros; the C++ library writes them all.
  const auto exponent = static_cast<size_t>(std::stoi(text.substr(e + 1)));
  std::string digits = text.substr(0, e);
  const size_t sign = digits.starts_with('-') ? 1 : 0;
  std::erase(digits, '.');
  digits.resize(sign + exponent + 1, '0');
  return digits;
}

std::string fault_text(const JsonValue& document, const Fault& fault) {
  const GoText go(document, fault);
  const bool scalar = !fault.value->IsObject() && !fault.value->IsArray();
  const size_t offset =
      std::min((scalar ? go.value_end : go.value_begin + 1) - go.base_begin, go.text.size());
  const std::string_view text = go.text;
  const size_t newline = text.substr(0, offset).rfind('\n');
  const size_t begin = newline == std::string_view::npos ? 0 : newline;
  // k6 takes the distance to the next line for its place.
  const size_t next = text.substr(offset).find('\n');
  const size_t line = next == std::string_view::npos ? 0 : std::min(next, text.size() - 1);
  std::string_view shown = text.substr(begin, std::max(line, offset) - begin);
  constexpr std::string_view kSpace = " \n";
  const size_t first = shown.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return "";
  return std::string(shown.substr(first, shown.find_last_not_of(kSpace) + 1 - first));
}

}  // namespace zelus::options
