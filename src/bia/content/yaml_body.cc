#include "bia/content/yaml_body.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <set>
#include <string_view>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/content/yaml_check.h"

namespace bia {
namespace {

Error bad(std::string_view what) {
  return Error(Code::kInvalidArgument, "CODEC", fmt::format("yaml: {}", what));
}

void append_scalar(const YAML::Node& node, codec::JsonWriter& out) {
  const std::string& text = node.Scalar();
  if (node.Tag() != "!") {
    for (std::string_view word : {"null", "Null", "NULL", "~", ""}) {
      if (text == word) return out.null();
    }
    for (std::string_view word : {"true", "True", "TRUE"}) {
      if (text == word) return out.boolean(true);
    }
    for (std::string_view word : {"false", "False", "FALSE"}) {
      if (text == word) return out.boolean(false);
    }
    codec::JsonReader number(text);
    if (number.peek() == codec::JsonSource::Kind::kNumber && number.raw().size() == text.size())
      return out.raw(text);
  }
  out.string(text);
}

Result<void> append_json(const YAML::Node& node, int depth, size_t& values,
                         codec::JsonWriter& out) {
  ++values;
  if (depth > kYamlTextDepthMax) return bad(fmt::format("nests deeper than {}", kYamlTextDepthMax));
  if (out.out().size() > kYamlJsonBytesMax)
    return bad(fmt::format("more than {} bytes once its aliases are filled in", kYamlJsonBytesMax));
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      out.null();
      return {};
    case YAML::NodeType::Scalar:
      append_scalar(node, out);
      return {};
    case YAML::NodeType::Sequence:
      out.begin_array();
      for (const auto& item : node) {
        out.element();
        BIA_TRY(append_json(item, depth + 1, values, out));
      }
      out.end_array();
      return {};
    case YAML::NodeType::Map: {
      out.begin_object();
      std::set<std::string_view> seen;  // The texts are the document's.
      for (const auto& entry : node) {
        if (!entry.first.IsScalar()) return bad("a key is no text");
        if (!seen.insert(entry.first.Scalar()).second)
          return bad(fmt::format("the key {} is there twice", entry.first.Scalar()));
        out.key_text(entry.first.Scalar());
        BIA_TRY(append_json(entry.second, depth + 1, values, out));
      }
      out.end_object();
      return {};
    }
  }
  return {};
}

/// Writes what `in` comes to next. `indent` is where a block that begins on a new line stands.
class YamlWriter {
 public:
  YamlWriter(std::string_view json, std::string& out) : in_(json), out_(out) {}

  void value(size_t indent, bool after_dash) {
    using Kind = codec::JsonSource::Kind;
    std::string_view text;
    switch (in_.peek()) {
      case Kind::kObject:
        in_.enter_object();
        return members(indent, after_dash);
      case Kind::kArray:
        in_.enter_array();
        return items(indent, after_dash);
      case Kind::kFailed:
        return;
      default:
        // JSON's scalars are YAML's.
        in_.take_raw(text);
        out_ += ' ';
        out_ += text;
        out_ += '\n';
    }
  }

 private:
  void begin_line(bool& fresh, size_t indent, bool after_dash) {
    if (fresh && after_dash) {
      out_ += ' ';
    } else {
      if (fresh && !out_.empty() && out_.back() != '\n') out_ += '\n';
      out_.append(indent, ' ');
    }
    fresh = false;
  }

  void members(size_t indent, bool after_dash) {
    bool fresh = true;
    std::string_view name;
    while (in_.next_field(name)) {
      begin_line(fresh, indent, after_dash);
      std::string key;
      codec::append_json_string(key, name);
      append_yaml_key(out_, key, indent);
      value(indent + 2, false);
    }
    if (fresh) out_ += " {}\n";
  }

  void items(size_t indent, bool after_dash) {
    bool fresh = true;
    while (in_.next_element()) {
      begin_line(fresh, indent, after_dash);
      out_ += '-';
      value(indent + 2, true);
    }
    if (fresh) out_ += " []\n";
  }

  codec::JsonReader in_;
  std::string& out_;
};

}  // namespace

Result<YAML::Node> load_yaml(std::string_view yaml) {
  const std::string text(yaml);
  // yaml-cpp reports by exceptions; none leaves this function.
  try {
    check_yaml(text, kYamlTextDepthMax);
    return YAML::Load(text);
  } catch (const YAML::Exception& wrong) {
    return bad(wrong.what());
  }
}

Result<void> yaml_to_json(std::string_view yaml, std::string& json) {
  const YAML::Node node = BIA_TRY(load_yaml(yaml));
  BIA_TRY(yaml_to_json(node, 0, json));
  return {};
}

Result<size_t> yaml_to_json(const YAML::Node& yaml, int depth, std::string& json) {
  codec::JsonWriter out(json);
  size_t values = 0;
  BIA_TRY(append_json(yaml, depth, values, out));
  return values;
}

void append_yaml_key(std::string& out, std::string_view key, size_t indent) {
  constexpr size_t kBeforeColonMax = 128;
  if (key.size() > kBeforeColonMax) {
    out.append("? ").append(key).append(1, '\n').append(indent, ' ');
  } else {
    out += key;
  }
  out += ':';
}

void json_to_yaml(std::string_view json, std::string& yaml) {
  std::string text;
  YamlWriter(json, text).value(0, false);
  // A scalar alone comes with the space that follows a key.
  yaml += text.starts_with(' ') ? std::string_view(text).substr(1) : std::string_view(text);
}

}  // namespace bia
