#include "bia/content/yaml_body.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <set>
#include <string_view>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "codec/yaml_check.h"
#include "codec/yaml_fault.h"
#include "codec/yaml_merge.h"

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

class JsonAppender {
 public:
  explicit JsonAppender(std::string& json) : out_(json) {}
  size_t values() const { return values_; }

  Result<void> append(const YAML::Node& node, int depth) {
    ++values_;
    if (depth > kYamlTextDepthMax) return too_deep();
    if (out_.out().size() > kYamlJsonBytesMax)
      return bad(
          fmt::format("more than {} bytes once its aliases are filled in", kYamlJsonBytesMax));
    switch (node.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        out_.null();
        return {};
      case YAML::NodeType::Scalar:
        append_scalar(node, out_);
        return {};
      case YAML::NodeType::Sequence:
        out_.begin_array();
        for (const auto& item : node) {
          out_.element();
          BIA_TRY(append(item, depth + 1));
        }
        out_.end_array();
        return {};
      case YAML::NodeType::Map: {
        out_.begin_object();
        Names seen;
        BIA_TRY(members(node, depth, seen, Keys::kOwn));
        out_.end_object();
        return {};
      }
    }
    return {};
  }

 private:
  enum class Keys : uint8_t { kOwn, kMerged };
  using Names = std::set<std::string_view>;  // The texts are the document's.

  static Error too_deep() { return bad(fmt::format("nests deeper than {}", kYamlTextDepthMax)); }
  static Error twice(const YAML::Node& key) {
    return bad(fmt::format("the key {} is there twice", key.Scalar()));
  }

  Result<void> members(const YAML::Node& node, int depth, Names& seen, Keys keys) {
    YAML::Node merge;
    bool merges = false;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) return bad("a key is no text");
      if (codec::is_yaml_merge(entry.first)) {
        if (merges) return twice(entry.first);
        merges = true;
        merge.reset(entry.second);
        continue;
      }
      if (keys == Keys::kMerged && ++merged_ > kYamlMergedKeysMax)
        return bad(fmt::format("its << bring more than {} keys", kYamlMergedKeysMax));
      if (!seen.insert(entry.first.Scalar()).second) {
        if (keys == Keys::kOwn) return twice(entry.first);
        continue;
      }
      out_.key_text(entry.first.Scalar());
      BIA_TRY(append(entry.second, depth + 1));
    }
    return merges ? take_over(merge, depth + 1, seen) : Result<void>();
  }

  Result<void> take_over(const YAML::Node& from, int depth, Names& seen) {
    if (depth > kYamlTextDepthMax) return too_deep();
    const auto maps = codec::merged_maps(from);
    if (!maps) return bad(codec::kYamlMergeRule);
    for (const YAML::Node& map : *maps) {
      // Also of one that has no keys of its own, only more to merge.
      if (++merged_ > kYamlMergedKeysMax)
        return bad(fmt::format("its << bring more than {} keys", kYamlMergedKeysMax));
      BIA_TRY(members(map, depth, seen, Keys::kMerged));
    }
    return {};
  }

  codec::JsonWriter out_;
  size_t values_ = 0;
  size_t merged_ = 0;
};

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
    codec::check_yaml(text, kYamlTextDepthMax);
    return YAML::Load(text);
  } catch (const YAML::Exception& wrong) {
    const codec::YamlFault fault = codec::explain_yaml(text, wrong);
    return bad(fmt::format("line {}: {}", fault.line, fault.what));
  }
}

Result<void> yaml_to_json(std::string_view yaml, std::string& json) {
  const YAML::Node node = BIA_TRY(load_yaml(yaml));
  BIA_TRY(yaml_to_json(node, 0, json));
  return {};
}

Result<size_t> yaml_to_json(const YAML::Node& yaml, int depth, std::string& json) {
  JsonAppender appender(json);
  BIA_TRY(appender.append(yaml, depth));
  return appender.values();
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
