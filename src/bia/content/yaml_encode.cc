#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <vector>

#include "base/text.h"
#include "bia/codec/json_writer.h"
#include "bia/content/yaml_body.h"
#include "bia/content/yaml_message.h"
#include "codec/field_value.h"
#include "codec/go_names.h"
#include "codec/utf8.h"

namespace bia {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr size_t kIndent = 4;

bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/// What YAML 1.1 or 1.2 takes for something else than text, among words of letters.
bool is_reserved(std::string_view text) {
  const std::string lower = lower_case(text);
  for (std::string_view word :
       {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"}) {
    if (lower == word) return true;
  }
  return false;
}

bool is_plain(std::string_view text) {
  if (text.empty() || !is_letter(text[0]) || text.back() == ' ' || is_reserved(text)) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           std::string_view(" _-./@+").find(c) != std::string_view::npos;
  });
}

template <typename T>
void append_real(std::string& out, T value) {
  if (std::isnan(value)) {
    out += ".nan";
  } else if (std::isinf(value)) {
    out += value > 0 ? ".inf" : "-.inf";
  } else if constexpr (sizeof(T) == sizeof(float)) {
    codec::append_json_float(out, value);
  } else {
    codec::append_json_double(out, value);
  }
}

/// Block style. What follows "key:" or "-" begins with a space, or on a new line.
class YamlMessageWriter {
 public:
  explicit YamlMessageWriter(std::string& out) : out_(out) {}

  /// The fields of a message, each on a line of its own; the first one where `out` stands.
  Result<void> members(const pb::Message& message, size_t indent, int depth) {
    if (depth > kYamlEncodeDepthMax)
      return Error(
          Code::kInternal, "CODEC",
          fmt::format("the reply has no YAML: it nests deeper than {}", kYamlEncodeDepthMax));
    const pb::Descriptor* type = message.GetDescriptor();
    const codec::GoNames& names = codec::go_names(type);
    bool first = true;
    for (int i = 0; i < type->field_count(); ++i) {
      const Field* field = type->field(i);
      const pb::OneofDescriptor* oneof = field->real_containing_oneof();
      // A Go struct has the oneof in the place of its first member.
      if (oneof && oneof->field(0) != field) continue;
      begin(first, indent);
      if (oneof) {
        key(names.oneofs[static_cast<size_t>(oneof->index())]);
        BIA_TRY(oneof_member(message, oneof, names, indent + kIndent, depth));
      } else {
        key(names.fields[static_cast<size_t>(i)]);
        BIA_TRY(field_value(message, field, indent + kIndent, depth));
      }
    }
    return {};
  }

 private:
  void begin(bool& first, size_t indent) {
    if (!first) out_.append(indent, ' ');
    first = false;
  }
  void key(const std::string& go_name) {
    append_yaml_text(out_, lower_case(go_name));
    out_ += ':';
  }
  void line(std::string_view value) { ((out_ += ' ') += value) += '\n'; }
  void new_line(size_t indent) { (out_ += '\n').append(indent, ' '); }

  Result<void> oneof_member(const pb::Message& message, const pb::OneofDescriptor* oneof,
                            const codec::GoNames& names, size_t indent, int depth) {
    const Field* set = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
    if (set == nullptr) {
      line("null");
      return {};
    }
    new_line(indent);
    key(names.fields[static_cast<size_t>(set->index())]);
    return value(message, set, -1, indent + kIndent, depth);
  }

  Result<void> field_value(const pb::Message& message, const Field* field, size_t indent,
                           int depth) {
    const pb::Reflection* reflection = message.GetReflection();
    if (field->is_map()) return map(message, field, indent, depth);
    if (field->is_repeated()) {
      const int size = reflection->FieldSize(message, field);
      if (size == 0) line("[]");
      if (size != 0) out_ += '\n';
      for (int i = 0; i < size; ++i) {
        out_.append(indent, ' ');
        out_ += '-';
        BIA_TRY(value(message, field, i, indent + kIndent, depth));
      }
      return {};
    }
    if (field->has_presence() && !reflection->HasField(message, field)) {
      line("null");
      return {};
    }
    return value(message, field, -1, indent, depth);
  }

  Result<void> map(const pb::Message& message, const Field* field, size_t indent, int depth) {
    const pb::Reflection* reflection = message.GetReflection();
    const Field* key_field = field->message_type()->map_key();
    std::vector<std::pair<std::string, const pb::Message*>> entries;
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      const pb::Message& entry = reflection->GetRepeatedMessage(message, field, i);
      std::string text;
      std::swap(out_, text);
      scalar(entry, key_field, -1);
      std::swap(out_, text);
      entries.emplace_back(std::move(text), &entry);
    }
    // A map has no order of its own; the same message is always the same text.
    std::sort(entries.begin(), entries.end());
    if (entries.empty()) line("{}");
    if (!entries.empty()) out_ += '\n';
    for (const auto& [name, entry] : entries) {
      append_yaml_key(out_.append(indent, ' '), name, indent);
      BIA_TRY(value(*entry, field->message_type()->map_value(), -1, indent + kIndent, depth));
    }
    return {};
  }

  /// `at` is -1 for a singular field.
  Result<void> value(const pb::Message& message, const Field* field, int at, size_t indent,
                     int depth) {
    if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
      const pb::Reflection* r = message.GetReflection();
      const pb::Message& inner =
          at < 0 ? r->GetMessage(message, field) : r->GetRepeatedMessage(message, field, at);
      if (inner.GetDescriptor()->field_count() == 0) {
        line("{}");
        return {};
      }
      new_line(indent);
      return members(inner, indent, depth + 1);
    }
    if (field->type() == Field::TYPE_BYTES) {
      bytes(message, field, at, indent);
      return {};
    }
    out_ += ' ';
    scalar(message, field, at);
    out_ += '\n';
    return {};
  }

  void bytes(const pb::Message& message, const Field* field, int at, size_t indent) {
    const pb::Reflection* r = message.GetReflection();
    std::string scratch;
    const std::string& text = at < 0 ? r->GetStringReference(message, field, &scratch)
                                     : r->GetRepeatedStringReference(message, field, at, &scratch);
    if (text.empty()) return line("[]");
    out_ += '\n';
    for (char c : text) {
      out_.append(indent, ' ');
      fmt::format_to(std::back_inserter(out_), "- {}\n", static_cast<uint8_t>(c));
    }
  }

  void scalar(const pb::Message& message, const Field* field, int at) {
    codec::visit_scalar(message, field, at, [this](auto value) {
      using Value = decltype(value);
      if constexpr (std::is_same_v<Value, std::string_view>) {
        append_yaml_text(out_, value);
      } else if constexpr (std::is_floating_point_v<Value>) {
        append_real(out_, value);
      } else if constexpr (std::is_same_v<Value, codec::EnumNumber>) {
        fmt::format_to(std::back_inserter(out_), "{}", value.number);
      } else {
        fmt::format_to(std::back_inserter(out_), "{}", value);
      }
    });
  }

  std::string& out_;
};

/// What JSON has as it is and YAML has not: yaml.v3 refuses U+007F to U+009F, U+FEFF, U+FFFE and
/// U+FFFF, and takes U+0085, U+2028 and U+2029 for the end of a line.
bool is_foreign(uint32_t c) {
  return (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0xFEFF || c == 0xFFFE ||
         c == 0xFFFF;
}

/// Writes what is foreign from `from` on as escapes. The text there is UTF-8.
void escape_foreign(std::string& yaml, size_t from) {
  const auto ascii = [](char c) { return static_cast<uint8_t>(c) < 0x7F; };
  if (std::all_of(yaml.begin() + static_cast<ptrdiff_t>(from), yaml.end(), ascii)) return;
  const std::string text = yaml.substr(from);
  yaml.resize(from);
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view before = rest;
    const uint32_t c = codec::take_code_point(rest);
    if (!is_foreign(c)) {
      yaml += before.substr(0, before.size() - rest.size());
    } else if (c < 0x100) {
      fmt::format_to(std::back_inserter(yaml), "\\x{:02X}", c);
    } else {
      fmt::format_to(std::back_inserter(yaml), "\\u{:04X}", c);
    }
  }
}

}  // namespace

void append_yaml_text(std::string& yaml, std::string_view text) {
  if (is_plain(text)) {
    yaml += text;
    return;
  }
  const size_t from = yaml.size();
  codec::append_json_string(yaml, text);
  escape_foreign(yaml, from);
}

Result<void> encode_yaml(const pb::Message& message, std::string& yaml) {
  if (message.GetDescriptor()->field_count() == 0) {
    yaml += "{}\n";
    return {};
  }
  return YamlMessageWriter(yaml).members(message, 0, 0);
}

}  // namespace bia
