// sprig's JSON, as Go's encoding/json reads and writes it.
#include <fmt/format.h>
#include <rapidjson/document.h>

#include "zelus/options/go_json_error.h"
#include "zelus/options/json.h"
#include "zelus/templates/base64.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"
#include "zelus/templates/runes.h"

namespace zelus::templates {
namespace {

enum class Html { kEscaped, kPlain };
enum class Layout { kCompact, kIndented };

class Writer {
 public:
  Writer(Html html, Layout layout) : html_(html), layout_(layout) {}
  std::string out;
  std::string problem;

  void write(const Value& value, size_t depth = 0) {
    if (!problem.empty()) return;
    if (out.size() > kOutputBytesMax) {
      problem = fmt::format("more than {} bytes", kOutputBytesMax);
      return;
    }
    if (depth > kValueDepthMax) {
      problem = "json: unsupported value: encountered a cycle";
      return;
    }
    if (value.is(Type::kUint64)) {
      out += std::to_string(static_cast<uint64_t>(value.as_int()));
      return;
    }
    if (value.is_integer()) {
      out += std::to_string(value.as_int());
      return;
    }
    if (value.is_list()) return list(value.items(), depth);
    if (value.is_map()) return map(value.members(), depth);
    scalar(value, depth);
  }

 private:
  void scalar(const Value& value, size_t depth) {
    switch (value.type()) {
      case Type::kNil:
        out += "null";
        return;
      case Type::kBool:
        out += value.as_bool() ? "true" : "false";
        return;
      case Type::kFloat64:
        if (!(value.as_real() - value.as_real() == 0)) {
          problem = "json: unsupported value: " + value_text(value);
          return;
        }
        out += options::go_number(rapidjson::Value(value.as_real()));
        return;
      case Type::kString:
        return quote(value.as_text());
      case Type::kTime:
        return quote(format_moment("2006-01-02T15:04:05.999999999Z07:00", value.as_time()));
      case Type::kVersion:
        return quote(value_text(value));
      case Type::kCertificate:
        return map({{"Cert", Value::text(value.as_certificate().cert)},
                    {"Key", Value::text(value.as_certificate().key)}},
                   depth);
      default:
        problem = "json: unsupported type: " + type_name(value);
    }
  }

  void line(size_t depth) {
    if (layout_ == Layout::kCompact) return;
    out += '\n';
    out.append(2 * depth, ' ');
  }
  void list(const Items& items, size_t depth) {
    out += '[';
    for (size_t i = 0; i < items.size() && problem.empty(); ++i) {
      if (i > 0) out += ',';
      line(depth + 1);
      write(items[i], depth + 1);
    }
    if (!items.empty()) line(depth);
    out += ']';
  }
  void map(const Members& members, size_t depth) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : members) {
      if (!problem.empty()) return;
      if (!first) out += ',';
      first = false;
      line(depth + 1);
      quote(key);
      out += layout_ == Layout::kCompact ? ":" : ": ";
      write(value, depth + 1);
    }
    if (!members.empty()) line(depth);
    out += '}';
  }

  void quote(std::string_view text) {
    constexpr std::string_view kShort = "\"\\\b\f\n\r\t";
    constexpr std::string_view kLetters = "\"\\bfnrt";
    out += '"';
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      const char32_t rune = next_rune(text, at);
      const char c = text[begin];
      if (const size_t known = kShort.find(c); rune < 0x80 && known != std::string_view::npos) {
        out += '\\';
        out += kLetters[known];
      } else if (rune < 0x20 || rune == 0x2028 || rune == 0x2029 ||
                 (html_ == Html::kEscaped && (rune == '<' || rune == '>' || rune == '&'))) {
        out += fmt::format("\\u{:04x}", static_cast<uint32_t>(rune));
      } else if (rune == 0xFFFD && at == begin + 1) {
        out += "\\ufffd";
      } else {
        out += text.substr(begin, at - begin);
      }
    }
    out += '"';
  }

  Html html_;
  Layout layout_;
};

/// `strict`: an error, and not an empty text, where Go's Marshal has one.
Result<Value> to_json(const Value& value, Html html, Layout layout, bool strict) {
  Writer writer(html, layout);
  writer.write(value);
  if (!writer.problem.empty()) {
    if (strict) return call_error(writer.problem);
    return Value::text("");
  }
  return Value::text(std::move(writer.out));
}

/// Deeper ones would end the stack, at the latest when they are dropped.
Result<Value> from(const rapidjson::Value& json, size_t depth = 0) {
  if (depth > kValueDepthMax)
    return call_error(fmt::format("json: more than {} levels deep", kValueDepthMax));
  if (json.IsBool()) return Value::boolean(json.GetBool());
  if (json.IsNumber()) return Value::real(json.GetDouble());
  if (json.IsString()) return Value::text({json.GetString(), json.GetStringLength()});
  if (json.IsArray()) {
    Items items;
    for (const auto& item : json.GetArray()) items.push_back(BIA_TRY(from(item, depth + 1)));
    return Value::list(std::move(items));
  }
  if (!json.IsObject()) return Value();
  Members members;
  for (const auto& member : json.GetObject())
    members[{member.name.GetString(), member.name.GetStringLength()}] =
        BIA_TRY(from(member.value, depth + 1));
  return Value::map(std::move(members));
}

Result<Value> must_from_json(Args args) {
  const std::string& text = args[0].as_text();
  if (auto wrong = options::go_json_error(text)) return call_error(wrong->text);
  rapidjson::Document document;
  auto parsed = options::parse_json(text, document);
  if (!parsed) return call_error(parsed.error().message());
  return from(document);
}
Result<Value> from_json(Args args) {
  auto value = must_from_json(args);
  return value.ok() ? std::move(*value) : Value();
}

constexpr Function kFunctions[] = {
    {"fromJson", "s", from_json},
    {"mustFromJson", "s", must_from_json},
    {"toJson", "a",
     [](Args args) { return to_json(args[0], Html::kEscaped, Layout::kCompact, false); }},
    {"mustToJson", "a",
     [](Args args) { return to_json(args[0], Html::kEscaped, Layout::kCompact, true); }},
    {"toPrettyJson", "a",
     [](Args args) { return to_json(args[0], Html::kEscaped, Layout::kIndented, false); }},
    {"mustToPrettyJson", "a",
     [](Args args) { return to_json(args[0], Html::kEscaped, Layout::kIndented, true); }},
    {"toRawJson", "a",
     [](Args args) { return to_json(args[0], Html::kPlain, Layout::kCompact, true); }},
    {"mustToRawJson", "a",
     [](Args args) { return to_json(args[0], Html::kPlain, Layout::kCompact, true); }},
};

}  // namespace

std::span<const Function> json_functions() { return kFunctions; }

}  // namespace zelus::templates
