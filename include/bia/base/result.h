#pragma once
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "bia/base/assert.h"
#include "bia/base/error.h"

namespace bia {

/// A value or the Error that took its place.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  // Implicit on purpose: `return value;` and `return Error(…);` are how results are made.
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <typename U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}
  // NOLINTEND(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    BIA_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  const T& value() const& {
    BIA_ASSERT(ok());
    return *std::get_if<0>(&state_);
  }
  T&& value() && {
    BIA_ASSERT(ok());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & {
    BIA_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  const Error& error() const& {
    BIA_ASSERT(!ok());
    return *std::get_if<1>(&state_);
  }
  Error&& error() && {
    BIA_ASSERT(!ok());
    return std::move(*std::get_if<1>(&state_));
  }
  /// Drops the result; `why` is for the reader.
  void ignore(const char* why) const { static_cast<void>(why); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { BIA_ASSERT(ok()); }
  Error& error() & {
    BIA_ASSERT(!ok());
    return *error_;
  }
  const Error& error() const& {
    BIA_ASSERT(!ok());
    return *error_;
  }
  Error&& error() && {
    BIA_ASSERT(!ok());
    return std::move(*error_);
  }
  void ignore(const char* why) const { static_cast<void>(why); }

 private:
  std::optional<Error> error_;
};

}  // namespace bia

/// `auto x = BIA_TRY(f());` is f's value, or returns f's error from the enclosing function. A
/// statement expression: g++ and clang. The variable has a name of its own, so that uses may nest.
/// Not inside a braced initialiser, `T{f(), BIA_TRY(g())}`: g++ 12 does not destroy what stands
/// before it when it returns.
#define BIA_TRY(...) BIA_TRY_NUMBERED(__COUNTER__, __VA_ARGS__)
#define BIA_TRY_NUMBERED(number, ...) BIA_TRY_PASTED(number, __VA_ARGS__)
#define BIA_TRY_PASTED(number, ...) BIA_TRY_NAMED(bia_try_##number, __VA_ARGS__)
#define BIA_TRY_NAMED(name, ...)                    \
  __extension__({                                   \
    auto name = (__VA_ARGS__);                      \
    if (!name.ok()) return std::move(name).error(); \
    std::move(name).value();                        \
  })
