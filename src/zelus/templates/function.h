#pragma once
#include <span>
#include <string_view>

#include "zelus/templates/value.h"

namespace zelus::templates {

using bia::Error;
using bia::Result;
using Args = std::span<Value>;

/// One that templates may call. `params` has a letter for each parameter: s string, i int, u
/// uint32, f float64, b bool, t time.Time, m map[string]interface {}, l []interface {}, c
/// sprig.certificate, a interface {}, v reflect.Value (as Go's own functions have it); a '*' after
/// the last: any number of those.
struct Function {
  std::string_view name;
  std::string_view params;
  Result<Value> (*call)(Args args);

  bool variadic() const { return params.ends_with('*'); }
  /// Without the variadic one.
  size_t fixed() const { return variadic() ? params.size() - 2 : params.size(); }
};

/// kBuiltin: Go's own; kAll: ghz's and sprig's too, which come first.
enum class Functions { kBuiltin, kAll };
const Function* find_function(std::string_view name, Functions which);

/// What a call fails with; its caller says which call it was.
Error call_error(std::string text);

// The tables, a file each.
std::span<const Function> builtin_functions();
std::span<const Function> compare_functions();
std::span<const Function> random_functions();
std::span<const Function> text_functions();
std::span<const Function> word_functions();
std::span<const Function> list_functions();
std::span<const Function> map_functions();
std::span<const Function> number_functions();
std::span<const Function> value_functions();
std::span<const Function> json_functions();
std::span<const Function> time_functions();
std::span<const Function> regex_functions();
std::span<const Function> version_functions();
std::span<const Function> address_functions();
std::span<const Function> crypto_functions();
std::span<const Function> certificate_functions();

/// The longest text that one call makes of a number that it was given (repeat, randAlpha): a
/// template must not ask for all memory.
inline constexpr int64_t kMadeBytesMax = 16 << 20;
/// The most items that one call makes of a number (until, untilStep, seq).
inline constexpr int64_t kMadeItemsMax = 1 << 20;

}  // namespace zelus::templates
