// Methods that only elements of certain names have: most show an attribute (parity/k6.md 5.3).
#include <algorithm>
#include <charconv>

#include "zelus/modules/html_values.h"

namespace zelus::modules {

namespace {

using html::Node;

enum class Kind {
  kText,
  kFlag,
  kNumber,
  // Not an attribute:
  kContent,
  kForm,
  kFields,
  kFieldCount,
  kOptions,
  kChosen,
  kOptionCount,
  kChosenIndex,
  kFieldValue,
  kOptionIndex,
  kConstant,  ///< `attribute` is the value
};

struct Method {
  /// Names between blanks.
  std::string_view tags;
  const char* name;
  const char* attribute;
  Kind kind = Kind::kText;
  const char* otherwise = "";
};

constexpr Method kMethods[] = {
    {" a area base link ", "href", "href"},
    {" a area base form link ", "target", "target"},
    {" a area link ", "rel", "rel"},
    {" a area link ", "type", "type"},
    {" a area ", "download", "download"},
    {" a area ", "hrefLang", "hreflang"},
    {" a area iframe img link ", "referrerPolicy", "referrerpolicy"},
    {" a area title option script ", "text", "", Kind::kContent},
    {" link ", "hreflang", "hreflang"},
    {" link style source ", "media", "media"},
    {" audio embed iframe img input script source track video ", "src", "src"},
    {" img input ", "alt", "alt"},
    {" img source ", "srcset", "srcset"},
    {" img source ", "sizes", "sizes"},
    {" img object ", "useMap", "usemap"},
    {" img ", "isMap", "ismap", Kind::kFlag},
    {" canvas img input object ", "width", "width", Kind::kNumber, "0"},
    {" canvas img input object ", "height", "height", Kind::kNumber, "0"},
    {" embed iframe ", "width", "width"},
    {" embed iframe ", "height", "height"},
    {" audio video ", "autoplay", "autoplay", Kind::kFlag},
    {" audio video ", "controls", "controls", Kind::kFlag},
    {" audio video ", "loop", "loop", Kind::kFlag},
    {" audio video ", "muted", "muted", Kind::kFlag},
    {" button fieldset form iframe img input keygen map meta object output param select textarea ",
     "name", "name"},
    {" button data input li output param ", "value", "value"},
    // As k6: not what is in it.
    {" textarea ", "value", "value"},
    {" select option ", "value", "", Kind::kFieldValue},
    {" input ", "type", "type", Kind::kText, "text"},
    {" button ", "type", "type", Kind::kText, "submit"},
    {" embed li object ol script source style ul ", "type", "type"},
    {" textarea ", "type", "textarea", Kind::kConstant},
    {" fieldset ", "type", "fieldset", Kind::kConstant},
    {" button fieldset input keygen optgroup option select textarea ", "disabled", "disabled",
     Kind::kFlag},
    {" button input keygen select textarea ", "autofocus", "autofocus", Kind::kFlag},
    {" input ", "checked", "checked", Kind::kFlag},
    {" input ", "defaultChecked", "checked", Kind::kFlag},
    {" input ", "defaultValue", "value"},
    {" input select ", "multiple", "multiple", Kind::kFlag},
    {" input select textarea ", "required", "required", Kind::kFlag},
    {" input ", "readonly", "readonly", Kind::kFlag},
    {" textarea ", "readOnly", "readonly", Kind::kFlag},
    {" input textarea ", "placeholder", "placeholder"},
    {" input ", "accept", "accept"},
    {" input ", "pattern", "pattern"},
    {" input meter progress ", "max", "max"},
    {" input meter ", "min", "min"},
    {" input ", "step", "step"},
    {" option ", "selected", "selected", Kind::kFlag},
    {" option ", "defaultSelected", "selected", Kind::kFlag},
    {" option ", "index", "", Kind::kOptionIndex},
    {" optgroup track ", "label", "label"},
    {" select ", "options", "", Kind::kOptions},
    {" datalist ", "options", "", Kind::kOptions},
    {" select ", "selectedOptions", "", Kind::kChosen},
    {" select ", "selectedIndex", "", Kind::kChosenIndex},
    {" select ", "length", "", Kind::kOptionCount},
    {" form ", "action", "action"},
    {" form ", "method", "method", Kind::kText, "get"},
    {" form ", "enctype", "enctype", Kind::kText, "application/x-www-form-urlencoded"},
    {" form ", "encoding", "enctype", Kind::kText, "application/x-www-form-urlencoded"},
    {" form ", "acceptCharset", "accept-charset"},
    {" form ", "noValidate", "novalidate", Kind::kFlag},
    {" form fieldset ", "elements", "", Kind::kFields},
    {" form ", "length", "", Kind::kFieldCount},
    {" button fieldset input keygen label legend object option output select textarea ", "form", "",
     Kind::kForm},
    {" label output ", "htmlFor", "for"},
    {" meta ", "content", "content"},
    {" meta ", "httpEquiv", "http-equiv"},
    {" del ins time ", "datetime", "datetime"},
    {" del ins ", "cite", "cite"},
    {" td th ", "colSpan", "colspan", Kind::kNumber, "1"},
    {" td th ", "rowSpan", "rowspan", Kind::kNumber, "1"},
    {" td th ", "headers", "headers"},
    {" th ", "abbr", "abbr"},
    {" th ", "scope", "scope"},
    {" object ", "data", "data"},
    {" ol ", "reversed", "reversed", Kind::kFlag},
    {" ol ", "start", "start", Kind::kNumber, "1"},
    {" script ", "async", "async", Kind::kFlag},
    {" script ", "defer", "defer", Kind::kFlag},
    {" script ", "charset", "charset"},
    {" textarea ", "cols", "cols", Kind::kNumber, "20"},
    {" textarea ", "rows", "rows", Kind::kNumber, "2"},
};

NodeList named(const html::Document& document, const Node& scope, std::string_view tags) {
  NodeList out;
  for (size_t i = scope.index + 1; i < scope.end; ++i) {
    const Node& at = document.at(i);
    if (at.is_element() && tags.find(" " + at.name + " ") != std::string_view::npos)
      out.push_back(&at);
  }
  return out;
}

const Node* above(const Node& node, std::string_view tags) {
  const Node* at = node.parent_element();
  while (at != nullptr && tags.find(" " + at->name + " ") == std::string_view::npos)
    at = at->parent_element();
  return at;
}

JSValue elements(JSContext* ctx, const HtmlElement& element, const NodeList& nodes) {
  JSValue list = JS_NewArray(ctx);
  for (uint32_t i = 0; i < nodes.size(); ++i)
    JS_SetPropertyUint32(ctx, list, i, new_element(ctx, element.document, nodes[i]));
  return list;
}

JSValue of_select(JSContext* ctx, const HtmlElement& element, Kind kind) {
  NodeList options = named(*element.document, *element.node, " option ");
  NodeList chosen = options;
  std::erase_if(chosen, [](const Node* at) { return at->attribute("selected") == nullptr; });
  switch (kind) {
    case Kind::kOptions:
      return elements(ctx, element, options);
    case Kind::kChosen:
      return elements(ctx, element, chosen);
    case Kind::kOptionCount:
      return JS_NewInt64(ctx, static_cast<int64_t>(options.size()));
    default:
      break;
  }
  if (chosen.empty()) return JS_NewInt32(ctx, -1);
  return JS_NewInt64(ctx,
                     std::find(options.begin(), options.end(), chosen.front()) - options.begin());
}

JSValue option_index(JSContext* ctx, const HtmlElement& element) {
  const Node* list = above(*element.node, " select datalist ");
  if (list == nullptr) return JS_NewInt32(ctx, 0);
  NodeList options = named(*element.document, *list, " option ");
  return JS_NewInt64(ctx,
                     std::find(options.begin(), options.end(), element.node) - options.begin());
}

JSValue call(JSContext* ctx, JSValueConst self, int, JSValueConst*, int magic) {
  const HtmlElement* element = element_in(self);
  if (element == nullptr) return throw_type_error(ctx, "Value of this must be an Element");
  const Method& method = kMethods[magic];
  const Node& node = *element->node;
  constexpr std::string_view kFieldTags =
      " button fieldset input keygen object output select textarea ";
  switch (method.kind) {
    case Kind::kText:
      return new_string(ctx, node.attribute_or(method.attribute, method.otherwise));
    case Kind::kFlag:
      return JS_NewBool(ctx, node.attribute(method.attribute) != nullptr);
    case Kind::kNumber: {
      std::string text = node.attribute_or(method.attribute, method.otherwise);
      int64_t number = 0;
      std::from_chars(text.data(), text.data() + text.size(), number);
      return JS_NewInt64(ctx, number);
    }
    case Kind::kContent:
      return new_string(ctx, element->document->text_of(node));
    case Kind::kForm:
      return new_element(ctx, element->document, above(node, " form "));
    case Kind::kFields:
      return elements(ctx, *element, named(*element->document, node, kFieldTags));
    case Kind::kFieldCount:
      return JS_NewInt64(ctx,
                         static_cast<int64_t>(named(*element->document, node, kFieldTags).size()));
    case Kind::kFieldValue:
      return field_value_of(ctx, *element->document, node);
    case Kind::kOptionIndex:
      return option_index(ctx, *element);
    case Kind::kConstant:
      return new_string(ctx, method.attribute);
    default:
      return of_select(ctx, *element, method.kind);
  }
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
