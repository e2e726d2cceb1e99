#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/message.h>

#include <type_traits>

#include "codec/field_value.h"
#include "codec/go_float.h"
#include "codec/go_names.h"
#include "codec/utf8.h"
#include "codec/xml.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

std::string_view escape_of(char c) {
  switch (c) {
    case '"':
      return "&#34;";
    case '\'':
      return "&#39;";
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\t':
      return "&#x9;";
    case '\n':
      return "&#xA;";
    case '\r':
      return "&#xD;";
    default:
      return static_cast<uint8_t>(c) < 0x20 ? kReplacement : std::string_view();
  }
}

void append_text(std::string& out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    const std::string_view rune = text.substr(at, length);
    at += std::max<size_t>(length, 1);
    // U+FFFE and U+FFFF are UTF-8 and no characters of XML.
    if (length == 0 || rune == "\xEF\xBF\xBE" || rune == "\xEF\xBF\xBF") {
      out += kReplacement;
    } else if (std::string_view escaped = escape_of(rune[0]); !escaped.empty()) {
      out += escaped;
    } else {
      out += rune;
    }
  }
}

class XmlWriter {
 public:
  explicit XmlWriter(std::string& out) : out_(out) {}

  Result<void> element(std::string_view name, const pb::Message& message, int depth) {
    if (depth > kXmlDepthMax)
      return Error(Code::kInternal, "CODEC",
                   fmt::format("the reply has no XML: it nests deeper than {}", kXmlDepthMax));
    open(name);
    BIA_TRY(members(message, depth));
    close(name);
    return {};
  }

 private:
  void open(std::string_view name) { (out_ += '<').append(name) += '>'; }
  void close(std::string_view name) { (out_ += "</").append(name) += '>'; }

  Result<void> members(const pb::Message& message, int depth) {
    const pb::Descriptor* type = message.GetDescriptor();
    const pb::Reflection* reflection = message.GetReflection();
    const GoNames& names = go_names(type);
    for (int i = 0; i < type->field_count(); ++i) {
      const Field* field = type->field(i);
      const std::string& name = names.fields[static_cast<size_t>(i)];
      const pb::OneofDescriptor* oneof = field->real_containing_oneof();
      if (oneof) {
        // A Go struct has the oneof in the place of its first member.
        if (oneof->field(0) != field) continue;
        BIA_TRY(oneof_member(message, oneof, names, depth));
      } else if (field->is_repeated()) {
        for (int at = 0; at < reflection->FieldSize(message, field); ++at)
          BIA_TRY(value(name, message, field, at, depth));
      } else if (!field->has_presence() || type->options().map_entry() ||
                 reflection->HasField(message, field)) {
        BIA_TRY(value(name, message, field, -1, depth));
      }
    }
    return {};
  }

  Result<void> oneof_member(const pb::Message& message, const pb::OneofDescriptor* oneof,
                            const GoNames& names, int depth) {
    const Field* set = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
    if (set == nullptr) return {};
    const std::string& outer = names.oneofs[static_cast<size_t>(oneof->index())];
    open(outer);
    BIA_TRY(value(names.fields[static_cast<size_t>(set->index())], message, set, -1, depth + 1));
    close(outer);
    return {};
  }

  /// `at` is -1 for a singular field.
  Result<void> value(std::string_view name, const pb::Message& message, const Field* field, int at,
                     int depth) {
    const pb::Reflection* r = message.GetReflection();
    if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
      return element(
          name, at < 0 ? r->GetMessage(message, field) : r->GetRepeatedMessage(message, field, at),
          depth + 1);
    }
    open(name);
    scalar(message, field, at);
    close(name);
    return {};
  }

  void scalar(const pb::Message& message, const Field* field, int at) {
    visit_scalar(message, field, at, [this](auto value) {
      using Value = decltype(value);
      if constexpr (std::is_same_v<Value, std::string_view>) {
        append_text(out_, value);
      } else if constexpr (std::is_floating_point_v<Value>) {
        append_go_float(out_, value);
      } else if constexpr (std::is_same_v<Value, EnumNumber>) {
        fmt::format_to(std::back_inserter(out_), "{}", value.number);
      } else {
        fmt::format_to(std::back_inserter(out_), "{}", value);
      }
    });
  }

  std::string& out_;
};

}  // namespace

Result<void> encode_xml(const pb::Message& message, std::string& out) {
  return XmlWriter(out).element(go_type_name(message.GetDescriptor()), message, 0);
}

}  // namespace bia::codec
