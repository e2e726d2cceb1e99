// Response.html(), submitForm() and clickLink() (parity/k6.md 5.2).
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "zelus/html/form.h"
#include "zelus/modules/html/html_values.h"
#include "zelus/modules/http/http_send.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

namespace {

/// The page of a response. False with an exception pending.
bool page_of(JSContext* ctx, JSValueConst self, SelectionPtr& page, std::string& url) {
  auto* exchange = static_cast<Exchange*>(JS_GetOpaque2(ctx, self, kClassResponse));
  if (exchange == nullptr) return false;
  if (!exchange->body_kept) {
    throw_go_error(ctx,
                   "the body is null so we can't transform it to HTML - this likely was because of "
                   "a request error getting the response");
    return false;
  }
  if (exchange->final_url) url = exchange->final_url->encoded;
  define_html_classes(ctx);
  Value selection(ctx, parse_html(ctx, exchange->response.body, url));
  if (selection.is_exception()) return false;
  page = selection_in(selection.get());
  return true;
}

std::string text_or(JSContext* ctx, JSValueConst object, const char* name, const char* otherwise) {
  if (!JS_IsObject(object)) return otherwise;
  Value value(ctx, JS_GetPropertyStr(ctx, object, name));
  return value.is_nullish() ? otherwise : to_text(ctx, value.get());
}

/// What the selector finds first; null with an exception pending.
const html::Node* first_match(JSContext* ctx, const SelectionPtr& page, const std::string& selector,
                              std::string_view what, const std::string& url) {
  Value text(ctx, new_string(ctx, selector));
  NodeChoice choice;
  if (!choice.read(ctx, text.get())) return nullptr;
  NodeList found = choice.find(*page->document, page->document->root());
  if (!found.empty()) return found.front();
  throw_go_error(
      ctx, fmt::format("no {} found for selector '{}' in response '{}'", what, selector, url));
  return nullptr;
}

/// `reference` as the page at `url` means it. False with an exception pending.
bool resolve(JSContext* ctx, const std::string& url, std::string_view reference, std::string& out) {
  auto base = parse_url(url);
  auto resolved = base ? resolve_url(*base, reference) : std::move(base);
  if (!resolved) {
    throw_go_error(ctx, resolved.error().message());
    return false;
  }
  out = resolved->encoded;
  return true;
}

/// The fields of the form, the chosen button and `fields` over them, as one object.
Value form_object(JSContext* ctx, const SelectionPtr& page, const html::Node& form,
                  const std::string& submit, JSValueConst fields) {
  auto held = std::make_shared<HtmlSelection>(*page);
  held->nodes = {&form};
  Value selection(ctx, new_selection(ctx, held));
  Value serialize = selection.property("serializeObject");
  Value values(ctx, JS_Call(ctx, serialize.get(), selection.get(), 0, nullptr));
  Value text(ctx, new_string(ctx, submit));
  NodeChoice choice;
  if (!choice.read(ctx, text.get())) return Value(ctx, JS_EXCEPTION);
  NodeList buttons = choice.find(*page->document, form);
  if (!buttons.empty()) {
    const std::string* name = buttons.front()->attribute("name");
    Value value(ctx, field_value_of(ctx, *page->document, *buttons.front()));
    if (name != nullptr && !value.is_undefined()) define(ctx, values.get(), *name, value.release());
  }
  if (JS_IsObject(fields)) {
    bool ok = each_property(ctx, fields, [&](JSAtom atom, const Value& value) {
      define(ctx, values.get(), atom_text(ctx, atom), value.dup());
      return true;
    });
    if (!ok) return Value(ctx, JS_EXCEPTION);
  }
  return values;
}

/// `url` with the values in place of its query, as Go's url.Values.Encode writes them: by name, a
/// list as one text (k6's submitForm).
std::string with_query(JSContext* ctx, const std::string& url, const Value& values) {
  const std::string fragment = url.find('#') == std::string::npos ? "" : url.substr(url.find('#'));
  const std::string before = url.substr(0, url.find_first_of("?#"));
  std::map<std::string, std::string> sorted;
  each_property(ctx, values.get(), [&](JSAtom atom, const Value& value) {
    sorted[atom_text(ctx, atom)] = to_text(ctx, value.get());
    return true;
  });
  std::string query;
  for (const auto& [name, value] : sorted)
    query +=
        fmt::format("{}{}={}", query.empty() ? "" : "&", query_escape(name), query_escape(value));
  return before + (query.empty() ? "" : "?") + query + fragment;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

}  // namespace

JSValue response_html(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  SelectionPtr page;
  std::string url;
  if (!page_of(ctx, self, page, url)) return JS_EXCEPTION;
  JSValueConst selector = argument(argc, argv, 0);
  if (is_nullish(selector)) return new_selection(ctx, page);
  NodeChoice choice;
  if (!choice.read(ctx, selector)) return JS_EXCEPTION;
  return derived_selection(ctx, page, choice.find(*page->document, page->document->root()));
}

JSValue response_submit_form(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  JSValueConst options = argument(argc, argv, 0);
  std::string selector = text_or(ctx, options, "formSelector", "form");
  std::string submit = text_or(ctx, options, "submitSelector", "[type=\"submit\"]");
  SelectionPtr page;
  std::string url, target;
  if (!page_of(ctx, self, page, url)) return JS_EXCEPTION;
  const html::Node* form = first_match(ctx, page, selector, "form", url);
  if (form == nullptr) return JS_EXCEPTION;
  const std::string* action = form->attribute("action");
  if (!resolve(ctx, url, action != nullptr ? std::string_view(*action) : url, target))
    return JS_EXCEPTION;
  Value fields(ctx,
               JS_IsObject(options) ? JS_GetPropertyStr(ctx, options, "fields") : JS_UNDEFINED);
  Value params(ctx,
               JS_IsObject(options) ? JS_GetPropertyStr(ctx, options, "params") : JS_UNDEFINED);
  Value values = form_object(ctx, page, *form, submit, fields.get());
  if (values.is_exception()) return JS_EXCEPTION;
  std::string method = upper(form->attribute_or("method", "GET"));
  bool get = method == "GET";
  Value address(ctx, new_string(ctx, get ? with_query(ctx, target, values) : target));
  return send_request(ctx, method, address.get(), get ? JS_UNDEFINED : values.get(), params.get());
}

JSValue response_click_link(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  JSValueConst options = argument(argc, argv, 0);
  std::string selector = text_or(ctx, options, "selector", "a[href]");
  SelectionPtr page;
  std::string url, target;
  if (!page_of(ctx, self, page, url)) return JS_EXCEPTION;
  const html::Node* link = first_match(ctx, page, selector, "element", url);
  if (link == nullptr) return JS_EXCEPTION;
  const std::string* href = link->attribute("href");
  if (href == nullptr)
    return throw_go_error(
        ctx, fmt::format("no valid href attribute value found on element '{}' in response '{}'",
                         selector, url));
  if (!resolve(ctx, url, *href, target)) return JS_EXCEPTION;
  Value params(ctx,
               JS_IsObject(options) ? JS_GetPropertyStr(ctx, options, "params") : JS_UNDEFINED);
  Value address(ctx, new_string(ctx, target));
  return send_request(ctx, "GET", address.get(), JS_UNDEFINED, params.get());
}

}  // namespace zelus::modules
