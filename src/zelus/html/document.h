#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace zelus::html {

using bia::Result;

/// A node of a parsed page. Lives as long as its document; not changed after parsing.
struct Node {
  /// The numbers are the DOM's nodeType.
  enum class Kind : uint8_t { kElement = 1, kText = 3, kComment = 8, kDocument = 9, kDoctype = 10 };
  Kind kind = Kind::kElement;
  std::string name;  ///< of an element, lower case but in SVG; of a doctype all after "<!DOCTYPE "
  std::string text;  ///< of a text or a comment
  std::string_view name_space;  ///< "", "svg" or "math"
  std::vector<std::pair<std::string, std::string>> attributes;
  const Node* parent = nullptr;
  const Node* previous = nullptr;  ///< siblings, texts and comments among them
  const Node* next = nullptr;
  const Node* first_child = nullptr;
  const Node* last_child = nullptr;
  size_t index = 0;  ///< in the document's order
  size_t end = 0;    ///< the index after the last descendant

  bool is_element() const { return kind == Kind::kElement; }
  bool is(std::string_view tag) const { return is_element() && name == tag; }
  /// Null where it has none.
  const std::string* attribute(std::string_view key) const;
  std::string attribute_or(std::string_view key, std::string_view otherwise) const;
  const Node* next_element() const;
  const Node* previous_element() const;
  const Node* parent_element() const;
};

/// A page as browsers read it (HTML5's rules, as Go's net/html): html, head and body are there even
/// where the text has none.
class Document {
 public:
  static constexpr size_t kBytesMax = 64 << 20;
  /// `url`: where the page is from, which its links are relative to; empty: nowhere. Errors:
  /// kOutOfRange above kBytesMax.
  static Result<std::shared_ptr<const Document>> parse(std::string_view text,
                                                       std::string_view url = "");

  const std::string& url() const { return url_; }

  /// The document node.
  const Node& root() const { return nodes_.front(); }
  const Node& at(size_t index) const { return nodes_[index]; }
  size_t size() const { return nodes_.size(); }

  /// The texts of a node and all below it.
  std::string text_of(const Node& node) const;
  /// What is inside it, written as Go's html.Render does.
  std::string inner_html(const Node& node) const;

 private:
  Document() = default;
  friend class Builder;
  void render_open(const Node& node, std::string& out) const;
  std::deque<Node> nodes_;
  std::string url_;
};

}  // namespace zelus::html
