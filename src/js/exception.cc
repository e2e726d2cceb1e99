#include "js/exception.h"

#include <fmt/format.h>

#include <charconv>

#include "js/module_set.h"
#include "js/runtime.h"
#include "js/value.h"

namespace bia::js {

std::string Exception::head() const {
  if (name.empty()) return message;
  return message.empty() ? name : name + ": " + message;
}

std::string Exception::text() const { return head() + "\n" + stack; }

namespace {

uint32_t number(std::string_view text) {
  uint32_t out = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() ? out : 0;
}

/// "f (file:///bundle.js:3:9)" → "f (file:///src/f.ts:7:2)". A place without parentheses is where
/// a file does not parse, and stays.
std::string original_frame(std::string_view line, const ModuleSet& modules) {
  size_t open = line.rfind(" (");
  size_t column = line.rfind(':');
  if (open == std::string_view::npos || column == std::string_view::npos || column <= open ||
      !line.ends_with(')'))
    return std::string(line);
  size_t row = line.rfind(':', column - 1);
  if (row == std::string_view::npos || row <= open) return std::string(line);
  std::string place = modules.original(line.substr(open + 2, row - open - 2),
                                       number(line.substr(row + 1, column - row - 1)),
                                       number(line.substr(column + 1, line.size() - column - 2)));
  if (place.empty()) return std::string(line);
  return std::string(line.substr(0, open + 2)) + place + ")";
}

/// goja calls an accessor by its property: "at get size (…" is "at size (…".
std::string without_accessor(std::string_view line) {
  for (std::string_view prefix : {"at get ", "at set "}) {
    if (line.starts_with(prefix) && line.size() > prefix.size() && line[prefix.size()] != '(')
      return fmt::format("at {}", line.substr(prefix.size()));
  }
  return std::string(line);
}

}  // namespace

std::string k6_stack(std::string_view quickjs_stack, const ModuleSet* modules) {
  std::string out;
  while (!quickjs_stack.empty()) {
    size_t end = quickjs_stack.find('\n');
    std::string_view line = quickjs_stack.substr(0, end);
    quickjs_stack.remove_prefix(end == std::string_view::npos ? quickjs_stack.size() : end + 1);
    size_t at = line.find("at ");
    if (at == std::string_view::npos || line.ends_with("(native)") || line.ends_with("(missing)"))
      continue;
    line.remove_prefix(at);
    // Of a text that JSON.parse or eval does not understand.
    if (line.starts_with("at <input>:")) continue;
    std::string original;
    if (modules != nullptr) line = original = original_frame(line, *modules);
    // goja gives nameless functions and a module's top level no name and no parentheses.
    if (constexpr std::string_view kAnonymous = "at <anonymous> (";
        line.starts_with(kAnonymous) && line.ends_with(')')) {
      line.remove_prefix(kAnonymous.size());
      line.remove_suffix(1);
      out.append("\tat ").append(line).append("\n");
      continue;
    }
    out.append("\t").append(without_accessor(line)).append("\n");
  }
  return out;
}

std::string k6_stack(JSContext* ctx, std::string_view quickjs_stack) {
  Context* context = Context::of(ctx);
  return k6_stack(quickjs_stack, context != nullptr ? &context->runtime().modules() : nullptr);
}

Exception describe_exception(JSContext* ctx, JSValueConst thrown) {
  Exception out;
  if (!JS_IsError(thrown)) {
    // Where not even the error fits into what is left, QuickJS throws null.
    Context* context = Context::of(ctx);
    bool full = JS_IsNull(thrown) && context != nullptr && context->runtime().limited();
    Value description;
    if (JS_IsSymbol(thrown)) description = Value::dup(ctx, thrown).property("description");
    out.message = full ? "InternalError: out of memory"
                       : to_text(ctx, JS_IsSymbol(thrown) ? description.get() : thrown);
    return out;
  }
  out.interrupted = JS_IsUncatchableError(thrown);
  Value error = Value::dup(ctx, thrown);
  out.name = to_text(ctx, error.property("name").get());
  out.message = to_text(ctx, error.property("message").get());
  Value stack(ctx, bia_js_error_stack(ctx, thrown));
  if (stack.is_string()) out.stack = k6_stack(ctx, to_text(ctx, stack.get()));
  return out;
}

Exception take_exception(JSContext* ctx) {
  Value thrown(ctx, JS_GetException(ctx));
  Value place(ctx, bia_js_take_throw_place(ctx));
  Exception out = describe_exception(ctx, thrown.get());
  if (!JS_IsError(thrown.get()) && place.is_string())
    out.stack = k6_stack(ctx, to_text(ctx, place.get()));
  return out;
}

}  // namespace bia::js
