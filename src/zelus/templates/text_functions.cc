// sprig's functions of texts.
#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"
#include "codec/go_quote.h"
#include "zelus/templates/base64.h"
#include "zelus/templates/convert.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"
#include "zelus/templates/runes.h"

namespace zelus::templates {

std::vector<std::string> split_text(std::string_view text, std::string_view separator,
                                    int64_t count) {
  std::vector<std::string> parts;
  if (count == 0) return parts;
  auto full = [&] { return count > 0 && static_cast<int64_t>(parts.size()) == count - 1; };
  if (separator.empty()) {
    for (size_t at = 0; at < text.size() && !full();) {
      const size_t begin = at;
      next_rune(text, at);
      parts.emplace_back(text.substr(begin, at - begin));
      if (at == text.size()) return parts;
      if (full()) {
        parts.emplace_back(text.substr(at));
        return parts;
      }
    }
    if (!text.empty()) parts.emplace_back(text);
    return parts;
  }
  while (!full()) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

namespace {

Value text(std::string_view value) { return Value::text(std::string(value)); }

Result<std::string> repeated(std::string_view part, int64_t count) {
  if (count < 0) return call_error("strings: negative Repeat count");
  if (part.empty()) return std::string();
  if (count > kMadeBytesMax / static_cast<int64_t>(part.size()))
    return call_error(fmt::format("a text above {} bytes", kMadeBytesMax));
  std::string out;
  for (int64_t i = 0; i < count; ++i) out += part;
  return out;
}

/// Stops above kOutputBytesMax, which whoever calls functions refuses.
std::string replaced(std::string_view in, std::string_view from, std::string_view to) {
  std::string out;
  if (from.empty()) {
    out += to;
    for (size_t at = 0; at < in.size() && out.size() <= kOutputBytesMax;) {
      const size_t begin = at;
      next_rune(in, at);
      out += in.substr(begin, at - begin);
      out += to;
    }
    return out;
  }
  for (;;) {
    const size_t at = in.find(from);
    if (at == std::string_view::npos) break;
    out += in.substr(0, at);
    out += to;
    if (out.size() > kOutputBytesMax) return out;
    in.remove_prefix(at + from.size());
  }
  return out += in;
}

Result<Value> trim_set(Args args) {
  const std::u32string set = runes_of(args[0].as_text());
  std::u32string in = runes_of(args[1].as_text());
  auto inside = [&set](char32_t rune) { return set.find(rune) != std::u32string::npos; };
  while (!in.empty() && inside(in.back())) in.pop_back();
  return Value::text(text_of(std::u32string_view(in).substr(
      static_cast<size_t>(std::find_if_not(in.begin(), in.end(), inside) - in.begin()))));
}

Result<Value> indented(Args args, std::string_view before) {
  const std::string pad = BIA_TRY(repeated(" ", args[0].as_int()));
  return Value::text(std::string(before) + pad + replaced(args[1].as_text(), "\n", "\n" + pad));
}

Result<Value> trunc(Args args) {
  const int64_t count = args[0].as_int();
  const std::string& in = args[1].as_text();
  const auto size = static_cast<int64_t>(in.size());
  if (count < 0 && size + count > 0) return text(in.substr(static_cast<size_t>(size + count)));
  if (count >= 0 && size > count) return text(in.substr(0, static_cast<size_t>(count)));
  return args[1];
}

Result<Value> substr(Args args) {
  const int64_t start = args[0].as_int();
  const int64_t end = args[1].as_int();
  const std::string& in = args[2].as_text();
  const auto size = static_cast<int64_t>(in.size());
  auto out_of_range = [](const std::string& what) {
    return call_error("runtime error: slice bounds out of range " + what);
  };
  if (start < 0) {
    if (end < 0) return out_of_range(fmt::format("[:{}]", end));
    if (end > size) return out_of_range(fmt::format("[:{}] with length {}", end, size));
    return text(in.substr(0, static_cast<size_t>(end)));
  }
  const int64_t last = end < 0 || end > size ? size : end;
  if (start > last) return out_of_range(fmt::format("[{}:{}]", start, last));
  return text(in.substr(static_cast<size_t>(start), static_cast<size_t>(last - start)));
}

std::string abbreviated(std::string_view in, int64_t offset, int64_t width) {
  const auto size = static_cast<int64_t>(in.size());
  if (in.empty() || width < 4) return "";
  if (size <= width) return std::string(in);
  offset = std::min(offset, size);
  if (size - offset < width - 3) offset = size - (width - 3);
  if (offset <= 4) return std::string(in.substr(0, static_cast<size_t>(width - 3))) + "...";
  if (width < 7) return "";
  if (offset + width - 3 < size)
    return "..." + abbreviated(in.substr(static_cast<size_t>(offset)), 0, width - 3);
  return "..." + std::string(in.substr(static_cast<size_t>(size - (width - 3))));
}
Result<Value> abbrev(Args args) {
  if (args[0].as_int() < 4) return args[1];
  return Value::text(abbreviated(args[1].as_text(), 0, args[0].as_int()));
}
Result<Value> abbrevboth(Args args) {
  const int64_t left = args[0].as_int();
  const int64_t right = args[1].as_int();
  if (right < 4 || (left > 0 && right < 7)) return args[2];
  return Value::text(abbreviated(args[2].as_text(), left, right));
}

Result<Value> quote(Args args) {
  std::string out;
  for (const Value& arg : args) {
    if (arg.is_nil()) continue;
    if (!out.empty()) out += ' ';
    out += bia::codec::go_quote(value_text(arg));
  }
  return Value::text(std::move(out));
}
Result<Value> squote(Args args) {
  std::string out;
  for (const Value& arg : args) {
    if (arg.is_nil()) continue;
    out += fmt::format("{}'{}'", out.empty() ? "" : " ", value_text(arg));
  }
  return Value::text(std::move(out));
}
Result<Value> cat(Args args) {
  std::string out;
  bool first = true;
  for (const Value& arg : args) {
    if (arg.is_nil()) continue;
    if (!first) out += ' ';
    first = false;
    print_value(out, arg);
  }
  return Value::text(std::move(out));
}

Result<Value> join(Args args) {
  std::string out;
  bool first = true;
  for (const std::string& part : to_strings(args[1])) {
    if (!first) out += args[0].as_text();
    first = false;
    out += part;
    if (out.size() > kOutputBytesMax) break;  // As `replaced`.
  }
  return Value::text(std::move(out));
}

Value numbered(const std::vector<std::string>& parts) {
  Members out;
  for (size_t i = 0; i < parts.size(); ++i) out["_" + std::to_string(i)] = Value::text(parts[i]);
  return Value::map(std::move(out), Type::kTextMap);
}

Result<Value> trim_suffix(Args args) {
  std::string_view in = args[1].as_text();
  if (in.ends_with(args[0].as_text())) in.remove_suffix(args[0].as_text().size());
  return text(in);
}
Result<Value> trim_prefix(Args args) {
  std::string_view in = args[1].as_text();
  if (in.starts_with(args[0].as_text())) in.remove_prefix(args[0].as_text().size());
  return text(in);
}

Result<Value> decoded(const Decoded& from) {
  return Value::text(from.problem.empty() ? from.bytes : from.problem);
}

constexpr Function kFunctions[] = {
    {"hello", "", [](Args /*args*/) -> Result<Value> { return text("Hello!"); }},
    {"abbrev", "is", abbrev},
    {"abbrevboth", "iis", abbrevboth},
    {"trunc", "is", trunc},
    {"trim", "s", [](Args args) -> Result<Value> { return text(trim_runes(args[0].as_text())); }},
    {"upper", "s", [](Args args) -> Result<Value> { return text(upper_text(args[0].as_text())); }},
    {"lower", "s", [](Args args) -> Result<Value> { return text(lower_text(args[0].as_text())); }},
    {"substr", "iis", substr},
    {"repeat", "is",
     [](Args args) -> Result<Value> {
       return Value::text(BIA_TRY(repeated(args[1].as_text(), args[0].as_int())));
     }},
    {"trimall", "ss", trim_set},
    {"trimAll", "ss", trim_set},
    {"trimSuffix", "ss", trim_suffix},
    {"trimPrefix", "ss", trim_prefix},
    {"contains", "ss",
     [](Args args) -> Result<Value> {
       return Value::boolean(args[1].as_text().find(args[0].as_text()) != std::string::npos);
     }},
    {"hasPrefix", "ss",
     [](Args args) -> Result<Value> {
       return Value::boolean(args[1].as_text().starts_with(args[0].as_text()));
     }},
    {"hasSuffix", "ss",
     [](Args args) -> Result<Value> {
       return Value::boolean(args[1].as_text().ends_with(args[0].as_text()));
     }},
    {"quote", "a*", quote},
    {"squote", "a*", squote},
    {"cat", "a*", cat},
    {"indent", "is", [](Args args) { return indented(args, ""); }},
    {"nindent", "is", [](Args args) { return indented(args, "\n"); }},
    {"replace", "sss",
     [](Args args) -> Result<Value> {
       return Value::text(replaced(args[2].as_text(), args[0].as_text(), args[1].as_text()));
     }},
    {"plural", "ssi",
     [](Args args) -> Result<Value> { return args[2].as_int() == 1 ? args[0] : args[1]; }},
    {"toString", "a", [](Args args) -> Result<Value> { return Value::text(value_text(args[0])); }},
    {"split", "ss",
     [](Args args) -> Result<Value> {
       return numbered(split_text(args[1].as_text(), args[0].as_text()));
     }},
    {"splitn", "sis",
     [](Args args) -> Result<Value> {
       return numbered(split_text(args[2].as_text(), args[0].as_text(), args[1].as_int()));
     }},
    {"splitList", "ss",
     [](Args args) -> Result<Value> {
       return Value::strings(split_text(args[1].as_text(), args[0].as_text()));
     }},
    {"join", "sa", join},
    {"b64enc", "s",
     [](Args args) -> Result<Value> { return Value::text(bia::base64_encode(args[0].as_text())); }},
    {"b64dec", "s", [](Args args) { return decoded(base64_decode(args[0].as_text())); }},
    {"b32enc", "s",
     [](Args args) -> Result<Value> { return Value::text(base32_encode(args[0].as_text())); }},
    {"b32dec", "s", [](Args args) { return decoded(base32_decode(args[0].as_text())); }},
    {"fail", "s", [](Args args) -> Result<Value> { return call_error(args[0].as_text()); }},
};

}  // namespace

std::span<const Function> text_functions() { return kFunctions; }

}  // namespace zelus::templates
