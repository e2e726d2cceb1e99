#include "zelus/modules/locale_compare.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "codec/utf8.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

/// ASCII in the order of the root collation; letters follow, each small before capital.
constexpr std::string_view kOrder = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";

bool is_mark(uint32_t c) { return c >= 0x300 && c <= 0x36f; }
bool is_capital(uint32_t c) { return c >= 'A' && c <= 'Z'; }

uint32_t primary(uint32_t c) {
  if (is_capital(c)) c |= 0x20;
  if (c >= 0x80 || (c >= 'a' && c <= 'z')) return 0x100 + c;
  size_t at = kOrder.find(static_cast<char>(c));
  return at == std::string_view::npos ? 0 : 1 + static_cast<uint32_t>(at);
}

/// The next code point that is no mark (`marks`: the next mark); 0 at the end.
uint32_t next(std::string_view& text, bool marks) {
  while (!text.empty()) {
    uint32_t c = bia::codec::take_code_point(text);
    if (is_mark(c) == marks && (marks || primary(c) != 0)) return c;
  }
  return 0;
}

int compare(std::string_view a, std::string_view b) {
  int capitals = 0;
  for (std::string_view x = a, y = b;;) {
    uint32_t c = next(x, false);
    uint32_t d = next(y, false);
    uint32_t left = c == 0 ? 0 : primary(c);
    uint32_t right = d == 0 ? 0 : primary(d);
    if (left != right) return left < right ? -1 : 1;
    if (c == 0) break;
    if (capitals == 0 && is_capital(c) != is_capital(d)) capitals = is_capital(c) ? 1 : -1;
  }
  // Where the marks stand counts too: a letter without one comes first.
  std::string_view x = a;
  std::string_view y = b;
  while (!x.empty() || !y.empty()) {
    uint32_t c = x.empty() ? 0 : bia::codec::take_code_point(x);
    uint32_t d = y.empty() ? 0 : bia::codec::take_code_point(y);
    uint32_t left = is_mark(c) ? c : 0;
    uint32_t right = is_mark(d) ? d : 0;
    if (left != right) return left < right ? -1 : 1;
  }
  return capitals;
}

/// Letters that sort as two.
std::string expanded(std::string_view text) {
  constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {"\u00df", "ss"}, {"\u1e9e", "SS"}, {"\u00e6", "ae"}, {"\u00c6", "AE"},
      {"\u0153", "oe"}, {"\u0152", "OE"}, {"\u00fe", "th"}, {"\u00de", "TH"}};
  std::string out;
  while (!text.empty()) {
    bool found = false;
    for (const auto& [letter, pair] : kPairs) {
      if (!text.starts_with(letter)) continue;
      out += pair;
      text.remove_prefix(letter.size());
      found = true;
      break;
    }
    if (found) continue;
    out.push_back(text.front());
    text.remove_prefix(1);
  }
  return out;
}

bool is_ascii(std::string_view text) {
  for (char c : text) {
    if (static_cast<uint8_t>(c) >= 0x80) return false;
  }
  return true;
}

/// Letters and marks apart (NFD); what has only ASCII stays as it is.
bool decomposed(JSContext* ctx, JSValueConst value, std::string& out) {
  Value string(ctx, JS_ToString(ctx, value));
  if (string.is_exception()) return false;
  out = to_text(ctx, string.get());
  if (is_ascii(out)) return true;
  JSAtom normalize = JS_NewAtom(ctx, "normalize");
  Value form(ctx, JS_NewString(ctx, "NFD"));
  JSValueConst arguments[] = {form.get()};
  Value result(ctx, JS_Invoke(ctx, string.get(), normalize, 1, arguments));
  JS_FreeAtom(ctx, normalize);
  if (result.is_exception()) return false;
  out = to_text(ctx, result.get());
  return true;
}

JSValue locale_compare(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  if (is_nullish(self))
    return throw_type_error(ctx, "String.prototype.localeCompare called on null or undefined");
  std::string a;
  std::string b;
  if (!decomposed(ctx, self, a) || !decomposed(ctx, argument(argc, argv, 0), b))
    return JS_EXCEPTION;
  if (is_ascii(a) && is_ascii(b)) return JS_NewInt32(ctx, compare(a, b));
  int order = compare(expanded(a), expanded(b));
  // What sorts as the same letters and is not: as it is written.
  if (order == 0 && a != b) order = a < b ? -1 : 1;
  return JS_NewInt32(ctx, order);
}

}  // namespace

void add_locale_compare(JSContext* ctx, JSValueConst global) {
  Value prototype = Value(ctx, JS_GetPropertyStr(ctx, global, "String")).property("prototype");
  JS_DefinePropertyValueStr(ctx, prototype.get(), "localeCompare",
                            JS_NewCFunction(ctx, locale_compare, "localeCompare", 1),
                            JS_PROP_WRITABLE | JS_PROP_CONFIGURABLE);
}

}  // namespace zelus::modules
