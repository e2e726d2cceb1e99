#include "zelus/modules/http/json_path.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "zelus/modules/http/json_modifiers.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

constexpr size_t kPartsMax = 128;

struct Part {
  std::string text;      ///< escapes taken away
  bool pattern = false;  ///< has * or ?
  bool query = false;    ///< `#(…)`; `text` is what is inside
  bool all = false;      ///< `#(…)#`
  bool several = false;  ///< `{…}` or `[…]`; `text` is all of it
};

bool match(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

/// Takes `#(…)` or `#(…)#` from the front.
bool take_query(std::string_view& path, Part& part) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = 1; i < path.size(); ++i) {
    char c = path[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    if (c == '(') ++depth;
    if (c != ')' || --depth != 0) continue;
    part.query = true;
    part.text = std::string(path.substr(2, i - 2));
    path.remove_prefix(i + 1);
    if (path.starts_with('#')) {
      part.all = true;
      path.remove_prefix(1);
    }
    return true;
  }
  return false;
}

/// The size of the balanced `{…}`, `[…]` or `(…)` at the front; npos where it is not closed.
size_t balanced_size(std::string_view path) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '\\') {
      ++i;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (!quoted && (c == '{' || c == '[' || c == '(')) {
      ++depth;
    } else if (!quoted && (c == '}' || c == ']' || c == ')') && --depth == 0) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

bool begins_several(std::string_view path) {
  return path.starts_with('{') || path.starts_with('[');
}

bool split(std::string_view path, std::vector<Part>& parts) {
  while (true) {
    Part part;
    if (begins_several(path)) {
      const size_t size = balanced_size(path);
      if (size == std::string_view::npos) return false;
      part.several = true;
      part.text = std::string(path.substr(0, size));
      path.remove_prefix(size);
    } else if (path.starts_with("#(")) {
      if (!take_query(path, part)) return false;
    } else {
      size_t i = 0;
      for (; i < path.size() && path[i] != '.'; ++i) {
        if (path[i] == '\\' && i + 1 < path.size()) {
          ++i;
        } else if (path[i] == '*' || path[i] == '?') {
          part.pattern = true;
        }
        part.text.push_back(path[i]);
      }
      path.remove_prefix(i);
    }
    parts.push_back(std::move(part));
    if (path.empty()) return parts.size() <= kPartsMax;
    if (!path.starts_with('.') || parts.size() > kPartsMax) return false;
    path.remove_prefix(1);
  }
}

/// Up to the first `|`, or `.` before a modifier; not within `#(…)` or after a backslash.
size_t plain_size(std::string_view path) {
  size_t depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < path.size(); ++i) {
    if ((i == 0 || path[i - 1] == '.') && begins_several(path.substr(i))) {
      const size_t size = balanced_size(path.substr(i));
      if (size == std::string_view::npos) return path.size();
      i += size;
      if (i == path.size()) break;
    }
    char c = path[i];
    if (c == '\\') {
      ++i;
      continue;
    }
    if (depth > 0 && c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '(' && i > 0 && path[i - 1] == '#') {
      ++depth;
    } else if (c == '(' && depth > 0) {
      ++depth;
    } else if (c == ')' && depth > 0) {
      --depth;
    }
    std::string_view rest = path.substr(i + 1);
    JsonModifier modifier;
    if (depth == 0 && (c == '|' || (c == '.' && take_json_modifier(rest, modifier)))) return i;
  }
  return path.size();
}

class Walker {
 public:
  Walker(JSContext* ctx, int depth) : ctx_(ctx), depth_(depth) {}

  Value walk(Value value, const std::vector<Part>& parts, size_t at) {
    if (at == parts.size()) return value;
    const Part& part = parts[at];
    if (part.several) return walk(several(value, part.text), parts, at + 1);
    if (JS_IsArray(value.get())) {
      if (part.query) return select(value, parts, at);
      if (part.text == "#")
        return at + 1 == parts.size() ? Value(ctx_, JS_NewInt64(ctx_, length(value)))
                                      : collect(value, parts, at + 1);
      char* end = nullptr;
      long index = std::strtol(part.text.c_str(), &end, 10);
      if (part.text.empty() || *end != '\0' || index < 0 || index >= length(value)) return {};
      return walk(value.at(static_cast<uint32_t>(index)), parts, at + 1);
    }
    if (!value.is_object() || part.query) return {};
    return walk(member(value, part), parts, at + 1);
  }

 private:
  Value several(const Value& value, std::string_view text);
  int64_t length(const Value& value) {
    int64_t out = 0;
    JS_GetLength(ctx_, value.get(), &out);
    return out;
  }

  Value member(const Value& value, const Part& part) {
    if (!part.pattern) {
      JSAtom atom = JS_NewAtomLen(ctx_, part.text.data(), part.text.size());
      Value out;
      // Own members only: a text has no constructor.
      if (JS_GetOwnProperty(ctx_, nullptr, value.get(), atom) > 0) out = value.property(atom);
      JS_FreeAtom(ctx_, atom);
      return out;
    }
    Value out;
    each_property(ctx_, value.get(), [&](JSAtom atom, const Value& found) {
      if (!match(part.text, atom_text(ctx_, atom))) return true;
      out = found;
      return false;
    });
    return out;
  }

  Value collect(const Value& array, const std::vector<Part>& parts, size_t at) {
    Value out(ctx_, JS_NewArray(ctx_));
    uint32_t count = 0;
    for (int64_t i = 0; i < length(array); ++i) {
      Value found = walk(array.at(static_cast<uint32_t>(i)), parts, at);
      if (!found.is_undefined()) JS_SetPropertyUint32(ctx_, out.get(), count++, found.release());
    }
    return out;
  }

  Value select(const Value& array, const std::vector<Part>& parts, size_t at) {
    Value all(ctx_, JS_NewArray(ctx_));
    uint32_t count = 0;
    for (int64_t i = 0; i < length(array); ++i) {
      Value element = array.at(static_cast<uint32_t>(i));
      if (!holds(element, parts[at].text)) continue;
      if (!parts[at].all) return walk(element, parts, at + 1);
      JS_SetPropertyUint32(ctx_, all.get(), count++, element.release());
    }
    if (!parts[at].all) return {};
    if (at + 1 == parts.size()) return all;
    return parts[at + 1].text == "#" ? walk(all, parts, at + 1) : collect(all, parts, at + 1);
  }

  bool holds(const Value& element, std::string_view query) {
    size_t op = query.find_first_of("=!<>%");
    std::string_view left = query.substr(0, op);
    while (left.ends_with(' ')) left.remove_suffix(1);
    Value value = element;
    if (!left.empty()) {
      std::vector<Part> parts;
      if (!split(left, parts)) return false;
      value = walk(element, parts, 0);
    }
    if (op == std::string_view::npos) return !value.is_undefined();
    std::string_view rest = query.substr(op);
    size_t size = rest.starts_with("==") || rest.starts_with("!=") || rest.starts_with("<=") ||
                          rest.starts_with(">=") || rest.starts_with("!%")
                      ? 2
                      : 1;
    std::string_view sign = rest.substr(0, size);
    std::string_view right = rest.substr(size);
    while (right.starts_with(' ')) right.remove_prefix(1);
    return compare(value, sign, right);
  }

  bool compare(const Value& value, std::string_view sign, std::string_view right) {
    if (value.is_undefined()) return false;
    bool quoted = right.size() >= 2 && right.front() == '"' && right.back() == '"';
    if (quoted) right = right.substr(1, right.size() - 2);
    int order = 0;
    if (value.is_string()) {
      std::string text = to_text(ctx_, value.get());
      if (sign == "%") return match(right, text);
      if (sign == "!%") return !match(right, text);
      order = text.compare(right);
    } else if (JS_IsNumber(value.get())) {
      double number = 0;
      JS_ToFloat64(ctx_, &number, value.get());
      double other = std::strtod(std::string(right).c_str(), nullptr);
      order = number < other ? -1 : number > other ? 1 : 0;
    } else {
      order = to_text(ctx_, value.get()).compare(right);
    }
    if (sign == "=" || sign == "==") return order == 0;
    if (sign == "!=") return order != 0;
    if (sign == "<") return order < 0;
    if (sign == "<=") return order <= 0;
    if (sign == ">") return order > 0;
    return sign == ">=" && order >= 0;
  }

  JSContext* ctx_;
  int depth_;  ///< of `{…}` within each other
};

/// Cuts the part before the next comma that is in no brackets and no quotes off the front.
std::string_view take_selector(std::string_view& list) {
  bool quoted = false;
  size_t i = 0;
  for (; i < list.size() && (quoted || list[i] != ','); ++i) {
    if (list[i] == '\\') {
      ++i;
    } else if (list[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (list[i] == '{' || list[i] == '[' || list[i] == '(')) {
      const size_t size = balanced_size(list.substr(i));
      if (size == std::string_view::npos) break;
      i += size - 1;
    }
  }
  i = std::min(i, list.size());
  std::string_view out = list.substr(0, i);
  list.remove_prefix(std::min(i + 1, list.size()));
  return out;
}

/// `"key":path` and `key:path`: the key, which is taken off; else the path's last name.
std::string take_key(std::string_view& selector) {
  size_t colon = std::string_view::npos;
  if (selector.starts_with('"')) {
    const size_t quote = selector.find('"', 1);
    if (quote != std::string_view::npos && selector.substr(quote + 1).starts_with(':'))
      colon = quote + 1;
  } else if (!selector.starts_with('@')) {
    colon = selector.find(':');
    if (colon > selector.find_first_of("{[(\"")) colon = std::string_view::npos;
  }
  std::string_view name = selector;
  if (colon != std::string_view::npos) {
    name = selector.substr(0, colon);
    selector.remove_prefix(colon + 1);
    if (name.size() > 1 && name.starts_with('"')) name = name.substr(1, name.size() - 2);
    return std::string(name);
  }
  for (size_t i = 0; i < selector.size(); ++i) {
    if ((selector[i] == '.' || selector[i] == '|') && (i == 0 || selector[i - 1] != '\\'))
      name = selector.substr(i + 1);
  }
  return std::string(name);
}

constexpr int kDepthMax = 16;
Value json_path(JSContext* ctx, Value value, std::string_view path, int depth);

Value Walker::several(const Value& value, std::string_view text) {
  if (depth_ >= kDepthMax) return {};
  const bool object = text.starts_with('{');
  Value out(ctx_, object ? JS_NewObject(ctx_) : JS_NewArray(ctx_));
  uint32_t count = 0;
  for (std::string_view list = text.substr(1, text.size() - 2); !list.empty();) {
    std::string_view selector = take_selector(list);
    std::string key = object ? take_key(selector) : "";
    Value found = json_path(ctx_, value, selector, depth_ + 1);
    if (found.is_undefined() || found.is_exception()) continue;
    if (object) {
      bia::js::define(ctx_, out.get(), key, found.release());
    } else {
      JS_SetPropertyUint32(ctx_, out.get(), count++, found.release());
    }
  }
  return out;
}

Value json_path(JSContext* ctx, Value value, std::string_view path, int depth) {
  if (path.empty()) return {};
  if (path.starts_with('!')) {  // a value as it stands
    const std::string literal(path.substr(1));
    Value out(ctx, JS_ParseJSON(ctx, literal.c_str(), literal.size(), "path"));
    if (!out.is_exception()) return out;
    JS_FreeValue(ctx, JS_GetException(ctx));
    return {};
  }
  for (int steps = 0; !path.empty() && !value.is_undefined(); ++steps) {
    if (steps > static_cast<int>(kPartsMax)) return {};
    JsonModifier modifier;
    if (take_json_modifier(path, modifier)) {
      value = apply_json_modifier(ctx, value, modifier);
      if (value.is_exception()) return value;
      continue;
    }
    size_t end = plain_size(path);
    std::vector<Part> parts;
    if (!split(path.substr(0, end), parts)) return {};
    value = Walker(ctx, depth).walk(std::move(value), parts, 0);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return value;
}

}  // namespace

Value json_path(JSContext* ctx, Value value, std::string_view path) {
  return json_path(ctx, std::move(value), path, 0);
}

}  // namespace zelus::modules
