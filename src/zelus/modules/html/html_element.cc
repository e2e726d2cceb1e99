// Element of k6/html: the methods that every node has, and those that read an attribute of certain
// elements.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "zelus/modules/html/html_values.h"

namespace zelus::modules {

namespace {

using html::Document;
using html::Node;
using DocumentPtr = std::shared_ptr<const Document>;

/// Null with an exception pending.
const HtmlElement* this_element(JSContext* ctx, JSValueConst self) {
  return static_cast<HtmlElement*>(JS_GetOpaque2(ctx, self, kClassHtmlElement));
}

JSValue element_list(JSContext* ctx, const DocumentPtr& document, const NodeList& nodes) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < nodes.size(); ++i)
    JS_SetPropertyUint32(ctx, list, i, new_element(ctx, document, nodes[i]));
  return list;
}

JSValue attribute_text(JSContext* ctx, const Node& node, std::string_view name) {
  return new_string(ctx, node.attribute_or(name, ""));
}

std::string node_name(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kText:
      return "#text";
    case Node::Kind::kComment:
      return "#comment";
    case Node::Kind::kDocument:
      return "#document";
    default:
      return node.name;
  }
}

std::string_view name_space_of(const Node& node) {
  if (node.name_space == "svg") return "http://www.w3.org/2000/svg";
  if (node.name_space == "math") return "http://www.w3.org/1998/Math/MathML";
  return "http://www.w3.org/1999/xhtml";
}

template <typename Step>
NodeList collect(const Node* node, Step step) {
  NodeList out;
  for (; node != nullptr; node = step(node)) out.push_back(node);
  return out;
}

NodeList child_elements(const Node& node) {
  NodeList out = collect(node.first_child, [](const Node* at) { return at->next; });
  std::erase_if(out, [](const Node* at) { return !at->is_element(); });
  return out;
}

/// What the methods of an attribute give: k6 keeps no name space with it.
JSValue attribute_part(JSContext* ctx, JSValueConst self, int, JSValueConst*, int magic) {
  if (magic == 'l') return JS_GetPropertyStr(ctx, self, "name");
  return new_string(ctx, magic == 'n' ? "http://www.w3.org/1999/xhtml" : "");
}

JSValue attribute_object(JSContext* ctx, const HtmlElement& element, const std::string& name,
                         const std::string& value) {
  JSValue object = JS_NewObject(ctx);
  for (const char* part : {"localName", "namespaceURI", "prefix"})
    define(ctx, object, part,
           JS_NewCFunctionMagic(ctx, attribute_part, part, 0, JS_CFUNC_generic_magic, part[0]));
  define(ctx, object, "owner_element", new_element(ctx, element.document, element.node));
  define(ctx, object, "name", new_string(ctx, name));
  define(ctx, object, "value", new_string(ctx, value));
  return object;
}

/// What a method without arguments gives.
enum class Read {
  kNodeName,
  kNodeType,
  kNodeValue,
  kId,
  kClassName,
  kClassList,
  kLang,
  kInnerHtml,
  kTextContent,
  kAttributes,
  kHasAttributes,
  kHasChildNodes,
  kChildElementCount,
  kChildNodes,
  kChildren,
  kFirstChild,
  kLastChild,
  kFirstElementChild,
  kLastElementChild,
  kNextSibling,
  kPreviousSibling,
  kNextElementSibling,
  kPreviousElementSibling,
  kParentNode,
  kParentElement,
  kOwnerDocument,
  kNamespaceUri,
  kIsDefaultNamespace,
  kSelection,
  kToString,
};

JSValue class_list(JSContext* ctx, const Node& node) {
  JSValue list = JS_NewArray(ctx);
  std::string all = node.attribute_or("class", "");
  uint32_t index = 0;
  for (size_t at = 0; (at = all.find_first_not_of(" \t\r\n\f", at)) != std::string::npos;) {
    size_t end = std::min(all.find_first_of(" \t\r\n\f", at), all.size());
    JS_SetPropertyUint32(ctx, list, index++, new_string(ctx, all.substr(at, end - at)));
    at = end;
  }
  return list;
}

JSValue read_family(JSContext* ctx, const HtmlElement& element, Read what) {
  const Node& node = *element.node;
  auto one = [&](const Node* at) { return new_element(ctx, element.document, at); };
  switch (what) {
    case Read::kChildElementCount:
      return JS_NewInt64(ctx, static_cast<int64_t>(child_elements(node).size()));
    case Read::kChildNodes:
      return element_list(ctx, element.document,
                          collect(node.first_child, [](const Node* at) { return at->next; }));
    case Read::kChildren:
      return element_list(ctx, element.document, child_elements(node));
    case Read::kFirstChild:
      return one(node.first_child);
    case Read::kLastChild:
      return one(node.last_child);
    case Read::kFirstElementChild: {
      NodeList all = child_elements(node);
      return one(all.empty() ? nullptr : all.front());
    }
    case Read::kLastElementChild: {
      NodeList all = child_elements(node);
      return one(all.empty() ? nullptr : all.back());
    }
    case Read::kNextSibling:
      return one(node.next);
    case Read::kPreviousSibling:
      return one(node.previous);
    case Read::kNextElementSibling:
      return one(node.next_element());
    case Read::kPreviousElementSibling:
      return one(node.previous_element());
    case Read::kParentNode:
      return one(node.parent);
    case Read::kParentElement:
      return one(node.parent_element());
    default:
      return one(&element.document->root());
  }
}

JSValue read_own(JSContext* ctx, const HtmlElement& element, Read what) {
  const Node& node = *element.node;
  switch (what) {
    case Read::kNodeName:
      return new_string(ctx, node_name(node));
    case Read::kNodeType:
      return JS_NewInt32(ctx, static_cast<int>(node.kind));
    case Read::kNodeValue:
      if (node.kind != Node::Kind::kText && node.kind != Node::Kind::kComment) return JS_UNDEFINED;
      return new_string(ctx, node.text);
    case Read::kId:
      return attribute_text(ctx, node, "id");
    case Read::kClassName:
      return node.attribute("class") != nullptr ? attribute_text(ctx, node, "class") : JS_UNDEFINED;
    case Read::kClassList:
      return class_list(ctx, node);
    case Read::kLang:
      return node.attribute_or("lang", "").empty() ? JS_UNDEFINED
                                                   : attribute_text(ctx, node, "lang");
    case Read::kInnerHtml:
      return new_string(ctx, element.document->inner_html(node));
    case Read::kTextContent:
      return new_string(ctx, element.document->text_of(node));
    case Read::kAttributes: {
      JSValue all = JS_NewObject(ctx);
      for (const auto& [name, value] : node.attributes)
        define(ctx, all, name, attribute_object(ctx, element, name, value));
      return all;
    }
    case Read::kHasAttributes:
      return JS_NewBool(ctx, !node.attributes.empty());
    case Read::kHasChildNodes:
      return JS_NewBool(ctx, node.first_child != nullptr);
    case Read::kNamespaceUri:
      return new_string(ctx, name_space_of(node));
    case Read::kIsDefaultNamespace:
      return JS_NewBool(ctx, node.name_space.empty());
    case Read::kSelection: {
      auto selection = std::make_shared<HtmlSelection>();
      selection->document = element.document;
      selection->nodes = {element.node};
      selection->url = element.document->url();
      return new_selection(ctx, std::move(selection));
    }
    case Read::kToString:
      if (node.is_element()) return new_string(ctx, "[object html.Node]");
      return new_string(ctx, fmt::format("[object {}]", node_name(node)));
    default:
      return read_family(ctx, element, what);
  }
}

JSValue read(JSContext* ctx, JSValueConst self, int, JSValueConst*, int magic) {
  const HtmlElement* element = this_element(ctx, self);
  return element ? read_own(ctx, *element, static_cast<Read>(magic)) : JS_EXCEPTION;
}

constexpr std::pair<const char*, Read> kReads[] = {
    {"nodeName", Read::kNodeName},
    {"nodeType", Read::kNodeType},
    {"nodeValue", Read::kNodeValue},
    {"id", Read::kId},
    {"className", Read::kClassName},
    {"classList", Read::kClassList},
    {"lang", Read::kLang},
    {"innerHTML", Read::kInnerHtml},
    {"textContent", Read::kTextContent},
    {"attributes", Read::kAttributes},
    {"hasAttributes", Read::kHasAttributes},
    {"hasChildNodes", Read::kHasChildNodes},
    {"childElementCount", Read::kChildElementCount},
    {"childNodes", Read::kChildNodes},
    {"children", Read::kChildren},
    {"firstChild", Read::kFirstChild},
    {"lastChild", Read::kLastChild},
    {"firstElementChild", Read::kFirstElementChild},
    {"lastElementChild", Read::kLastElementChild},
    {"nextSibling", Read::kNextSibling},
    {"previousSibling", Read::kPreviousSibling},
    {"nextElementSibling", Read::kNextElementSibling},
    {"previousElementSibling", Read::kPreviousElementSibling},
    {"parentNode", Read::kParentNode},
    {"parentElement", Read::kParentElement},
    {"ownerDocument", Read::kOwnerDocument},
    {"namespaceURI", Read::kNamespaceUri},
    {"isDefaultNamespace", Read::kIsDefaultNamespace},
    {"selection", Read::kSelection},
    {"toString", Read::kToString},
};

JSValue get_attribute(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  if (!element) return JS_EXCEPTION;
  const std::string* value = element->node->attribute(to_text(ctx, argument(argc, argv, 0)));
  return value != nullptr ? new_string(ctx, *value) : JS_UNDEFINED;
}
JSValue get_attribute_node(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  if (!element) return JS_EXCEPTION;
  std::string name = to_text(ctx, argument(argc, argv, 0));
  const std::string* value = element->node->attribute(name);
  return value != nullptr ? attribute_object(ctx, *element, name, *value) : JS_UNDEFINED;
}
JSValue has_attribute(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  if (!element) return JS_EXCEPTION;
  return JS_NewBool(ctx,
                    element->node->attribute(to_text(ctx, argument(argc, argv, 0))) != nullptr);
}

/// The descendants that a selector text is for; false with an exception pending.
bool query(JSContext* ctx, const HtmlElement& element, JSValueConst selector, NodeList& out) {
  NodeChoice choice;
  if (!choice.read(ctx, selector)) return false;
  out = choice.find(*element.document, *element.node);
  return true;
}

JSValue query_selector(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  NodeList found;
  if (!element || !query(ctx, *element, argument(argc, argv, 0), found)) return JS_EXCEPTION;
  return new_element(ctx, element->document, found.empty() ? nullptr : found.front());
}
JSValue query_selector_all(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  NodeList found;
  if (!element || !query(ctx, *element, argument(argc, argv, 0), found)) return JS_EXCEPTION;
  return element_list(ctx, element->document, found);
}
template <char before>
JSValue by_name(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  std::string selector = to_text(ctx, argument(argc, argv, 0));
  if (before != '\0') selector.insert(selector.begin(), before);
  Value text(ctx, new_string(ctx, selector));
  NodeList found;
  if (!element || !query(ctx, *element, text.get(), found)) return JS_EXCEPTION;
  return element_list(ctx, element->document, found);
}
JSValue matches(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  const HtmlElement* element = this_element(ctx, self);
  NodeChoice choice;
  if (!element || !choice.read(ctx, argument(argc, argv, 0))) return JS_EXCEPTION;
  return JS_NewBool(ctx, choice.contains(*element->document, *element->node));
}

template <typename Compare>
JSValue compare(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv, Compare with) {
  const HtmlElement* element = this_element(ctx, self);
  if (!element) return JS_EXCEPTION;
  const HtmlElement* other = element_in(argument(argc, argv, 0));
  return JS_NewBool(ctx, other != nullptr && with(*element, *other));
}
JSValue contains(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return compare(ctx, self, argc, argv, [](const HtmlElement& a, const HtmlElement& b) {
    return a.document == b.document && b.node->index > a.node->index && b.node->index < a.node->end;
  });
}
JSValue is_same_node(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return compare(ctx, self, argc, argv,
                 [](const HtmlElement& a, const HtmlElement& b) { return a.node == b.node; });
}
JSValue is_equal_node(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  return compare(ctx, self, argc, argv, [](const HtmlElement& a, const HtmlElement& b) {
    return node_name(*a.node) == node_name(*b.node) && a.node->text == b.node->text &&
           a.node->attributes == b.node->attributes &&
           a.document->inner_html(*a.node) == b.document->inner_html(*b.node);
  });
}

}  // namespace

void define_tag_methods(JSContext* ctx, JSValueConst object, const Node& node);

JSValue new_element(JSContext* ctx, const DocumentPtr& document, const Node* node) {
  if (node == nullptr) return JS_UNDEFINED;
  JSValue object = JS_NewObjectClass(ctx, kClassHtmlElement);
  if (JS_IsException(object)) return object;
  JS_SetOpaque(object, new HtmlElement{document, node});
  if (node->is_element()) define_tag_methods(ctx, object, *node);
  return object;
}

void define_element_class(JSContext* ctx) {
  JSValue prototype = JS_NewObject(ctx);
  for (const auto& [name, what] : kReads)
    define(
        ctx, prototype, name,
        JS_NewCFunctionMagic(ctx, read, name, 0, JS_CFUNC_generic_magic, static_cast<int>(what)));
  define_functions(ctx, prototype,
                   {{"contains", contains, 1},
                    {"getAttribute", get_attribute, 1},
                    {"getAttributeNode", get_attribute_node, 1},
                    {"getElementsByClassName", by_name<'.'>, 1},
                    {"getElementsByTagName", by_name<'\0'>, 1},
                    {"hasAttribute", has_attribute, 1},
                    {"isEqualNode", is_equal_node, 1},
                    {"isSameNode", is_same_node, 1},
                    {"matches", matches, 1},
                    {"querySelector", query_selector, 1},
                    {"querySelectorAll", query_selector_all, 1}});
  JS_SetClassProto(ctx, kClassHtmlElement, prototype);
}

}  // namespace zelus::modules
