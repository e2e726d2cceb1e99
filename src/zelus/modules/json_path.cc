#include "zelus/modules/json_path.h"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "zelus/modules/json_modifiers.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

constexpr size_t kPartsMax = 128;

struct Part {
  std::string text;      ///< escapes taken away
  bool pattern = false;  ///< has * or ?
  bool query = false;    ///< `#(…)`; `text` is what is inside
  bool all = false;      ///< `#(…)#`
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

bool split(std::string_view path, std::vector<Part>& parts) {
  while (true) {
    Part part;
    if (path.starts_with("#(")) {
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
  explicit Walker(JSContext* ctx) : ctx_(ctx) {}

  Value walk(Value value, const std::vector<Part>& parts, size_t at) {
    if (at == parts.size()) return value;
    const Part& part = parts[at];
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
};

}  // namespace

Value json_path(JSContext* ctx, Value value, std::string_view path) {
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
    value = Walker(ctx).walk(std::move(value), parts, 0);
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return value;
}

}  // namespace zelus::modules
