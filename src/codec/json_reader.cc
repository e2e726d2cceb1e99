#include "bia/codec/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

#include "bia/codec/json_writer.h"
#include "codec/real_text.h"
#include "codec/utf8.h"

namespace bia::codec {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// What a literal or a number cannot be followed by, as Go's decoder has it.
bool is_not_delimiter(char c) {
  return c == '-' || c == '+' || c == '.' || c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z');
}

/// How much of an invalid value Go's messages show.
constexpr size_t kShownMax = 32;

}  // namespace

bool is_utf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    size_t length = utf8_length(text, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string JsonReader::place(size_t at) const {
  std::string_view before = text_.substr(0, std::min(at, text_.size()));
  auto line = std::count(before.begin(), before.end(), '\n') + 1;
  if (size_t newline = before.rfind('\n'); newline != std::string_view::npos)
    before.remove_prefix(newline + 1);
  auto column =
      std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xC0) != 0x80; }) + 1;
  return fmt::format("(line {}:{})", line, column);
}

bool JsonReader::fail_syntax(size_t at, std::string_view message) {
  if (!failed_) message_ = fmt::format("syntax error {}: {}", place(at), message);
  failed_ = true;
  return false;
}

void JsonReader::fail(std::string_view message) {
  if (!failed_) message_ = fmt::format("{}: {}", place(token_), message);
  failed_ = true;
}

void JsonReader::fail_at_field(std::string_view message) {
  token_ = name_;
  token_end_ = name_end_;
  fail(message);
}

bool JsonReader::fail_eof() {
  if (!failed_) message_ = "syntax error " + place(text_.size()) + ": unexpected EOF";
  failed_ = true;
  return false;
}

bool JsonReader::fail_value(std::string_view type) {
  fail(fmt::format("invalid value for {} type: {}", type, raw()));
  return false;
}
bool JsonReader::fail_duplicate() {
  fail(fmt::format("duplicate field {}", raw()));
  return false;
}
bool JsonReader::fail_oneof(std::string_view full_name) {
  fail_at_field(fmt::format("error parsing {}, oneof {} is already set",
                            text_.substr(name_, name_end_ - name_), full_name));
  return false;
}
bool JsonReader::fail_unknown_field() {
  fail(fmt::format("unknown field {}", raw()));
  return false;
}

Error JsonReader::error() const { return Error(Code::kInvalidArgument, "CODEC", message_); }

Result<void> JsonReader::finish() {
  if (!failed_ && next_token() != 0) fail_unexpected();
  if (failed_) return error();
  return {};
}

std::string_view JsonReader::raw() { return text_.substr(token_, token_end_ - token_); }

/// Skips space; the first byte of the next token, 0 at the end. A NUL in the text is an invalid
/// value all the same.
char JsonReader::next_token() {
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  token_ = token_end_ = at_;
  return at_ < text_.size() ? (text_[at_] ? text_[at_] : '\x01') : '\0';
}

bool JsonReader::scan_number(size_t& end) const {
  size_t i = at_;
  auto at = [&](size_t index) { return index < text_.size() ? text_[index] : '\0'; };
  if (at(i) == '-') ++i;
  if (at(i) == '0') {
    ++i;
  } else if (is_digit(at(i))) {
    while (is_digit(at(i))) ++i;
  } else {
    return false;
  }
  if (at(i) == '.') {
    if (!is_digit(at(++i))) return false;
    while (is_digit(at(i))) ++i;
  }
  if (at(i) == 'e' || at(i) == 'E') {
    ++i;
    if (at(i) == '+' || at(i) == '-') ++i;
    if (!is_digit(at(i))) return false;
    while (is_digit(at(i))) ++i;
  }
  end = i;
  return i >= text_.size() || !is_not_delimiter(text_[i]);
}

JsonSource::Kind JsonReader::peek() {
  if (failed_) return Kind::kFailed;
  char c = next_token();
  auto literal = [&](std::string_view word) {
    token_end_ = at_ + word.size();
    return text_.substr(at_, word.size()) == word &&
           (token_end_ >= text_.size() || !is_not_delimiter(text_[token_end_]));
  };
  switch (c) {
    case '\0':
      fail_eof();
      return Kind::kFailed;
    case '{':
      token_end_ = at_ + 1;
      return Kind::kObject;
    case '[':
      token_end_ = at_ + 1;
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 'n':
      if (literal("null")) return Kind::kNull;
      break;
    case 't':
      if (literal("true")) return Kind::kBool;
      break;
    case 'f':
      if (literal("false")) return Kind::kBool;
      break;
    default:
      if ((c == '-' || is_digit(c)) && scan_number(token_end_)) return Kind::kNumber;
  }
  fail_unexpected();
  return Kind::kFailed;
}

std::string_view JsonReader::token_text(size_t at) const {
  JsonReader probe(text_);
  probe.at_ = at;
  switch (text_[at]) {
    case '{':
    case '}':
    case '[':
    case ']':
    case ',':
      return text_.substr(at, 1);
    default:
      break;
  }
  Kind kind = probe.peek();
  if (kind == Kind::kFailed) return {};
  std::string_view ignored;
  if (kind == Kind::kString && !probe.read_string(ignored)) return {};
  return text_.substr(at, probe.token_end_ - at);
}

/// Fails about the token at `at_`: one that is out of place, or that is none.
bool JsonReader::fail_unexpected() {
  if (failed_) return false;
  if (at_ >= text_.size()) return fail_eof();
  char c = text_[at_];
  bool literal = c == 'n' || c == 't' || c == 'f';
  size_t number_end = 0;
  std::string_view whole;
  if (std::strchr("{}[],\"", c) != nullptr && c != '\0') {
    whole = token_text(at_);
  } else if (literal) {
    size_t size = c == 'f' ? 5 : 4;
    std::string_view word = c == 'n' ? "null" : c == 't' ? "true" : "false";
    if (text_.substr(at_, size) == word &&
        (at_ + size >= text_.size() || !is_not_delimiter(text_[at_ + size])))
      whole = word;
  } else if (scan_number(number_end)) {
    whole = text_.substr(at_, number_end - at_);
  }
  if (!whole.empty()) return fail_syntax(at_, fmt::format("unexpected token {}", whole));
  if (c == '"') {
    std::string_view ignored;
    return read_string(ignored);  // its own message
  }
  size_t end = at_;
  while (end < text_.size() && (text_[end] == '/' || is_not_delimiter(text_[end])) &&
         end - at_ <= kShownMax)
    ++end;
  bool cut = end - at_ > kShownMax;
  if (end == at_) end += std::max<size_t>(1, utf8_length(text_, at_));
  return fail_syntax(
      at_, fmt::format("invalid value {}{}", text_.substr(at_, end - at_), cut ? "…" : ""));
}

bool JsonReader::take_null() {
  if (peek() != Kind::kNull) return fail_unexpected();
  at_ = token_end_;
  return true;
}

bool JsonReader::take_bool(bool& value) {
  if (peek() != Kind::kBool) return fail_unexpected();
  value = text_[at_] == 't';
  at_ = token_end_;
  return true;
}

bool JsonReader::read_escape(size_t& at) {
  auto bad = [&](size_t size) {
    if (at + size > text_.size()) return fail_eof();
    return fail_syntax(
        token_, fmt::format("invalid escape code \"\\{}\" in string", text_.substr(at, size)));
  };
  auto hex4 = [&](size_t from, uint32_t& value) {
    if (from + 4 > text_.size()) return false;
    auto parsed = std::from_chars(text_.data() + from, text_.data() + from + 4, value, 16);
    return parsed.ec == std::errc() && parsed.ptr == text_.data() + from + 4;
  };
  ++at;  // the backslash
  if (at >= text_.size()) return fail_eof();
  char c = text_[at];
  static constexpr std::string_view kFrom = "\"\\/bfnrt";
  static constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
  if (size_t index = kFrom.find(c); index != std::string_view::npos) {
    scratch_.push_back(kTo[index]);
    ++at;
    return true;
  }
  if (c != 'u') return bad(1);
  uint32_t rune = 0;
  if (!hex4(at + 1, rune)) return bad(5);
  if (rune >= 0xD800 && rune <= 0xDFFF) {
    uint32_t low = 0;
    bool pair = rune < 0xDC00 && text_.substr(std::min(at + 5, text_.size()), 2) == "\\u" &&
                hex4(at + 7, low) && low >= 0xDC00 && low <= 0xDFFF;
    if (!pair) return bad(at + 11 <= text_.size() ? 11 : 5);
    rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
    at += 6;
  }
  append_utf8(scratch_, rune);
  at += 5;
  return true;
}

bool JsonReader::read_string(std::string_view& value) {
  size_t begin = at_ + 1;
  size_t i = begin;
  bool copied = false;
  for (size_t run = begin;;) {
    if (i >= text_.size()) return fail_eof();
    auto c = static_cast<uint8_t>(text_[i]);
    if (c == '"') {
      if (copied) {
        scratch_.append(text_, run, i - run);
        value = scratch_;
      } else {
        value = text_.substr(begin, i - begin);
      }
      break;
    }
    if (c == '\\') {
      if (!copied) scratch_.clear();
      copied = true;
      scratch_.append(text_, run, i - run);
      if (!read_escape(i)) return false;
      run = i;
    } else if (c < 0x20) {
      return fail_syntax(token_, fmt::format("invalid character '\\x{:02x}' in string", c));
    } else if (c >= 0x80) {
      size_t length = utf8_length(text_, i);
      if (length == 0) return fail_syntax(token_, "invalid UTF-8 in string");
      i += length;
    } else {
      ++i;
    }
  }
  at_ = token_end_ = i + 1;
  return true;
}

bool JsonReader::take_string(std::string_view& value) {
  if (peek() != Kind::kString) return fail_unexpected();
  return read_string(value);
}

bool JsonReader::take_number(JsonNumber& value) {
  if (peek() != Kind::kNumber) return fail_unexpected();
  at_ = token_end_;
  uint64_t bits = 0;
  value.kind = JsonNumber::Kind::kInt;
  if (real_from_chars(raw(), value.real).ec != std::errc())
    value.real = raw()[0] == '-' ? -HUGE_VAL : HUGE_VAL;
  if (number_to_int64(raw(), value.integer)) return true;
  if (number_to_uint64(raw(), bits)) {
    value.kind = JsonNumber::Kind::kUint;
    value.integer = static_cast<int64_t>(bits);
  } else {
    value.kind = JsonNumber::Kind::kDouble;
  }
  return true;
}

bool JsonReader::enter_object() {
  if (peek() != Kind::kObject) return fail_unexpected();
  if (depth_left_-- == 0) {
    fail("exceeded max recursion depth");
    return false;
  }
  ++at_;
  fresh_ = true;
  return true;
}

bool JsonReader::enter_array() {
  if (peek() != Kind::kArray) return fail_unexpected();
  if (depth_left_-- == 0) {
    fail("exceeded max recursion depth");
    return false;
  }
  ++at_;
  fresh_ = true;
  return true;
}

/// Between members: takes the comma that is due, or the end.
bool JsonReader::close_or_comma(char close, bool& closed) {
  char c = next_token();
  closed = c == close;
  if (closed) {
    ++at_;
    ++depth_left_;
    fresh_ = false;
    return true;
  }
  if (fresh_) {
    fresh_ = false;
    return true;
  }
  if (c != ',') return fail_unexpected();
  ++at_;
  next_token();
  return true;
}

bool JsonReader::next_field(std::string_view& name) {
  bool closed = false;
  if (failed_ || !close_or_comma('}', closed) || closed) return false;
  if (at_ >= text_.size() || text_[at_] != '"') return fail_unexpected();
  if (!read_string(name)) return false;
  name_ = token_;
  name_end_ = token_end_;
  while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  if (at_ >= text_.size()) return fail_eof();
  if (text_[at_] != ':') {
    size_t length = std::max<size_t>(1, utf8_length(text_, at_));
    return fail_syntax(at_, fmt::format("unexpected character {}, missing \":\" after field name",
                                        text_.substr(at_, length)));
  }
  ++at_;
  return true;
}

bool JsonReader::next_element() {
  bool closed = false;
  return !failed_ && close_or_comma(']', closed) && !closed;
}

bool JsonReader::skip() {
  // Not recursive: the depth limit guards the text, this the stack.
  std::string closes;
  std::string_view ignored;
  for (;;) {
    bool descended = false;
    switch (peek()) {
      case Kind::kFailed:
        return false;
      case Kind::kObject:
        if (!enter_object()) return false;
        closes.push_back('}');
        descended = true;
        break;
      case Kind::kArray:
        if (!enter_array()) return false;
        closes.push_back(']');
        descended = true;
        break;
      case Kind::kString:
        if (!read_string(ignored)) return false;
        break;
      default:
        at_ = token_end_;
    }
    static_cast<void>(descended);
    while (!closes.empty()) {
      bool more = closes.back() == '}' ? next_field(ignored) : next_element();
      if (failed_) return false;
      if (more) break;
      closes.pop_back();
    }
    if (closes.empty()) return true;
  }
}

bool JsonReader::take_raw(std::string_view& json) {
  if (peek() == Kind::kFailed) return false;
  size_t begin = at_;
  if (!skip()) return false;
  json = text_.substr(begin, at_ - begin);
  return true;
}

}  // namespace bia::codec
