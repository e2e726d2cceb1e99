// `k6/data`: SharedArray. The elements lie as JSON texts in memory that all users share; each
// access parses one.
#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

/// Array methods, `instanceof Array` and Array.isArray come from a Proxy round a real array whose
/// reads are natives: (elements, freeze) → proxy.
constexpr std::string_view kWrap = R"((function (length, at) {
  'use strict';
  const freeze = (v) => { if (v !== null && typeof v === 'object') { Object.values(v).forEach(freeze); Object.freeze(v); } return v; };
  const index = (key) => typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key) ? Number(key) : -1;
  const fail = () => { throw new TypeError('SharedArray is immutable'); };
  return new Proxy([], {
    get(target, key, receiver) {
      if (key === 'length') return length;
      const i = index(key);
      if (i >= 0) return i < length ? freeze(JSON.parse(at(i))) : undefined;
      return Reflect.get(target, key, receiver);
    },
    has(target, key) { const i = index(key); return i >= 0 ? i < length : Reflect.has(target, key); },
    ownKeys() { return Array.from({ length }, (_, i) => String(i)).concat('length'); },
    getOwnPropertyDescriptor(target, key) {
      if (key === 'length') return { value: 0, writable: true, enumerable: false, configurable: false };
      const i = index(key);
      return i >= 0 && i < length ? { value: freeze(JSON.parse(at(i))), writable: true, enumerable: true, configurable: true } : undefined;
    },
    set: fail, deleteProperty: fail, defineProperty: fail,
  });
}))";

JSValue element(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv, int,
                JSValueConst* data) {
  const auto& arrays = Vu::of(ctx).script().shared_arrays;
  auto found = arrays.find(to_text(ctx, data[0]));
  int64_t index = -1;
  if (argc < 1 || JS_ToInt64(ctx, &index, argv[0]) < 0) return JS_EXCEPTION;
  if (found == arrays.end() || index < 0 || static_cast<size_t>(index) >= found->second.size())
    return JS_UNDEFINED;
  return new_string(ctx, found->second[static_cast<size_t>(index)]);
}

JSValue wrap(JSContext* ctx, const std::string& name, size_t length) {
  Value factory(ctx, JS_Eval(ctx, kWrap.data(), kWrap.size(), "k6/data", JS_EVAL_TYPE_GLOBAL));
  if (factory.is_exception()) return JS_EXCEPTION;
  Value key(ctx, new_string(ctx, name));
  JSValueConst data = key.get();
  Value at(ctx, JS_NewCFunctionData(ctx, element, 1, 0, 1, &data));
  JSValueConst arguments[] = {JS_NewInt64(ctx, static_cast<int64_t>(length)), at.get()};
  return JS_Call(ctx, factory.get(), JS_UNDEFINED, 2, arguments);
}

JSValue construct(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (!vu.in_init())
    return throw_go_error(ctx, "new SharedArray must be called in the init context");
  std::string name = to_text(ctx, argument(argc, argv, 0));
  if (name.empty()) return throw_go_error(ctx, "empty name provided to SharedArray's constructor");
  JSValueConst make = argument(argc, argv, 1);
  if (is_async_function(ctx, make))
    return throw_go_error(
        ctx, "SharedArray constructor does not support async functions as second argument");
  if (!JS_IsFunction(ctx, make))
    return throw_go_error(
        ctx, "a function is expected as the second argument of SharedArray's constructor");
  auto& arrays = vu.script().shared_arrays;
  auto found = arrays.find(name);
  if (found == arrays.end()) {
    Value made(ctx, JS_Call(ctx, make, JS_UNDEFINED, 0, nullptr));
    if (made.is_exception()) return JS_EXCEPTION;
    if (made.is_undefined() || JS_IsNull(made.get()))
      return JS_ThrowTypeError(ctx, "Cannot convert undefined or null to object");
    if (!JS_IsArray(made.get()))
      return throw_go_error(ctx, "only arrays can be made into SharedArray");
    if (vu.script().frozen) {
      return throw_go_error(
          ctx, fmt::format(
                   "the SharedArray \"{}\" was not made when the script was first read (__VU==0)",
                   name));
    }
    int64_t length = 0;
    JS_GetLength(ctx, made.get(), &length);
    std::vector<std::string> elements;
    for (int64_t i = 0; i < length; ++i) {
      std::string json =
          bia::js::to_json(ctx, Value(ctx, JS_GetPropertyInt64(ctx, made.get(), i)).get());
      if (JS_HasException(ctx)) return JS_EXCEPTION;
      elements.push_back(json.empty() ? "null" : std::move(json));
    }
    found = arrays.emplace(name, std::move(elements)).first;
  }
  return wrap(ctx, name, found->second.size());
}

bool fill(JSContext* ctx, JSValueConst object) {
  define(ctx, object, "SharedArray",
         JS_NewCFunction2(ctx, construct, "SharedArray", 2, JS_CFUNC_constructor, 0));
  return true;
}

}  // namespace

void add_data_module(bia::js::ModuleSet& modules) {
  modules.add_native({"k6/data", {"SharedArray"}, &fill});
}

}  // namespace zelus::modules
