#include "zelus/html/document.h"

#include <fmt/format.h>
#include <gumbo.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace zelus::html {

using bia::Code;
using bia::Error;

namespace {

constexpr std::array<std::string_view, 15> kVoid = {"area", "base",  "br",     "col",   "embed",
                                                    "hr",   "img",   "input",  "link",  "keygen",
                                                    "meta", "param", "source", "track", "wbr"};
/// HTML 13.2.4.3.
constexpr std::array<std::string_view, 14> kFormatting = {
    "a",    "b", "big",   "code",   "em",     "font", "i",
    "nobr", "s", "small", "strike", "strong", "tt",   "u"};
constexpr std::array<std::string_view, 8> kRaw = {"iframe",    "noembed", "noframes", "noscript",
                                                  "plaintext", "script",  "style",    "xmp"};

template <typename List>
bool one_of(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

void escape(std::string_view text, std::string& out) {
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\r':
        out += "&#13;";
        break;
      default:
        out += c;
    }
  }
}

/// Memory of one parse. Gumbo's own release of its tree recurses, and a page decides how deep.
class Arena {
 public:
  ~Arena() {
    for (void* block : blocks_) std::free(block);
  }
  static void* allocate(void* self, size_t bytes) {
    auto& arena = *static_cast<Arena*>(self);
    constexpr size_t kAlign = alignof(std::max_align_t);
    bytes = (bytes + kAlign - 1) & ~(kAlign - 1);
    if (bytes > arena.left_) {
      size_t block = std::max(bytes, kBlockBytes);
      void* memory = std::malloc(block);
      if (memory == nullptr) throw std::bad_alloc();
      arena.blocks_.push_back(memory);
      arena.at_ = static_cast<char*>(memory);
      arena.left_ = block;
    }
    void* out = arena.at_;
    arena.at_ += bytes;
    arena.left_ -= bytes;
    return out;
  }
  static void release(void*, void*) {}

 private:
  static constexpr size_t kBlockBytes = 64 * 1024;
  std::vector<void*> blocks_;
  char* at_ = nullptr;
  size_t left_ = 0;
};

std::string element_name(const GumboElement& element) {
  GumboStringPiece original = element.original_tag;
  if (element.tag_namespace == GUMBO_NAMESPACE_SVG && original.data != nullptr) {
    gumbo_tag_from_original_text(&original);
    if (const char* name = gumbo_normalize_svg_tagname(&original)) return name;
  }
  if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
  original = element.original_tag;
  if (original.data == nullptr) return "";
  gumbo_tag_from_original_text(&original);
  std::string name(original.data, original.length);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return name;
}

std::string doctype(const GumboDocument& document) {
  std::string text = document.name != nullptr ? document.name : "";
  std::string_view public_id = document.public_identifier ? document.public_identifier : "";
  std::string_view system_id = document.system_identifier ? document.system_identifier : "";
  if (!public_id.empty()) text += fmt::format(" PUBLIC \"{}\"", public_id);
  if (!system_id.empty())
    text += fmt::format("{} \"{}\"", public_id.empty() ? " SYSTEM" : "", system_id);
  return text;
}

}  // namespace

/// Copies Gumbo's tree into a document, without recursion.
class Builder {
 public:
  explicit Builder(Document& document) : document_(document) {}

  void build(const GumboNode& root) {
    Node& node = add(nullptr, Node::Kind::kDocument);
    const GumboDocument& document = root.v.document;
    if (document.has_doctype) {
      Node& type = add(&node, Node::Kind::kDoctype);
      type.name = doctype(document);
      type.end = type.index + 1;
    }
    open_.push_back({&node, &document.children, 0});
    while (!open_.empty()) {
      Open& top = open_.back();
      if (top.next == top.children->length) {
        top.node->end = document_.nodes_.size();
        open_.pop_back();
        continue;
      }
      take(*static_cast<const GumboNode*>(top.children->data[top.next++]), top.node);
    }
  }

 private:
  struct Open {
    Node* node;
    const GumboVector* children;
    unsigned int next;
  };

  Node& add(Node* parent, Node::Kind kind) {
    Node& node = document_.nodes_.emplace_back();
    node.kind = kind;
    node.index = document_.nodes_.size() - 1;
    node.end = node.index + 1;
    node.parent = parent;
    if (parent == nullptr) return node;
    node.previous = parent->last_child;
    if (node.previous != nullptr) {
      document_.nodes_[node.previous->index].next = &node;
    } else {
      parent->first_child = &node;
    }
    parent->last_child = &node;
    return node;
  }

  void take(const GumboNode& from, Node* parent) {
    switch (from.type) {
      case GUMBO_NODE_ELEMENT:
      case GUMBO_NODE_TEMPLATE: {
        const GumboElement& element = from.v.element;
        Node& node = add(parent, Node::Kind::kElement);
        node.name = element_name(element);
        if (element.tag_namespace == GUMBO_NAMESPACE_SVG) node.name_space = "svg";
        if (element.tag_namespace == GUMBO_NAMESPACE_MATHML) node.name_space = "math";
        for (unsigned int i = 0; i < element.attributes.length; ++i) {
          const auto& attribute = *static_cast<const GumboAttribute*>(element.attributes.data[i]);
          node.attributes.emplace_back(attribute.name, attribute.value);
        }
        // Go's parser sorts those of formatting elements, and shows them so.
        if (node.name_space.empty() && one_of(kFormatting, node.name))
          std::sort(node.attributes.begin(), node.attributes.end());
        open_.push_back({&node, &element.children, 0});
        return;
      }
      case GUMBO_NODE_COMMENT:
        add(parent, Node::Kind::kComment).text = from.v.text.text;
        return;
      case GUMBO_NODE_TEXT:
      case GUMBO_NODE_CDATA:
      case GUMBO_NODE_WHITESPACE:
        add(parent, Node::Kind::kText).text = from.v.text.text;
        return;
      case GUMBO_NODE_DOCUMENT:
        return;
    }
  }

  Document& document_;
  std::vector<Open> open_;
};

const std::string* Node::attribute(std::string_view key) const {
  for (const auto& [name_of, value] : attributes) {
    if (name_of == key) return &value;
  }
  return nullptr;
}

std::string Node::attribute_or(std::string_view key, std::string_view otherwise) const {
  const std::string* value = attribute(key);
  return value != nullptr ? *value : std::string(otherwise);
}

const Node* Node::next_element() const {
  const Node* node = next;
  while (node != nullptr && !node->is_element()) node = node->next;
  return node;
}
const Node* Node::previous_element() const {
  const Node* node = previous;
  while (node != nullptr && !node->is_element()) node = node->previous;
  return node;
}
const Node* Node::parent_element() const {
  return parent != nullptr && parent->is_element() ? parent : nullptr;
}

Result<std::shared_ptr<const Document>> Document::parse(std::string_view text,
                                                        std::string_view url) {
  if (text.size() > kBytesMax)
    return Error(
        Code::kOutOfRange, "HTML_TOO_LARGE",
        fmt::format("a page of {} bytes is not parsed; the most is {}", text.size(), kBytesMax));
  Arena arena;
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = &Arena::allocate;
  options.deallocator = &Arena::release;
  options.userdata = &arena;
  options.max_errors = 0;
  GumboOutput* output = gumbo_parse_with_options(&options, text.data(), text.size());
  std::shared_ptr<Document> document(new Document());
  document->url_ = url;
  Builder(*document).build(*output->document);
  return std::shared_ptr<const Document>(std::move(document));
}

std::string Document::text_of(const Node& node) const {
  std::string out;
  for (size_t i = node.index; i < node.end; ++i) {
    if (nodes_[i].kind == Node::Kind::kText) out += nodes_[i].text;
  }
  return out;
}

void Document::render_open(const Node& node, std::string& out) const {
  switch (node.kind) {
    case Node::Kind::kText: {
      bool raw = node.parent != nullptr && one_of(kRaw, node.parent->name);
      if (raw) {
        out += node.text;
      } else {
        escape(node.text, out);
      }
      return;
    }
    case Node::Kind::kComment:
      out += "<!--" + node.text + "-->";
      return;
    case Node::Kind::kDoctype:
      out += "<!DOCTYPE " + node.name + ">";
      return;
    case Node::Kind::kDocument:
      return;
    case Node::Kind::kElement:
      break;
  }
  out += "<" + node.name;
  for (const auto& [name, value] : node.attributes) {
    out += " " + name + "=\"";
    escape(value, out);
    out += '"';
  }
  if (one_of(kVoid, node.name)) {
    out += "/>";
    return;
  }
  out += '>';
  // The parser drops a line break that comes first in these.
  const Node* first = node.first_child;
  bool drops = node.name == "pre" || node.name == "listing" || node.name == "textarea";
  if (drops && first != nullptr && first->kind == Node::Kind::kText &&
      first->text.starts_with('\n'))
    out += '\n';
}

std::string Document::inner_html(const Node& node) const {
  std::string out;
  std::vector<const Node*> open;
  auto close_until = [&](size_t index) {
    while (!open.empty() && open.back()->end <= index) {
      out += "</" + open.back()->name + ">";
      open.pop_back();
    }
  };
  for (size_t i = node.index + 1; i < node.end; ++i) {
    close_until(i);
    const Node& at = nodes_[i];
    // As Go's Render of a child alone: what it does not see above it does not count.
    if (at.kind == Node::Kind::kText && at.parent == &node) {
      escape(at.text, out);
      continue;
    }
    render_open(at, out);
    if (at.is_element() && !one_of(kVoid, at.name)) open.push_back(&at);
  }
  close_until(node.end);
  return out;
}

}  // namespace zelus::html
