// JSON configuration, by RapidJSON's events: each value's place in the file is what DOMs do not
// keep.
#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <vector>

#include "bia/config/config_node.h"

namespace bia::config_detail {
namespace {

using Node = Config::Node;

/// Builds nodes; the stack holds the containers that are open. Never throws.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  Builder(const rapidjson::MemoryStream& stream, std::string_view text, std::string_view name)
      : stream_(stream), text_(text), file_(std::make_shared<const std::string>(name)) {
    root_.file = file_;
    root_.line = 1;
  }

  bool Null() { return put(make(Node::Kind::kNull)); }
  bool Bool(bool value) { return scalar(value ? "true" : "false", false); }
  bool RawNumber(const char* text, rapidjson::SizeType size, bool) {
    return scalar({text, size}, false);
  }
  bool String(const char* text, rapidjson::SizeType size, bool) {
    return scalar({text, size}, true);
  }
  bool StartObject() { return open(Node::Kind::kMap); }
  bool StartArray() { return open(Node::Kind::kList); }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  bool Key(const char* text, rapidjson::SizeType size, bool) {
    Open& top = open_.back();
    top.key.assign(text, size);
    top.key_line = line();
    if (!top.node.child(top.key)) return true;
    return fail(fmt::format("the key {} is there twice", top.key));
  }

  Node take() { return std::move(root_); }
  const std::string& why() const { return why_; }
  int line() {
    const size_t at = std::min(stream_.Tell(), text_.size());
    for (; seen_ < at; ++seen_) line_ += text_[seen_] == '\n';
    return line_;
  }

 private:
  struct Open {
    Node node;
    std::string key;
    int key_line = 0;
  };

  Node make(Node::Kind kind) {
    Node node;
    node.kind = kind;
    node.file = file_;
    node.line = open_.empty() || open_.back().node.kind == Node::Kind::kList
                    ? line()
                    : open_.back().key_line;
    return node;
  }
  bool fail(std::string why) {
    why_ = std::move(why);
    return false;
  }
  bool scalar(std::string_view text, bool quoted) {
    Node node = make(Node::Kind::kScalar);
    node.text = text;
    node.quoted = quoted;
    return put(std::move(node));
  }
  bool put(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (open_.back().node.kind == Node::Kind::kMap) {
      open_.back().node.map.emplace_back(std::move(open_.back().key), std::move(node));
    } else {
      open_.back().node.list.push_back(std::move(node));
    }
    return true;
  }
  bool open(Node::Kind kind) {
    if (open_.size() >= kDepthMax) return fail(fmt::format("nested deeper than {}", kDepthMax));
    Node node = make(kind);
    open_.push_back({std::move(node), {}, 0});
    return true;
  }
  bool close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    return put(std::move(node));
  }

  const rapidjson::MemoryStream& stream_;
  std::string_view text_;
  std::shared_ptr<const std::string> file_;
  std::vector<Open> open_;
  Node root_;
  std::string why_;
  size_t seen_ = 0;
  int line_ = 1;
};

}  // namespace

Result<Node> parse_json(std::string_view json, std::string_view name) {
  rapidjson::MemoryStream stream(json.data(), json.size());
  Builder builder(stream, json, name);
  rapidjson::Reader reader;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag |
                              rapidjson::kParseNumbersAsStringsFlag |
                              rapidjson::kParseValidateEncodingFlag;
  const rapidjson::ParseResult parsed = reader.Parse<kFlags>(stream, builder);
  if (parsed.IsError()) {
    const std::string what = builder.why().empty()
                                 ? std::string(rapidjson::GetParseError_En(parsed.Code()))
                                 : builder.why();
    const auto line =
        1 +
        std::count(json.begin(), json.begin() + long(std::min(parsed.Offset(), json.size())), '\n');
    return Error(Code::kInvalidArgument, "CONFIG", fmt::format("{}:{}: {}", name, line, what));
  }
  Node node = builder.take();
  if (node.kind != Node::Kind::kMap)
    return error_at(node, "expected an object, like {\"server\": {}}");
  return node;
}

}  // namespace bia::config_detail
