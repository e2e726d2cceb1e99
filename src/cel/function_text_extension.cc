// cel-go's extension for strings, which protovalidate's rules may use. Positions are characters.
#include <algorithm>
#include <cstring>
#include <vector>

#include "cel/evaluation.h"
#include "cel/format.h"
#include "cel/function.h"
#include "cel/utf8.h"
#include "codec/utf8.h"

namespace bia::cel {
namespace {

constexpr std::string_view kRange = "the index is beyond the string";

/// The byte where the character `index` begins; false where the string has fewer.
bool place(std::string_view text, int64_t index, size_t& at) {
  if (index < 0 || static_cast<uint64_t>(index) > text.size()) return false;
  at = byte_of(text, static_cast<size_t>(index));
  return at < text.size() || code_points(text) == static_cast<size_t>(index);
}

Value char_at(Evaluation&, const Value* v) {
  const std::string_view text = v[0].text();
  size_t at = 0;
  if (!place(text, v[1].integer(), at)) return Value::of_error(kRange);
  if (at == text.size()) return Value::of_string("");
  return Value::of_string(text.substr(at, std::max<size_t>(1, codec::utf8_length(text, at))));
}

bool charge_search(Evaluation& evaluation, const Value* v) {
  return evaluation.charge((1 + v[0].text().size() / 64) * (1 + v[1].text().size() / 64));
}

Value index_of(Evaluation& evaluation, const Value* v, int64_t from) {
  const std::string_view text = v[0].text();
  size_t begin = 0;
  if (!place(text, from, begin)) return Value::of_error(kRange);
  if (!charge_search(evaluation, v)) return Evaluation::too_much();
  const size_t found = text.find(v[1].text(), begin);
  if (found == std::string_view::npos) return Value::of_int(-1);
  return Value::of_int(static_cast<int64_t>(code_points(text.substr(0, found))));
}
Value index_of_all(Evaluation& evaluation, const Value* v) { return index_of(evaluation, v, 0); }
Value index_of_from(Evaluation& evaluation, const Value* v) {
  return index_of(evaluation, v, v[2].integer());
}

Value last_index_of(Evaluation& evaluation, const Value* v, size_t begin) {
  if (!charge_search(evaluation, v)) return Evaluation::too_much();
  const size_t found = v[0].text().rfind(v[1].text(), begin);
  if (found == std::string_view::npos) return Value::of_int(-1);
  return Value::of_int(static_cast<int64_t>(code_points(v[0].text().substr(0, found))));
}
Value last_index_of_all(Evaluation& evaluation, const Value* v) {
  return last_index_of(evaluation, v, std::string_view::npos);
}
Value last_index_of_from(Evaluation& evaluation, const Value* v) {
  size_t begin = 0;
  if (!place(v[0].text(), v[2].integer(), begin)) return Value::of_error(kRange);
  return last_index_of(evaluation, v, begin);
}

Value substring_from(Evaluation&, const Value* v) {
  size_t begin = 0;
  if (!place(v[0].text(), v[1].integer(), begin)) return Value::of_error(kRange);
  return Value::of_string(v[0].text().substr(begin));
}
Value substring(Evaluation&, const Value* v) {
  size_t begin = 0;
  size_t end = 0;
  if (!place(v[0].text(), v[1].integer(), begin) || !place(v[0].text(), v[2].integer(), end) ||
      begin > end)
    return Value::of_error(kRange);
  return Value::of_string(v[0].text().substr(begin, end - begin));
}

/// Each character changed on its own; ASCII's alone.
template <char first, char last>
Value with_case(Evaluation& evaluation, const Value* v) {
  const std::string_view text = v[0].text();
  char* room = evaluation.room(text.size());
  if (!room) return Evaluation::too_much();
  for (size_t i = 0; i < text.size(); ++i)
    room[i] = static_cast<char>(text[i] >= first && text[i] <= last ? text[i] ^ 32 : text[i]);
  return Value::of_string({room, text.size()});
}

Value reverse(Evaluation& evaluation, const Value* v) {
  const std::string_view text = v[0].text();
  char* room = evaluation.room(text.size());
  if (!room) return Evaluation::too_much();
  for (size_t at = 0; at < text.size();) {
    const size_t length = std::max<size_t>(1, codec::utf8_length(text, at));
    std::memcpy(room + text.size() - at - length, text.data() + at, length);
    at += length;
  }
  return Value::of_string({room, text.size()});
}

/// Bytes of Unicode's white space at the front; 0 for none.
size_t blank(std::string_view text) {
  if (text.empty()) return 0;
  if (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return 1;
  for (std::string_view one : {"\u0085", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
                               "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
                               "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"}) {
    if (text.starts_with(one)) return one.size();
  }
  return 0;
}

Value trim(Evaluation&, const Value* v) {
  std::string_view text = v[0].text();
  while (const size_t bytes = blank(text)) text.remove_prefix(bytes);
  for (size_t at = text.size(); at > 0;) {
    while (at > 0 && (text[--at] & 0xC0) == 0x80) {
    }
    if (blank(text.substr(at)) == 0) break;
    text = text.substr(0, at);
  }
  return Value::of_string(text);
}

Value replace(Evaluation& evaluation, const Value* v, int64_t count_max) {
  const std::string_view text = v[0].text();
  const std::string_view from = v[1].text();
  const std::string_view to = v[2].text();
  std::string out;
  size_t at = 0;
  for (int64_t count = 0; count_max < 0 || count < count_max; ++count) {
    // Nothing is found between any two characters, as Go has it.
    const size_t skip = from.empty() && count > 0 ? byte_of(text.substr(at), 1) : 0;
    if (from.empty() && count > 0 && at == text.size()) break;
    const size_t found = from.empty() ? at + skip : text.find(from, at);
    if (found == std::string_view::npos) break;
    if (!evaluation.charge(1 + (found - at + to.size()) / 16)) return Evaluation::too_much();
    out.append(text.substr(at, found - at)).append(to);
    at = found + from.size();
  }
  out.append(text.substr(at));
  return evaluation.string(out);
}
Value replace_all(Evaluation& evaluation, const Value* v) { return replace(evaluation, v, -1); }
Value replace_some(Evaluation& evaluation, const Value* v) {
  return replace(evaluation, v, v[3].integer());
}

Value list_of(Evaluation& evaluation, const std::vector<Value>& parts) {
  Value* values = evaluation.array(parts.size());
  std::copy(parts.begin(), parts.end(), values);
  return Value::of_list(evaluation.make<ArrayList>(values, parts.size()));
}

Value split(Evaluation& evaluation, const Value* v, int64_t count_max) {
  std::string_view text = v[0].text();
  const std::string_view separator = v[1].text();
  std::vector<Value> parts;
  while (count_max != 0) {
    if (!evaluation.charge(2)) return Evaluation::too_much();
    size_t found = separator.empty() ? byte_of(text, 1) : text.find(separator);
    if (separator.empty() && text.empty()) break;
    if (separator.empty() && found == text.size()) found = std::string_view::npos;
    if (static_cast<int64_t>(parts.size()) + 1 == count_max) found = std::string_view::npos;
    parts.push_back(Value::of_string(text.substr(0, found)));
    if (found == std::string_view::npos) break;
    text.remove_prefix(found + separator.size());
  }
  return list_of(evaluation, parts);
}
Value split_all(Evaluation& evaluation, const Value* v) { return split(evaluation, v, -1); }
Value split_some(Evaluation& evaluation, const Value* v) {
  return split(evaluation, v, v[2].integer());
}

Value join(Evaluation& evaluation, const Value* v, std::string_view separator) {
  const List& list = v[0].list();
  std::string out;
  for (size_t i = 0; i < list.size(); ++i) {
    const Value part = list.at(evaluation, i);
    if (part.kind() != Kind::kString) return Value::of_error("join takes a list of strings");
    if (!evaluation.charge(1 + (part.text().size() + separator.size()) / 16))
      return Evaluation::too_much();
    if (i > 0) out += separator;
    out += part.text();
  }
  return evaluation.string(out);
}
Value join_plain(Evaluation& evaluation, const Value* v) { return join(evaluation, v, ""); }
Value join_with(Evaluation& evaluation, const Value* v) { return join(evaluation, v, v[1].text()); }

Value quote(Evaluation& evaluation, const Value* v) {
  constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view kTo = "abfnrtv\\\"";
  std::string out = "\"";
  for (char c : v[0].text()) {
    const size_t found = kFrom.find(c);
    if (found != std::string_view::npos) out += '\\';
    out += found == std::string_view::npos ? c : kTo[found];
  }
  return evaluation.string(out + "\"");
}

Value formatted(Evaluation& evaluation, const Value* v) {
  return format(evaluation, v[0].text(), v[1].list());
}

constexpr Kind kS = Kind::kString, kI = Kind::kInt, kL = Kind::kList;
constexpr Overload kExtension[] = {
    {"charAt", true, 2, {kS, kI}, kS, char_at},
    {"format", true, 2, {kS, kL}, kS, formatted},
    {"indexOf", true, 2, {kS, kS}, kI, index_of_all},
    {"indexOf", true, 3, {kS, kS, kI}, kI, index_of_from},
    {"join", true, 1, {kL}, kS, join_plain},
    {"join", true, 2, {kL, kS}, kS, join_with},
    {"lastIndexOf", true, 2, {kS, kS}, kI, last_index_of_all},
    {"lastIndexOf", true, 3, {kS, kS, kI}, kI, last_index_of_from},
    {"lowerAscii", true, 1, {kS}, kS, with_case<'A', 'Z'>},
    {"upperAscii", true, 1, {kS}, kS, with_case<'a', 'z'>},
    {"replace", true, 3, {kS, kS, kS}, kS, replace_all},
    {"replace", true, 4, {kS, kS, kS, kI}, kS, replace_some},
    {"reverse", true, 1, {kS}, kS, reverse},
    {"split", true, 2, {kS, kS}, kL, split_all},
    {"split", true, 3, {kS, kS, kI}, kL, split_some},
    {"strings.quote", false, 1, {kS}, kS, quote},
    {"substring", true, 2, {kS, kI}, kS, substring_from},
    {"substring", true, 3, {kS, kI, kI}, kS, substring},
    {"trim", true, 1, {kS}, kS, trim},
};

}  // namespace

std::span<const Overload> text_extension_overloads() { return kExtension; }

}  // namespace bia::cel
