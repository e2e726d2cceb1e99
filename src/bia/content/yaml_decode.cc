#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/struct.pb.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <set>
#include <string_view>
#include <vector>

#include "bia/base/time.h"
#include "bia/codec/json_writer.h"
#include "bia/codec/well_known.h"
#include "bia/content/yaml_body.h"
#include "bia/content/yaml_message.h"
#include "codec/field_text.h"
#include "codec/go_names.h"
#include "codec/time_text.h"
#include "codec/yaml_merge.h"

namespace bia {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

Error bad(const YAML::Node& node, std::string_view what) {
  return Error(Code::kInvalidArgument, "CODEC",
               fmt::format("yaml: line {}: {}", node.Mark().line + 1, what));
}

bool is_null(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return true;
  if (!node.IsScalar() || node.Tag() == "!") return false;
  const std::string& text = node.Scalar();
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// The base of a whole number without its sign. Takes away what says so.
int take_base(std::string_view& digits) {
  if (digits.size() < 2 || digits[0] != '0') return 10;
  const int letter = digits[1] | 32;
  const int base = letter == 'x'                          ? 16
                   : letter == 'b'                        ? 2
                   : letter == 'o' || is_digit(digits[1]) ? 8
                                                          : 10;
  if (base != 10) digits.remove_prefix(is_digit(digits[1]) ? 1 : 2);
  return base;
}

/// The whole number that YAML writes as "0x10", "0o17", "010", "1_000" or "1.0", as digits; what is
/// none stays what it is.
std::string digits_of(std::string text) {
  std::erase(text, '_');
  const bool negative = text.starts_with('-');
  std::string_view rest = text;
  if (negative || text.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || !is_digit(rest[0])) return text;
  std::string_view digits = rest;
  const int base = take_base(digits);
  uint64_t whole = 0;
  const char* end = rest.data() + rest.size();
  if (auto read = std::from_chars(digits.data(), end, whole, base);
      read.ec == std::errc() && read.ptr == end)
    return fmt::format("{}{}", negative ? "-" : "", whole);
  double real = 0;
  constexpr double kWholeMax = 0x1p53;
  if (base != 10) return text;
  if (auto read = std::from_chars(rest.data(), end, real);
      read.ec == std::errc() && read.ptr == end && std::trunc(real) == real && real <= kWholeMax)
    return fmt::format("{}{}", negative ? "-" : "", static_cast<uint64_t>(real));
  return text;
}

std::string bool_of(const std::string& text) {
  for (std::string_view word : {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON"}) {
    if (text == word) return "true";
  }
  for (std::string_view word : {"n", "N", "no", "No", "NO", "off", "Off", "OFF"}) {
    if (text == word) return "false";
  }
  return text;
}

std::string real_of(std::string text) {
  std::erase(text, '_');
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == ".inf" || rest == ".Inf" || rest == ".INF")
    return text.starts_with('-') ? "-Inf" : "Inf";
  return text == ".nan" || text == ".NaN" || text == ".NAN" ? "NaN" : text;
}

/// A struct, a value or a list that is written as what it stands for, not as its message.
bool is_dynamic(const pb::Descriptor* type) {
  const auto kind = type->well_known_type();
  return kind == pb::Descriptor::WELLKNOWNTYPE_STRUCT ||
         kind == pb::Descriptor::WELLKNOWNTYPE_VALUE ||
         kind == pb::Descriptor::WELLKNOWNTYPE_LISTVALUE;
}

bool is_value(const pb::Descriptor* type) {
  return type != nullptr && type->well_known_type() == pb::Descriptor::WELLKNOWNTYPE_VALUE;
}

/// What a message, or an entry of a map, is charged beside what it holds: about its size.
constexpr size_t kMessageUnits = 64;
constexpr size_t kPathUnits = 32;

class YamlReader {
 public:
  Result<void> message(const YAML::Node& node, pb::Message& message, int depth) {
    if (depth > kYamlDecodeDepthMax) return too_deep(node);
    const pb::Descriptor* type = message.GetDescriptor();
    if (is_null(node)) {
      if (is_value(type)) set_null(message);
      return {};
    }
    if (is_dynamic(type) && !is_go_form(node, type)) return dynamic(node, message, depth);
    if (!node.IsMap()) return bad(node, "keys are due, like \"name: x\"");
    // Fields, then oneofs.
    std::vector<bool> seen(size_t(type->field_count() + type->oneof_decl_count()));
    BIA_TRY(members(node, message, depth, seen, Keys::kOwn));
    if (is_value(type) && !message.GetReflection()->HasOneof(message, type->oneof_decl(0)))
      set_null(message);
    return {};
  }

 private:
  static Error too_deep(const YAML::Node& node) {
    return bad(node, fmt::format("nests deeper than {}", kYamlDecodeDepthMax));
  }
  static void set_null(pb::Message& value) {
    value.GetReflection()->SetEnumValue(&value, value.GetDescriptor()->FindFieldByNumber(1), 0);
  }

  /// Aliases may repeat a lot.
  Result<void> charge(const YAML::Node& node, size_t bytes) {
    if (bytes > left_)
      return bad(node, fmt::format("more than {} bytes once its aliases are filled in",
                                   kYamlJsonBytesMax));
    left_ -= bytes;
    return {};
  }

  static Error twice(const YAML::Node& key) {
    return bad(key, fmt::format("the key {} is there twice", key.Scalar()));
  }

  /// A map's own keys, or those that it takes over by "<<" from another.
  enum class Keys : uint8_t { kOwn, kMerged };

  Result<void> charge_merged(const YAML::Node& at) {
    if (++merged_ <= kYamlMergedKeysMax) return {};
    return bad(at, fmt::format("the body's << bring more than {} keys", kYamlMergedKeysMax));
  }

  /// Calls `own(key, value)` for each entry but "<<", and `other(map)` for each map that that one
  /// names, behind them.
  template <typename Own, typename Other>
  Result<void> entries(const YAML::Node& node, int depth, Own own, Other other) {
    YAML::Node merge;
    bool merges = false;
    for (const auto& entry : node) {
      if (!codec::is_yaml_merge(entry.first)) {
        BIA_TRY(own(entry.first, entry.second));
        continue;
      }
      if (merges) return twice(entry.first);
      merges = true;
      merge.reset(entry.second);
    }
    if (!merges) return {};
    if (depth >= kYamlDecodeDepthMax) return too_deep(merge);
    const auto maps = codec::merged_maps(merge);
    if (!maps) return bad(merge, codec::kYamlMergeRule);
    for (const YAML::Node& map : *maps) {
      BIA_TRY(charge_merged(map));
      BIA_TRY(other(map));
    }
    return {};
  }

  Result<void> members(const YAML::Node& node, pb::Message& message, int depth,
                       std::vector<bool>& seen, Keys keys) {
    return entries(
        node, depth,
        [&](const YAML::Node& key, const YAML::Node& value) {
          return member(key, value, message, depth, seen, keys);
        },
        [&](const YAML::Node& map) {
          return members(map, message, depth + 1, seen, Keys::kMerged);
        });
  }

  Result<void> member(const YAML::Node& key, const YAML::Node& value, pb::Message& message,
                      int depth, std::vector<bool>& seen, Keys keys) {
    BIA_TRY(charge(key, 1));
    if (!key.IsScalar()) return bad(key, "a key is no text");
    const pb::Descriptor* type = message.GetDescriptor();
    const auto& by_name = codec::go_names(type).by_lower_name;
    const auto found = by_name.find(key.Scalar());
    if (keys == Keys::kMerged) BIA_TRY(charge_merged(key));
    if (found == by_name.end()) return {};
    const bool is_field = found->second >= 0;
    const Field* one = is_field ? type->field(found->second) : nullptr;
    const pb::OneofDescriptor* oneof =
        is_field ? one->real_containing_oneof() : type->oneof_decl(~found->second);
    const int place = is_field ? found->second : type->field_count() + ~found->second;
    if (keys == Keys::kMerged &&
        (seen[size_t(place)] || (oneof && message.GetReflection()->HasOneof(message, oneof))))
      return {};
    if (seen[size_t(place)]) return twice(key);
    seen[size_t(place)] = true;
    return is_field ? field(value, message, one, depth)
                    : oneof_member(value, message, oneof, depth);
  }

  /// Below the oneof's name.
  Result<void> oneof_member(const YAML::Node& value, pb::Message& message,
                            const pb::OneofDescriptor* oneof, int depth) {
    if (is_null(value)) return {};
    if (!value.IsMap()) return bad(value, "a oneof's member is due, like \"name: x\"");
    const auto& by_name = codec::go_names(message.GetDescriptor()).by_lower_name;
    for (const auto& entry : value) {
      BIA_TRY(charge(entry.first, 1));
      if (!entry.first.IsScalar()) return bad(entry.first, "a key is no text");
      const auto inner = by_name.find(entry.first.Scalar());
      if (inner == by_name.end() || inner->second < 0) continue;
      const Field* one = message.GetDescriptor()->field(inner->second);
      if (one->containing_oneof() != oneof) continue;
      BIA_TRY(field(entry.second, message, one, depth + 1));
    }
    return {};
  }

  Result<void> field(const YAML::Node& node, pb::Message& message, const Field* field, int depth) {
    if (is_null(node) && (!is_value(field->message_type()) || field->is_repeated())) return {};
    if (field->is_map()) return map(node, message, field, depth);
    if (!field->is_repeated()) return value(node, message, field, depth);
    if (!node.IsSequence()) return wrong(node, field, "a list is due, like \"[a, b]\"");
    for (const auto& item : node) BIA_TRY(value(item, message, field, depth));
    return {};
  }

  Result<void> map(const YAML::Node& node, pb::Message& message, const Field* field, int depth) {
    if (!node.IsMap()) return wrong(node, field, "keys are due, like \"{a: b}\"");
    std::set<std::string_view> seen;
    return map_entries(node, message, field, depth, seen, Keys::kOwn);
  }

  Result<void> map_entries(const YAML::Node& node, pb::Message& message, const Field* field,
                           int depth, std::set<std::string_view>& seen, Keys keys) {
    return entries(
        node, depth,
        [&](const YAML::Node& key, const YAML::Node& value) -> Result<void> {
          if (keys == Keys::kMerged) BIA_TRY(charge_merged(key));
          if (key.IsScalar() && !seen.insert(key.Scalar()).second)
            return keys == Keys::kOwn ? Result<void>(twice(key)) : Result<void>();
          return map_entry(key, value, message, field, depth);
        },
        [&](const YAML::Node& other) {
          return map_entries(other, message, field, depth + 1, seen, Keys::kMerged);
        });
  }

  Result<void> map_entry(const YAML::Node& key, const YAML::Node& value, pb::Message& message,
                         const Field* field, int depth) {
    BIA_TRY(charge(key, kMessageUnits));
    const Field* value_field = field->message_type()->map_value();
    pb::Message* entry = message.GetReflection()->AddMessage(&message, field);
    BIA_TRY(this->value(key, *entry, field->message_type()->map_key(), depth));
    if (is_null(value) && !is_value(value_field->message_type())) return {};
    return this->value(value, *entry, value_field, depth);
  }

  Result<void> value(const YAML::Node& node, pb::Message& message, const Field* field, int depth) {
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE) return scalar(node, message, field);
    BIA_TRY(charge(node, kMessageUnits));
    const pb::Reflection* reflection = message.GetReflection();
    pb::Message* inner = field->is_repeated() ? reflection->AddMessage(&message, field)
                                              : reflection->MutableMessage(&message, field);
    if (is_dynamic(inner->GetDescriptor()) || !node.IsScalar() || is_null(node))
      return this->message(node, *inner, depth + 1);
    return well_known(node, *inner, field);
  }

  /// What JSON has as one text.
  Result<void> well_known(const YAML::Node& node, pb::Message& message, const Field* field) {
    BIA_TRY(charge(node, node.Scalar().size()));
    const pb::Descriptor* type = message.GetDescriptor();
    const pb::Reflection* r = message.GetReflection();
    const auto moment = [&](int64_t seconds, int32_t nanos) {
      r->SetInt64(&message, type->FindFieldByNumber(1), seconds);
      r->SetInt32(&message, type->FindFieldByNumber(2), nanos);
    };
    switch (type->well_known_type()) {
      case pb::Descriptor::WELLKNOWNTYPE_TIMESTAMP: {
        int64_t seconds = 0;
        int32_t nanos = 0;
        if (!codec::parse_timestamp(node.Scalar(), seconds, nanos))
          return wrong(node, field, fmt::format("\"{}\" is no time of RFC 3339", node.Scalar()));
        moment(seconds, nanos);
        return {};
      }
      case pb::Descriptor::WELLKNOWNTYPE_DURATION: {
        const Result<Duration> parsed = parse_go_duration(node.Scalar());
        if (!parsed.ok()) return wrong(node, field, parsed.error().message());
        constexpr int64_t kSecond = 1'000'000'000;
        moment(parsed->count() / kSecond, static_cast<int32_t>(parsed->count() % kSecond));
        return {};
      }
      case pb::Descriptor::WELLKNOWNTYPE_FIELDMASK: {
        std::string_view rest = node.Scalar();
        while (!rest.empty()) {
          BIA_TRY(charge(node, kPathUnits));
          const size_t comma = std::min(rest.find(','), rest.size());
          std::string path;
          if (!codec::append_snake_path(path, rest.substr(0, comma))) path = rest.substr(0, comma);
          r->AddString(&message, type->FindFieldByNumber(1), path);
          rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
        return {};
      }
      case pb::Descriptor::WELLKNOWNTYPE_UNSPECIFIED:
      case pb::Descriptor::WELLKNOWNTYPE_ANY:
        return wrong(node, field, "keys are due, like \"name: x\"");
      default:  // The wrappers.
        return scalar(node, message, type->FindFieldByNumber(1));
    }
  }

  Result<void> scalar(const YAML::Node& node, pb::Message& message, const Field* field) {
    const bool bytes = field->type() == Field::TYPE_BYTES;
    if (bytes && node.IsSequence()) return byte_list(node, message, field);
    if (!node.IsScalar()) return wrong(node, field, "one value is due");
    std::string text = node.Scalar();
    BIA_TRY(charge(node, text.size() + 1));
    switch (field->cpp_type()) {
      case Field::CPPTYPE_BOOL:
        text = bool_of(text);
        break;
      case Field::CPPTYPE_DOUBLE:
      case Field::CPPTYPE_FLOAT:
        text = real_of(std::move(text));
        break;
      case Field::CPPTYPE_STRING:
        if (std::string raw; bytes) {
          if (!codec::decode_base64(text, raw)) return wrong(node, field, "it is no base64");
          text = std::move(raw);
        } else if (!codec::is_utf8(text)) {
          return wrong(node, field, "invalid UTF-8");
        }
        break;
      case Field::CPPTYPE_ENUM:
        break;
      default:
        text = digits_of(std::move(text));
    }
    const std::string what = codec::put_text(message, field, std::move(text));
    return what.empty() ? Result<void>() : wrong(node, field, what);
  }

  Result<void> byte_list(const YAML::Node& node, pb::Message& message, const Field* field) {
    std::string bytes;
    for (const auto& item : node) {
      BIA_TRY(charge(item, 1));
      const std::string text = item.IsScalar() ? digits_of(item.Scalar()) : std::string();
      uint8_t byte = 0;
      const char* end = text.data() + text.size();
      const auto read = std::from_chars(text.data(), end, byte);
      if (read.ec != std::errc() || read.ptr != end)
        return wrong(item, field, "bytes are numbers from 0 to 255");
      bytes += static_cast<char>(byte);
    }
    BIA_TRY(charge(node, 1));
    codec::put_text(message, field, std::move(bytes));
    return {};
  }

  /// {fields: {…}}, {kind: {…}}, {values: […]}: the message's own field and no other key.
  static bool is_go_form(const YAML::Node& node, const pb::Descriptor* type) {
    if (!node.IsMap() || node.size() != 1) return false;
    const YAML::Node key = node.begin()->first;
    const YAML::Node value = node.begin()->second;
    if (!key.IsScalar()) return false;
    if (is_value(type)) return key.Scalar() == "kind" && (value.IsMap() || is_null(value));
    return key.Scalar() == type->field(0)->name();
  }

  Result<void> dynamic(const YAML::Node& node, pb::Message& message, int depth) {
    std::string json;
    const size_t values = BIA_TRY(yaml_to_json(node, depth, json));
    BIA_TRY(charge(node, json.size() + values * kMessageUnits));
    codec::JsonReader in(json);
    if (auto* one = dynamic_cast<pb::Struct*>(&message)) {
      bia_json_read(in, *one);
    } else if (auto* list = dynamic_cast<pb::ListValue*>(&message)) {
      bia_json_read(in, *list);
    } else if (auto* any = dynamic_cast<pb::Value*>(&message)) {
      bia_json_read(in, *any);
    } else {
      return bad(node, fmt::format("a {} of this service is written with the message's own keys",
                                   message.GetDescriptor()->name()));
    }
    Result<void> read = in.finish();
    return read.ok() ? Result<void>() : bad(node, read.error().message());
  }

  static Error wrong(const YAML::Node& node, const Field* field, std::string_view what) {
    return bad(node, fmt::format("parsing field \"{}\": {}", field->name(), what));
  }

  size_t left_ = kYamlJsonBytesMax;
  size_t merged_ = 0;
};

}  // namespace

Result<void> decode_yaml(std::string_view yaml, pb::Message& message) {
  const YAML::Node node = BIA_TRY(load_yaml(yaml));
  return YamlReader().message(node, message, 0);
}

}  // namespace bia
