#pragma once
#include <span>
#include <string_view>

#include "cel/value.h"

namespace bia::cel {

/// One of the shapes of a function: `size(string)`, `"x".matches(string)`. kDyn takes and gives
/// anything; lists and maps take any of theirs.
struct Overload {
  static constexpr size_t kArgumentsMax = 4;
  using Code = Value (*)(Evaluation&, const Value*);

  std::string_view name;
  bool is_member = false;
  uint8_t count = 0;
  Kind parameters[kArgumentsMax] = {};
  Kind result = Kind::kDyn;
  Code code = nullptr;  ///< Its arguments are of `parameters`, and no errors.
};

// The standard functions of cel-spec, the strings of cel-go's extension and what protovalidate
// adds.
std::span<const Overload> arithmetic_overloads();
std::span<const Overload> relation_overloads();
std::span<const Overload> conversion_overloads();
std::span<const Overload> text_overloads();
std::span<const Overload> text_extension_overloads();
std::span<const Overload> time_overloads();
std::span<const Overload> protovalidate_overloads();

/// As `format` and messages show it: "1.5", "[1, 2]".
void append_text(Evaluation& evaluation, std::string& out, const Value& value);

}  // namespace bia::cel
