// `k6/html` (parity/k6.md 5.3): parseHTML, and what all of its objects share.
#include <fmt/format.h>

#include <algorithm>

#include "js/module_set.h"
#include "zelus/modules/go_value.h"
#include "zelus/modules/html/html_values.h"

namespace zelus::modules {

namespace {

// Selections that end() can go back through: each keeps the one before it alive.
constexpr int kDepthMax = 256;

void finalize_selection(JSRuntime*, JSValueConst value) {
  delete static_cast<SelectionPtr*>(JS_GetOpaque(value, kClassHtmlSelection));
}
const JSClassDef kSelectionClass = {"Selection", &finalize_selection, nullptr, nullptr, nullptr};

void finalize_element(JSRuntime*, JSValueConst value) {
  delete static_cast<HtmlElement*>(JS_GetOpaque(value, kClassHtmlElement));
}
const JSClassDef kElementClass = {"Element", &finalize_element, nullptr, nullptr, nullptr};

JSValue parse_html_function(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  JSValueConst text = argument(argc, argv, 0);
  return parse_html(ctx, is_nullish(text) ? "" : to_text(ctx, text), "");
}

bool fill(JSContext* ctx, JSValueConst object) {
  define_html_classes(ctx);
  define_functions(ctx, object, {{"parseHTML", parse_html_function, 1}});
  return true;
}

}  // namespace

bool NodeChoice::read(JSContext* ctx, JSValueConst value) {
  selection_ = selection_in(value);
  if (const HtmlElement* element = element_in(value)) {
    auto one = std::make_shared<HtmlSelection>();
    one->document = element->document;
    one->nodes = {element->node};
    selection_ = std::move(one);
  }
  if (selection_) return true;
  if (!JS_IsString(value)) {
    throw_go_error(ctx, fmt::format("invalid argument, cannot use a '{}' as a selector",
                                    go_type_name(ctx, value)));
    return false;
  }
  CString text(ctx, value);
  auto selector = html::Selector::parse(text.view());
  if (selector) {
    selector_ = std::move(*selector);
  } else if (selector.error().code() == Code::kUnimplemented) {
    throw_go_error(ctx, selector.error().message());
    return false;
  }
  return true;
}

bool NodeChoice::contains(const html::Document& document, const html::Node& node) const {
  if (selector_) return selector_->matches(document, node);
  return selection_ && std::find(selection_->nodes.begin(), selection_->nodes.end(), &node) !=
                           selection_->nodes.end();
}

NodeList NodeChoice::find(const html::Document& document, const html::Node& scope) const {
  if (selector_) return selector_->find(document, scope);
  NodeList out;
  if (!selection_ || selection_->document.get() != &document) return out;
  for (const html::Node* node : selection_->nodes) {
    if (node->index > scope.index && node->index < scope.end) out.push_back(node);
  }
  return out;
}

JSValue new_selection(JSContext* ctx, SelectionPtr selection) {
  JSValue object = JS_NewObjectClass(ctx, kClassHtmlSelection);
  if (JS_IsException(object)) return object;
  define(ctx, object, "url", new_string(ctx, selection->url));
  JS_SetOpaque(object, new SelectionPtr(std::move(selection)));
  return object;
}

JSValue derived_selection(JSContext* ctx, const SelectionPtr& from, NodeList nodes) {
  auto selection = std::make_shared<HtmlSelection>();
  selection->document = from->document;
  selection->nodes = std::move(nodes);
  selection->url = from->url;
  if (from->depth < kDepthMax) {
    selection->previous = from;
    selection->depth = from->depth + 1;
  }
  return new_selection(ctx, std::move(selection));
}

SelectionPtr this_selection(JSContext* ctx, JSValueConst self) {
  auto* held = static_cast<SelectionPtr*>(JS_GetOpaque2(ctx, self, kClassHtmlSelection));
  return held != nullptr ? *held : nullptr;
}

SelectionPtr selection_in(JSValueConst value) {
  auto* held = static_cast<SelectionPtr*>(JS_GetOpaque(value, kClassHtmlSelection));
  return held != nullptr ? *held : nullptr;
}

const HtmlElement* element_in(JSValueConst value) {
  return static_cast<HtmlElement*>(JS_GetOpaque(value, kClassHtmlElement));
}

JSValue parse_html(JSContext* ctx, std::string_view text, std::string_view url) {
  auto document = html::Document::parse(text, url);
  if (!document) return throw_go_error(ctx, document.error().message());
  auto selection = std::make_shared<HtmlSelection>();
  selection->document = std::move(*document);
  selection->nodes = {&selection->document->root()};
  selection->url = url;
  return new_selection(ctx, std::move(selection));
}

void define_html_classes(JSContext* ctx) {
  Value known(ctx, JS_GetClassProto(ctx, kClassHtmlSelection));
  if (known.is_object()) return;
  JSValue prototype = JS_NewObject(ctx);
  define_selection_walks(ctx, prototype);
  define_selection_values(ctx, prototype);
  JS_SetClassProto(ctx, kClassHtmlSelection, prototype);
  define_element_class(ctx);
}

void register_html_classes(JSRuntime* rt) {
  JS_NewClass(rt, kClassHtmlSelection, &kSelectionClass);
  JS_NewClass(rt, kClassHtmlElement, &kElementClass);
}

void add_html_module(bia::js::ModuleSet& modules) {
  modules.add_native(
      {"k6/html", {"parseHTML"}, &fill, nullptr, bia::js::NativeModule::Names::kShared});
}

}  // namespace zelus::modules
