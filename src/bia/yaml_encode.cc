#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "bia/codec/json_writer.h"
#include "bia/yaml_message.h"
#include "codec/go_names.h"

namespace bia {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr size_t kIndent = 4;

bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/// What YAML 1.1 or 1.2 takes for something else than text, among words of letters.
bool is_reserved(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c; });
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

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
  return text;
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
      (out_.append(indent, ' ') += name) += ':';
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
    const pb::Reflection* r = message.GetReflection();
    const bool list = at >= 0;
    const auto number = [&](auto value) { fmt::format_to(std::back_inserter(out_), "{}", value); };
    switch (field->cpp_type()) {
      case Field::CPPTYPE_BOOL:
        return number(list ? r->GetRepeatedBool(message, field, at) : r->GetBool(message, field));
      case Field::CPPTYPE_INT32:
        return number(list ? r->GetRepeatedInt32(message, field, at) : r->GetInt32(message, field));
      case Field::CPPTYPE_INT64:
        return number(list ? r->GetRepeatedInt64(message, field, at) : r->GetInt64(message, field));
      case Field::CPPTYPE_UINT32:
        return number(list ? r->GetRepeatedUInt32(message, field, at)
                           : r->GetUInt32(message, field));
      case Field::CPPTYPE_UINT64:
        return number(list ? r->GetRepeatedUInt64(message, field, at)
                           : r->GetUInt64(message, field));
      case Field::CPPTYPE_ENUM:
        return number(list ? r->GetRepeatedEnumValue(message, field, at)
                           : r->GetEnumValue(message, field));
      case Field::CPPTYPE_DOUBLE:
        return append_real(
            out_, list ? r->GetRepeatedDouble(message, field, at) : r->GetDouble(message, field));
      case Field::CPPTYPE_FLOAT:
        return append_real(
            out_, list ? r->GetRepeatedFloat(message, field, at) : r->GetFloat(message, field));
      case Field::CPPTYPE_STRING: {
        std::string scratch;
        return append_yaml_text(out_,
                                list ? r->GetRepeatedStringReference(message, field, at, &scratch)
                                     : r->GetStringReference(message, field, &scratch));
      }
      case Field::CPPTYPE_MESSAGE:
        return;
    }
  }

  std::string& out_;
};

/// How many bytes of UTF-8 at `at` are a character that JSON has as it is and YAML has not, 0 for
/// none: yaml.v3 refuses U+007F to U+009F, U+FEFF, U+FFFE and U+FFFF, and takes U+0085, U+2028 and
/// U+2029 for the end of a line.
size_t foreign_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t offset) {
    return at + offset < text.size() ? static_cast<uint8_t>(text[at + offset]) : 0;
  };
  if (byte(0) == 0x7F) return 1;
  if (byte(0) == 0xC2) return byte(1) < 0xA0 ? 2 : 0;
  const bool separator = byte(0) == 0xE2 && byte(1) == 0x80 && (byte(2) | 1) == 0xA9;
  const bool mark = byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF;
  const bool none = byte(0) == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE;
  return separator || mark || none ? 3 : 0;
}

/// Writes what is foreign from `from` on as escapes. The text there is UTF-8.
void escape_foreign(std::string& yaml, size_t from) {
  const auto ascii = [](char c) { return static_cast<uint8_t>(c) < 0x7F; };
  if (std::all_of(yaml.begin() + static_cast<ptrdiff_t>(from), yaml.end(), ascii)) return;
  const std::string text = yaml.substr(from);
  yaml.resize(from);
  for (size_t i = 0; i < text.size();) {
    const size_t length = foreign_length(text, i);
    const auto byte = [&](size_t offset) { return static_cast<uint8_t>(text[i + offset]); };
    if (length == 0) {
      yaml += text[i++];
      continue;
    }
    if (length == 3) {
      const int code = (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
      fmt::format_to(std::back_inserter(yaml), "\\u{:04X}", code);
    } else {
      // U+0080 to U+009F have their number as their second byte.
      fmt::format_to(std::back_inserter(yaml), "\\x{:02X}", byte(length - 1));
    }
    i += length;
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
