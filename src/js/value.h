#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "js/engine.h"

namespace bia::js {

/// An owned JavaScript value.
class Value {
 public:
  Value() = default;
  /// Takes the reference.
  Value(JSContext* ctx, JSValue value) : ctx_(ctx), value_(value) {}
  static Value dup(JSContext* ctx, JSValueConst value) {
    return Value(ctx, JS_DupValue(ctx, value));
  }
  Value(Value&& other) noexcept
      : ctx_(other.ctx_), value_(std::exchange(other.value_, JS_UNDEFINED)) {}
  Value& operator=(Value&& other) noexcept {
    if (this != &other) {
      reset();
      ctx_ = other.ctx_;
      value_ = std::exchange(other.value_, JS_UNDEFINED);
    }
    return *this;
  }
  Value(const Value& other)
      : ctx_(other.ctx_),
        value_(other.ctx_ ? JS_DupValue(other.ctx_, other.value_) : other.value_) {}
  Value& operator=(const Value& other) { return *this = Value(other); }
  ~Value() { reset(); }

  void reset() {
    if (ctx_ != nullptr) JS_FreeValue(ctx_, std::exchange(value_, JS_UNDEFINED));
  }
  JSContext* context() const { return ctx_; }
  JSValueConst get() const { return value_; }
  /// Gives the reference away.
  JSValue release() { return std::exchange(value_, JS_UNDEFINED); }
  JSValue dup() const { return JS_DupValue(ctx_, value_); }

  bool is_exception() const { return JS_IsException(value_); }
  bool is_undefined() const { return JS_IsUndefined(value_); }
  bool is_nullish() const { return JS_IsUndefined(value_) || JS_IsNull(value_); }
  bool is_object() const { return JS_IsObject(value_); }
  bool is_string() const { return JS_IsString(value_); }
  bool is_function() const { return ctx_ != nullptr && JS_IsFunction(ctx_, value_); }

  /// A property; an exception stays pending in the context.
  Value property(const char* name) const {
    return Value(ctx_, JS_GetPropertyStr(ctx_, value_, name));
  }
  Value property(JSAtom name) const { return Value(ctx_, JS_GetProperty(ctx_, value_, name)); }
  Value at(uint32_t index) const { return Value(ctx_, JS_GetPropertyUint32(ctx_, value_, index)); }

 private:
  JSContext* ctx_ = nullptr;
  JSValue value_ = JS_UNDEFINED;
};

/// Writes U+FFFD over halves of surrogate pairs, which QuickJS gives as three bytes that are no
/// UTF-8. Only where there are some is `text` written to: QuickJS has made it for its caller then.
void replace_surrogates(const char* text, size_t size);

/// The UTF-8 text of a value while this lives. Not `ok` when the conversion threw.
class CString {
 public:
  CString(JSContext* ctx, JSValueConst value) : ctx_(ctx) {
    data_ = JS_ToCStringLen(ctx, &size_, value);
    if (data_ != nullptr) replace_surrogates(data_, size_);
  }
  CString(const CString&) = delete;
  CString& operator=(const CString&) = delete;
  ~CString() {
    if (data_ != nullptr) JS_FreeCString(ctx_, data_);
  }
  bool ok() const { return data_ != nullptr; }
  std::string_view view() const {
    return data_ != nullptr ? std::string_view(data_, size_) : std::string_view();
  }
  const char* c_str() const { return data_; }

 private:
  JSContext* ctx_;
  size_t size_ = 0;
  const char* data_;
};

inline JSValue new_string(JSContext* ctx, std::string_view text) {
  return JS_NewStringLen(ctx, text.data(), text.size());
}
/// `String(value)`; clears an exception of the conversion and gives "".
std::string to_text(JSContext* ctx, JSValueConst value);
/// Own, writable, enumerable, configurable; takes the reference.
void define(JSContext* ctx, JSValueConst object, std::string_view name, JSValue value);
/// `JSON.stringify(value)`; empty for what has no JSON. An exception stays pending and gives "".
std::string to_json(JSContext* ctx, JSValueConst value);

/// Throws a `GoError`, the error that k6 throws for itself, or a TypeError; of any length.
JSValue throw_go_error(JSContext* ctx, std::string_view message);
JSValue throw_type_error(JSContext* ctx, std::string_view message);

}  // namespace bia::js
