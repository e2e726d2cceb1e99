#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zelus/html/document.h"
#include "zelus/html/selector.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

using NodeList = std::vector<const html::Node*>;

/// What a Selection of k6/html holds. Shared by the JavaScript objects that show it.
struct HtmlSelection {
  std::shared_ptr<const html::Document> document;
  NodeList nodes;
  std::string url;
  /// What end() goes back to.
  std::shared_ptr<const HtmlSelection> previous;
  int depth = 0;
};
using SelectionPtr = std::shared_ptr<const HtmlSelection>;

/// An Element of k6/html.
struct HtmlElement {
  std::shared_ptr<const html::Document> document;
  const html::Node* node = nullptr;
};

/// The page as a Selection of its document. Throws where it is too large.
JSValue parse_html(JSContext* ctx, std::string_view text, std::string_view url);
JSValue new_selection(JSContext* ctx, SelectionPtr selection);
/// One that goes back to `from`.
JSValue derived_selection(JSContext* ctx, const SelectionPtr& from, NodeList nodes);
/// Null with an exception pending.
SelectionPtr this_selection(JSContext* ctx, JSValueConst self);
/// Null where the value is no Selection.
SelectionPtr selection_in(JSValueConst value);

/// `undefined` for null.
JSValue new_element(JSContext* ctx, const std::shared_ptr<const html::Document>& document,
                    const html::Node* node);
/// Null where the value is no Element.
const HtmlElement* element_in(JSValueConst value);

/// What chooses nodes: a selector's text, a Selection or an Element.
class NodeChoice {
 public:
  /// False with an exception pending. What is no selector chooses nothing, as in k6.
  bool read(JSContext* ctx, JSValueConst value);
  bool contains(const html::Document& document, const html::Node& node) const;
  /// Descendants of `scope`.
  NodeList find(const html::Document& document, const html::Node& scope) const;

 private:
  std::shared_ptr<const html::Selector> selector_;
  SelectionPtr selection_;
};

/// A field's value, or `undefined`.
JSValue field_value_of(JSContext* ctx, const html::Document& document, const html::Node& node);

/// parts of the prototype of Selection
void define_selection_walks(JSContext* ctx, JSValueConst prototype);
void define_selection_values(JSContext* ctx, JSValueConst prototype);
void define_element_class(JSContext* ctx);
void register_html_classes(JSRuntime* rt);
/// Once a context, before the first Selection.
void define_html_classes(JSContext* ctx);

}  // namespace zelus::modules
