// Go's own functions of templates, but those that compare.
#include <fmt/format.h>

#include "zelus/templates/format.h"
#include "zelus/templates/function.h"
#include "zelus/templates/runes.h"
#include "zelus/templates/url.h"

namespace zelus::templates {
namespace {

/// A single string as it is, else as Sprint prints them.
std::string joined(Args args) {
  if (args.size() == 1 && args[0].is(Type::kString)) return args[0].as_text();
  std::string out = sprint(args);
  return out;
}

Result<Value> html(Args args) {
  std::string out;
  for (char c : joined(args)) {
    switch (c) {
      case '"':
        out += "&#34;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\0':
        out += "\xEF\xBF\xBD";
        break;
      default:
        out += c;
    }
  }
  return Value::text(std::move(out));
}

Result<Value> js(Args args) {
  std::string out;
  for (char c : joined(args)) {
    switch (c) {
      case '\\':
      case '\'':
      case '"':
        (out += '\\') += c;
        break;
      case '<':
      case '>':
      case '&':
      case '=':
        out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        break;
      default:
        if (static_cast<unsigned char>(c) < ' ')
          out += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
        else
          out += c;
    }
  }
  return Value::text(std::move(out));
}

Result<Value> urlquery(Args args) { return Value::text(query_escape(joined(args))); }

Result<Value> length(Args args) {
  const Value& of = args[0];
  size_t size = 0;
  if (of.is_nil()) return call_error("reflect: call of reflect.Value.Type on zero Value");
  if (of.is_list())
    size = of.items().size();
  else if (of.is_map())
    size = of.members().size();
  else if (of.is(Type::kString))
    size = of.as_text().size();
  else
    return call_error(fmt::format("len of type {}", type_name(of)));
  return Value::integer(static_cast<int64_t>(size));
}

Result<size_t> position(const Value& index, size_t size) {
  if (index.is_nil()) return call_error("cannot index slice/array with nil");
  if (!index.is_integer())
    return call_error(fmt::format("cannot index slice/array with type {}", type_name(index)));
  if (index.as_int() < 0 || static_cast<uint64_t>(index.as_int()) > size)
    return call_error(fmt::format("index out of range: {}", index.as_int()));
  return static_cast<size_t>(index.as_int());
}

/// Go looks through a pointer before it says what it has.
std::string pointed_type(const Value& value) {
  std::string type = type_name(value);
  if (type.starts_with('*')) type.erase(0, 1);
  return type;
}

Result<Value> index_once(const Value& item, const Value& index) {
  if (item.is_list()) {
    const size_t at = BIA_TRY(position(index, item.items().size()));
    if (at == item.items().size()) return call_error("reflect: slice index out of range");
    return item.items()[at];
  }
  if (item.is(Type::kString)) {
    const size_t at = BIA_TRY(position(index, item.as_text().size()));
    if (at == item.as_text().size()) return call_error("reflect: string index out of range");
    return Value::integer(static_cast<unsigned char>(item.as_text()[at]), Type::kUint8);
  }
  if (!item.is_map())
    return call_error(fmt::format("can't index item of type {}", pointed_type(item)));
  if (index.is_nil()) return call_error("value is nil; should be of type string");
  if (!index.is(Type::kString))
    return call_error(fmt::format("value has type {}; should be string", type_name(index)));
  const auto found = item.members().find(index.as_text());
  if (found != item.members().end()) return found->second;
  return item.is(Type::kTextMap) ? Value::text("") : Value();
}

Result<Value> index(Args args) {
  if (args[0].is_nil()) return call_error("index of untyped nil");
  Value item = args[0];
  for (size_t i = 1; i < args.size(); ++i) {
    if (item.is_nil()) return call_error("index of nil pointer");
    item = BIA_TRY(index_once(item, args[i]));
  }
  return item;
}

Result<Value> slice(Args args) {
  const Value& item = args[0];
  if (item.is_nil()) return call_error("slice of untyped nil");
  if (args.size() > 4)
    return call_error(fmt::format("too many slice indexes: {}", args.size() - 1));
  const bool text = item.is(Type::kString);
  if (text && args.size() == 4) return call_error("cannot 3-index slice a string");
  if (!text && !item.is_list())
    return call_error(fmt::format("can't slice item of type {}", type_name(item)));
  const size_t size = text ? item.as_text().size() : item.items().size();
  size_t bounds[3] = {0, size, size};
  for (size_t i = 1; i < args.size(); ++i) bounds[i - 1] = BIA_TRY(position(args[i], size));
  if (bounds[0] > bounds[1] || bounds[1] > bounds[2]) {
    const bool first = bounds[0] > bounds[1];
    return call_error(
        fmt::format("invalid slice index: {} > {}", bounds[first ? 0 : 1], bounds[first ? 1 : 2]));
  }
  if (text) return Value::text(item.as_text().substr(bounds[0], bounds[1] - bounds[0]));
  const auto begin = item.items().begin();
  return Value::list(Items(begin + static_cast<std::ptrdiff_t>(bounds[0]),
                           begin + static_cast<std::ptrdiff_t>(bounds[1])),
                     item.type());
}

Result<Value> call(Args args) {
  if (args[0].is_nil()) return call_error("call of nil");
  return call_error(
      fmt::format("non-function {} of type {}", value_text(args[0]), type_name(args[0])));
}

constexpr Function kFunctions[] = {
    // The executor has these two: they do not evaluate all their arguments.
    {"and", "vv*", [](Args args) -> Result<Value> { return args[0]; }},
    {"or", "vv*", [](Args args) -> Result<Value> { return args[0]; }},
    {"not", "v", [](Args args) -> Result<Value> { return Value::boolean(!is_true(args[0])); }},
    {"call", "vv*", call},
    {"html", "a*", html},
    {"js", "a*", js},
    {"urlquery", "a*", urlquery},
    {"len", "v", length},
    {"index", "vv*", index},
    {"slice", "vv*", slice},
    {"print", "a*", [](Args args) -> Result<Value> { return Value::text(sprint(args)); }},
    {"println", "a*", [](Args args) -> Result<Value> { return Value::text(sprintln(args)); }},
    {"printf", "sa*",
     [](Args args) -> Result<Value> {
       return Value::text(sprintf(args[0].as_text(), args.subspan(1)));
     }},
};

}  // namespace

std::span<const Function> builtin_functions() { return kFunctions; }

}  // namespace zelus::templates
