// Methods that only elements of certain names have: most show an attribute (parity/k6.md 5.3).
#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "zelus/metrics/go_float.h"
#include "zelus/modules/html/html_link.h"
#include "zelus/modules/html/html_tag_table.h"
#include "zelus/modules/html/html_values.h"

namespace zelus::modules {

namespace {

using html::Node;

bool is_one_of(const Node& node, std::string_view tags) {
  return node.is_element() && tags.find(" " + node.name + " ") != std::string_view::npos;
}

NodeList named(const html::Document& document, const Node& scope, std::string_view tags) {
  NodeList out;
  for (size_t i = scope.index + 1; i < scope.end; ++i) {
    if (is_one_of(document.at(i), tags)) out.push_back(&document.at(i));
  }
  return out;
}

const Node* above(const Node& node, std::string_view tags) {
  const Node* at = node.parent_element();
  while (at != nullptr && !is_one_of(*at, tags)) at = at->parent_element();
  return at;
}

/// The first of the page with that attribute, and one of the names, if any are given.
const Node* with_attribute(const html::Document& document, std::string_view tags,
                           std::string_view name, std::string_view value) {
  for (size_t i = 0; i < document.size(); ++i) {
    const Node& at = document.at(i);
    if (!at.is_element() || (!tags.empty() && !is_one_of(at, tags))) continue;
    const std::string* own = at.attribute(name);
    if (own != nullptr && *own == value) return &at;
  }
  return nullptr;
}

/// The form that a field is in, or that its attribute `form` names.
const Node* form_of(const html::Document& document, const Node& node) {
  if (const Node* form = above(node, " form ")) return form;
  const std::string id = node.attribute_or("form", "");
  return id.empty() ? nullptr : with_attribute(document, "", "id", id);
}

JSValue elements(JSContext* ctx, const HtmlElement& element, const NodeList& nodes) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < nodes.size(); ++i)
    JS_SetPropertyUint32(ctx, list, i, new_element(ctx, element.document, nodes[i]));
  return list;
}

/// One of `choices` ("a|b|c"); null where it is none of them.
const char* find_choice(std::string_view choices, std::string_view value, std::string& out) {
  for (;;) {
    const size_t bar = std::min(choices.find('|'), choices.size());
    if (choices.substr(0, bar) == value) {
      out = value;
      return out.c_str();
    }
    if (bar == choices.size()) return nullptr;
    choices.remove_prefix(bar + 1);
  }
}

JSValue choose(JSContext* ctx, std::string_view choices, std::string_view value) {
  std::string out;
  if (find_choice(choices, value, out) == nullptr) out = choices.substr(0, choices.find('|'));
  return new_string(ctx, out);
}

int64_t number_of(const std::string* text, std::string_view otherwise) {
  int64_t number = 0;
  auto whole = [&](std::string_view digits) {
    auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return failed == std::errc() && end == digits.data() + digits.size();
  };
  if (text == nullptr || !whole(*text)) whole(otherwise);
  return number;
}

JSValue words(JSContext* ctx, std::string_view text) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; !text.empty(); ++i) {
    const size_t end = std::min(text.find(' '), text.size());
    JS_SetPropertyUint32(ctx, list, i, new_string(ctx, text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return list;
}

JSValue of_select(JSContext* ctx, const HtmlElement& element, Kind kind) {
  NodeList options = named(*element.document, *element.node, " option ");
  NodeList chosen = options;
  std::erase_if(chosen, [](const Node* at) { return at->attribute("selected") == nullptr; });
  const bool many = element.node->attribute("multiple") != nullptr;
  switch (kind) {
    case Kind::kOptions:
      return elements(ctx, element, options);
    case Kind::kChosen:
      return elements(ctx, element, chosen);
    case Kind::kOptionCount:
      return JS_NewInt64(ctx, static_cast<int64_t>(options.size()));
    case Kind::kSelectSize:
      return JS_NewInt32(ctx, many ? 4 : 1);
    case Kind::kSelectType:
      return new_string(ctx, many ? "select-multiple" : "select");
    case Kind::kChosenValue:
      return chosen.empty() ? new_string(ctx, "")
                            : field_value_of(ctx, *element.document, *chosen.front());
    default:
      break;
  }
  if (chosen.empty()) return JS_NewInt32(ctx, -1);
  return JS_NewInt64(ctx,
                     std::find(options.begin(), options.end(), chosen.front()) - options.begin());
}

/// Among those of `tags` below the next of `scopes` above; `otherwise` where there is none.
JSValue index_in(JSContext* ctx, const HtmlElement& element, std::string_view scopes,
                 std::string_view tags, int otherwise) {
  const Node* scope = above(*element.node, scopes);
  if (scope == nullptr) return JS_NewInt32(ctx, otherwise);
  NodeList all = named(*element.document, *scope, tags);
  return JS_NewInt64(ctx, std::find(all.begin(), all.end(), element.node) - all.begin());
}

JSValue of_option(JSContext* ctx, const HtmlElement& element, Kind kind) {
  const Node& node = *element.node;
  if (kind == Kind::kOptionIndex) return index_in(ctx, element, " select datalist ", " option ", 0);
  if (kind == Kind::kOptionLabel) {
    const std::string* label = node.attribute("label");
    return new_string(ctx, label != nullptr ? *label : element.document->text_of(node));
  }
  const Node* group = above(node, " optgroup ");
  return JS_NewBool(ctx, node.attribute("disabled") != nullptr ||
                             (group != nullptr && group->attribute("disabled") != nullptr));
}

JSValue link_part(JSContext* ctx, const HtmlElement& element, std::string_view part) {
  const std::string* href = element.node->attribute("href");
  HtmlLink link;
  if (href != nullptr)
    link = parse_html_link(resolve_html_link(element.document->url(), *href)).value_or(HtmlLink());
  auto marked = [](char mark, const std::string& text) { return text.empty() ? "" : mark + text; };
  std::string out;
  if (part == "hash") out = marked('#', link.fragment);
  if (part == "host") {
    const bool usual = (link.scheme == "http" && link.port() == "80") ||
                       (link.scheme == "https" && link.port() == "443") ||
                       (link.scheme == "ftp" && link.port() == "21");
    out = usual ? link.hostname() : link.host;
  }
  if (part == "hostname") out = link.hostname();
  if (part == "origin" && !link.scheme.empty())
    out = link.scheme == "file" ? resolve_html_link(element.document->url(), *href)
                                : link.scheme + "://" + link.host;
  if (part == "password") out = link.password;
  if (part == "pathname") out = link.path;
  if (part == "port") out = link.port();
  if (part == "protocol") out = link.scheme.empty() ? ":" : link.scheme;
  if (part == "search") out = marked('?', link.query);
  if (part == "username") out = link.user;
  return new_string(ctx, out);
}

/// `form…` of a field, else the attribute of its form.
JSValue of_form(JSContext* ctx, const HtmlElement& element, const Method& method) {
  const std::string* value = element.node->attribute(std::string("form") + method.attribute);
  if (value == nullptr) {
    const Node* form = form_of(*element.document, *element.node);
    if (form != nullptr) value = form->attribute(method.attribute);
  }
  if (method.kind == Kind::kFormFlag) return JS_NewBool(ctx, value != nullptr);
  std::string text = value != nullptr ? *value : "";
  if (std::string_view(method.attribute) == "method") text = bia::lower_case(text);
  if (method.kind == Kind::kFormUrl) {
    const std::string& page = element.document->url();
    return new_string(ctx, text.empty() ? page : resolve_html_link(page, text));
  }
  return *method.otherwise == '\0' ? new_string(ctx, text) : choose(ctx, method.otherwise, text);
}

JSValue labels(JSContext* ctx, const HtmlElement& element) {
  NodeList out;
  if (const Node* around = above(*element.node, " label ")) out.push_back(around);
  const std::string id = element.node->attribute_or("id", "");
  for (size_t i = 0; !id.empty() && i < element.document->size(); ++i) {
    const Node& at = element.document->at(i);
    if (at.is("label") && at.attribute_or("for", "") == id && (out.empty() || out.front() != &at))
      out.push_back(&at);
  }
  return elements(ctx, element, out);
}

/// Elements that others name.
JSValue referred(JSContext* ctx, const HtmlElement& element, Kind kind) {
  const Node& node = *element.node;
  const html::Document& document = *element.document;
  if (kind == Kind::kControl) {
    const std::string* id = node.attribute("for");
    return new_element(ctx, element.document,
                       id != nullptr ? with_attribute(document, "", "id", *id) : nullptr);
  }
  if (kind == Kind::kList) {
    const std::string id = node.attribute_or("list", "");
    const std::string type = " " + node.attribute_or("type", "") + " ";
    const bool none =
        id.empty() || std::string_view(" hidden checkbox radio file button ").find(type) !=
                          std::string_view::npos;
    return new_element(ctx, element.document,
                       none ? nullptr : with_attribute(document, " datalist ", "id", id));
  }
  NodeList images;  // of a map; k6 goes by its id alone
  const std::string* id = node.attribute("id");
  for (size_t i = 0; id != nullptr && i < document.size(); ++i) {
    const Node& at = document.at(i);
    if (is_one_of(at, " img object ") && at.attribute_or("usemap", "") == "#" + *id)
      images.push_back(&at);
  }
  return elements(ctx, element, images);
}

JSValue of_progress(JSContext* ctx, const Node& node, const Method& method) {
  auto read = [&](const char* name, double otherwise) {
    const std::string* text = node.attribute(name);
    if (text == nullptr) return otherwise;
    auto number = metrics::parse_go_float(*text);
    return number && *number >= 0 ? *number : otherwise;
  };
  const double max = read("max", 1);
  if (method.kind == Kind::kLargest) return JS_NewFloat64(ctx, max);
  const double value = read("value", -1);
  return JS_NewFloat64(
      ctx, value < 0 ? static_cast<double>(number_of(nullptr, method.otherwise)) : value / max);
}

constexpr std::string_view kFieldTags = " button fieldset input select textarea ";

JSValue call_attribute(JSContext* ctx, const HtmlElement& element, const Method& method) {
  const Node& node = *element.node;
  const std::string* own = node.attribute(method.attribute);
  switch (method.kind) {
    case Kind::kFlag:
      return JS_NewBool(ctx, own != nullptr);
    case Kind::kNumber:
      return JS_NewInt64(ctx, number_of(own, method.otherwise));
    case Kind::kUrl:
      if (own == nullptr) return new_string(ctx, node.is("base") ? element.document->url() : "");
      return new_string(ctx, resolve_html_link(element.document->url(), *own));
    case Kind::kWords:
      return words(ctx, own != nullptr ? std::string_view(*own) : std::string_view());
    case Kind::kEnum:
      return choose(ctx, method.otherwise, own != nullptr ? *own : "");
    case Kind::kNullableEnum: {
      std::string out;
      const char* found = own != nullptr ? find_choice(method.otherwise, *own, out) : nullptr;
      return found != nullptr ? new_string(ctx, found) : JS_UNDEFINED;
    }
    case Kind::kConstant:
      return new_string(ctx, method.attribute);
    default:
      return new_string(ctx, own != nullptr && (!own->empty() || *method.otherwise == '\0')
                                 ? std::string_view(*own)
                                 : std::string_view(method.otherwise));
  }
}

JSValue call_tree(JSContext* ctx, const HtmlElement& element, const Method& method) {
  const Node& node = *element.node;
  const html::Document& document = *element.document;
  switch (method.kind) {
    case Kind::kContent:
      return new_string(ctx, document.text_of(node));
    case Kind::kForm:
      return new_element(ctx, element.document, form_of(document, node));
    case Kind::kFields: {
      const std::string_view tags = node.is("form") ? kFieldTags : " button input select textarea ";
      return elements(ctx, element, named(document, node, tags));
    }
    case Kind::kFieldCount:
      return JS_NewInt64(ctx, static_cast<int64_t>(named(document, node, kFieldTags).size()));
    case Kind::kFieldValue: {
      const std::string* value = node.attribute("value");
      return new_string(ctx, value != nullptr ? *value : document.inner_html(node));
    }
    case Kind::kBelow:
      return elements(ctx, element, named(document, node, method.otherwise));
    case Kind::kChild: {
      const Node* at = node.first_child;
      while (at != nullptr && !at->is(method.otherwise)) at = at->next;
      return new_element(ctx, element.document, at);
    }
    case Kind::kIndexIn:
      return index_in(ctx, element, method.otherwise, method.attribute, -1);
    case Kind::kSpan:
      return JS_NewInt64(ctx, std::max<int64_t>(1, number_of(node.attribute("span"), "1")));
    default:
      return JS_UNDEFINED;
  }
}

JSValue call(JSContext* ctx, JSValueConst self, int, JSValueConst*, int magic) {
  const HtmlElement* element = element_in(self);
  if (element == nullptr) return throw_type_error(ctx, "Value of this must be an Element");
  const Method& method = kMethods[magic];
  switch (method.kind) {
    case Kind::kOptions:
    case Kind::kChosen:
    case Kind::kOptionCount:
    case Kind::kChosenIndex:
    case Kind::kChosenValue:
    case Kind::kSelectSize:
    case Kind::kSelectType:
      return of_select(ctx, *element, method.kind);
    case Kind::kOptionIndex:
    case Kind::kOptionDisabled:
    case Kind::kOptionLabel:
      return of_option(ctx, *element, method.kind);
    case Kind::kFormText:
    case Kind::kFormFlag:
    case Kind::kFormUrl:
      return of_form(ctx, *element, method);
    case Kind::kControl:
    case Kind::kList:
    case Kind::kImages:
      return referred(ctx, *element, method.kind);
    case Kind::kLabels:
      return labels(ctx, *element);
    case Kind::kLink:
      return link_part(ctx, *element, method.attribute);
    case Kind::kShare:
    case Kind::kLargest:
      return of_progress(ctx, *element->node, method);
    default:
      break;
  }
  return method.kind < Kind::kContent ? call_attribute(ctx, *element, method)
                                      : call_tree(ctx, *element, method);
}

}  // namespace

void define_tag_methods(JSContext* ctx, JSValueConst object, const Node& node) {
  std::string tag = " " + node.name + " ";
  for (size_t i = 0; i < std::size(kMethods); ++i) {
    const Method& method = kMethods[i];
    if (method.tags.find(tag) == std::string_view::npos) continue;
    define(ctx, object, method.name,
           JS_NewCFunctionMagic(ctx, call, method.name, 0, JS_CFUNC_generic_magic,
                                static_cast<int>(i)));
  }
}

}  // namespace zelus::modules
