// Methods of Selection that read: texts, attributes, fields; each() and map().
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "js/exception.h"
#include "zelus/html/form.h"
#include "zelus/metrics/go_float.h"
#include "zelus/modules/html/data_names.h"
#include "zelus/modules/html/html_values.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

namespace {

using html::FieldValue;
using html::Node;

const Node* first_node(const SelectionPtr& selection) {
  return selection->nodes.empty() ? nullptr : selection->nodes.front();
}

JSValue js_value(JSContext* ctx, const FieldValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return new_string(ctx, *text);
  JSValue list = JS_NewArray(ctx);
  uint32_t index = 0;
  for (const std::string& text : std::get<std::vector<std::string>>(value))
    JS_SetPropertyUint32(ctx, list, index++, new_string(ctx, text));
  return list;
}

JSValue attr(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  const Node* node = first_node(selection);
  const std::string* value =
      node != nullptr ? node->attribute(to_text(ctx, argument(argc, argv, 0))) : nullptr;
  if (value != nullptr) return new_string(ctx, *value);
  return JS_DupValue(ctx, argument(argc, argv, 1));
}

JSValue html_text(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  const Node* node = first_node(selection);
  return new_string(ctx, node != nullptr ? selection->document->inner_html(*node) : "");
}

JSValue text(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  std::string all;
  for (const Node* node : selection->nodes) all += selection->document->text_of(*node);
  return new_string(ctx, all);
}

JSValue size(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  return selection ? JS_NewInt64(ctx, static_cast<int64_t>(selection->nodes.size())) : JS_EXCEPTION;
}

JSValue val(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  const Node* node = first_node(selection);
  return node != nullptr ? field_value_of(ctx, *selection->document, *node) : JS_UNDEFINED;
}

int64_t place_of(const NodeList& nodes, const Node* node) {
  auto found = std::find(nodes.begin(), nodes.end(), node);
  return found == nodes.end() ? -1 : found - nodes.begin();
}

JSValue index_of(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  const Node* node = first_node(selection);
  JSValueConst of = argument(argc, argv, 0);
  int64_t place = -1;
  if (is_nullish(of)) {
    if (node != nullptr) {
      place = 0;
      for (const Node* at = node->previous_element(); at != nullptr; at = at->previous_element())
        ++place;
    }
  } else if (SelectionPtr other = selection_in(of)) {
    place = place_of(selection->nodes, first_node(other));
  } else {
    NodeChoice choice;
    if (!choice.read(ctx, of)) return JS_EXCEPTION;
    if (node != nullptr)
      place = place_of(choice.find(*selection->document, selection->document->root()), node);
  }
  return JS_NewInt64(ctx, place);
}

/// The exception of a function that a script passed, as k6 words it.
JSValue throw_failed(JSContext* ctx, const char* method) {
  auto thrown = bia::js::take_exception(ctx);
  if (thrown.interrupted) return Vu::of(ctx).throw_interrupted();
  // "\tat f (file:///s.js:1:2)\n": the place alone.
  std::string_view place = std::string_view(thrown.stack).substr(0, thrown.stack.find('\n'));
  if (size_t open = place.find('('); open != std::string_view::npos)
    place = place.substr(open + 1, place.rfind(')') - open - 1);
  if (place.starts_with("\tat ")) place.remove_prefix(4);
  return throw_go_error(ctx, fmt::format("the function passed to {}() failed: {}{}{}", method,
                                         thrown.head(), place.empty() ? "" : " at ", place));
}

JSValue each(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  JSValueConst function = argument(argc, argv, 0);
  if (!JS_IsFunction(ctx, function))
    return throw_go_error(ctx, "the argument to each() must be a function");
  for (size_t i = 0; i < selection->nodes.size(); ++i) {
    Value number(ctx, JS_NewInt64(ctx, static_cast<int64_t>(i)));
    Value element(ctx, new_element(ctx, selection->document, selection->nodes[i]));
    JSValueConst arguments[] = {number.get(), element.get()};
    Value answer(ctx, JS_Call(ctx, function, JS_UNDEFINED, 2, arguments));
    if (answer.is_exception()) return throw_failed(ctx, "each");
  }
  return JS_DupValue(ctx, self);
}

JSValue map(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  JSValueConst function = argument(argc, argv, 0);
  if (!JS_IsFunction(ctx, function))
    return throw_go_error(ctx, "the argument to map() must be a function");
  Value out(ctx, JS_NewArray(ctx));
  for (uint32_t i = 0; i < selection->nodes.size(); ++i) {
    Value number(ctx, JS_NewUint32(ctx, i));
    Value one(ctx, derived_selection(ctx, selection, {selection->nodes[i]}));
    JSValueConst arguments[] = {number.get(), one.get()};
    Value answer(ctx, JS_Call(ctx, function, JS_UNDEFINED, 2, arguments));
    if (answer.is_exception()) return throw_failed(ctx, "map");
    JS_SetPropertyUint32(ctx, out.get(), i, answer.release());
  }
  return out.release();
}

constexpr std::string_view kDataPrefix = "data-";

/// "3" and "1.5" become numbers, "007" stays; JSON of objects and arrays is read.
JSValue data_value(JSContext* ctx, const std::string& value) {
  if (value == "true" || value == "false") return JS_NewBool(ctx, value == "true");
  if (value == "null") return JS_UNDEFINED;  // as k6
  if (value.starts_with('{') || value.starts_with('[')) {
    Value parsed(ctx, JS_ParseJSON(ctx, value.c_str(), value.size(), "data"));
    if (!parsed.is_exception()) return parsed.release();
    JS_FreeValue(ctx, JS_GetException(ctx));
    return new_string(ctx, value);
  }
  double number = 0;
  auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (failed == std::errc() && end == value.data() + value.size() &&
      metrics::format_go_g(number) == value)
    return JS_NewFloat64(ctx, number);
  return new_string(ctx, value);
}

JSValue data(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  const Node* node = first_node(selection);
  // k6: nothing of an element without attributes, not even an empty object.
  if (node == nullptr || node->attributes.empty()) return JS_UNDEFINED;
  if (argc > 0) {
    const std::string* value =
        node->attribute(std::string(kDataPrefix) + data_attribute(to_text(ctx, argv[0])));
    return value != nullptr ? data_value(ctx, *value) : JS_UNDEFINED;
  }
  JSValue all = JS_NewObject(ctx);
  for (const auto& [name, value] : node->attributes) {
    if (!name.starts_with(kDataPrefix) || name.size() == kDataPrefix.size()) continue;
    define(ctx, all, data_property(std::string_view(name).substr(kDataPrefix.size())),
           data_value(ctx, value));
  }
  return all;
}

JSValue serialize_array(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  JSValue list = JS_NewArray(ctx);
  uint32_t index = 0;
  for (const auto& [name, value] : html::form_values(*selection->document, selection->nodes)) {
    JSValue item = JS_NewObject(ctx);
    define(ctx, item, "name", new_string(ctx, name));
    define(ctx, item, "value", js_value(ctx, value));
    JS_SetPropertyUint32(ctx, list, index++, item);
  }
  return list;
}

JSValue serialize_object(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  JSValue object = JS_NewObject(ctx);
  for (const auto& [name, value] : html::form_values(*selection->document, selection->nodes))
    define(ctx, object, name, js_value(ctx, value));
  return object;
}

/// Go's url.Values.Encode: by name.
JSValue serialize(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  SelectionPtr selection = this_selection(ctx, self);
  if (!selection) return JS_EXCEPTION;
  std::map<std::string, std::vector<std::string>> sorted;
  for (auto& [name, value] : html::form_values(*selection->document, selection->nodes)) {
    if (auto* one = std::get_if<std::string>(&value)) {
      sorted[name] = {std::move(*one)};
    } else {
      sorted[name] = std::get<std::vector<std::string>>(value);
    }
  }
  std::string out;
  for (const auto& [name, values] : sorted) {
    for (const std::string& value : values)
      out +=
          fmt::format("{}{}={}", out.empty() ? "" : "&", query_escape(name), query_escape(value));
  }
  return new_string(ctx, out);
}

}  // namespace

JSValue field_value_of(JSContext* ctx, const html::Document& document, const Node& node) {
  auto value = html::field_value(document, node);
  return value ? js_value(ctx, *value) : JS_UNDEFINED;
}

void define_selection_values(JSContext* ctx, JSValueConst prototype) {
  define_functions(ctx, prototype,
                   {{"attr", attr, 2},
                    {"data", data, 1},
                    {"each", each, 1},
                    {"html", html_text, 0},
                    {"index", index_of, 1},
                    {"map", map, 1},
                    {"serialize", serialize, 0},
                    {"serializeArray", serialize_array, 0},
                    {"serializeObject", serialize_object, 0},
                    {"size", size, 0},
                    {"text", text, 0},
                    {"val", val, 0}});
}

}  // namespace zelus::modules
