#include "zelus/templates/function.h"

namespace zelus::templates {

Error call_error(std::string text) {
  return Error(bia::Code::kInvalidArgument, "TEMPLATE", std::move(text));
}

const Function* find_function(std::string_view name, Functions which) {
  using Table = std::span<const Function> (*)();
  // Sprig's slice hides Go's.
  constexpr Table kSprig[] = {
      random_functions,  text_functions,    word_functions,   list_functions,       map_functions,
      number_functions,  value_functions,   json_functions,   time_functions,       regex_functions,
      version_functions, address_functions, crypto_functions, certificate_functions};
  constexpr Table kBuiltin[] = {builtin_functions, compare_functions};
  auto find = [name](std::span<const Table> tables) -> const Function* {
    for (Table table : tables) {
      for (const Function& function : table()) {
        if (function.name == name) return &function;
      }
    }
    return nullptr;
  };
  const Function* found = which == Functions::kAll ? find(kSprig) : nullptr;
  return found != nullptr ? found : find(kBuiltin);
}

}  // namespace zelus::templates
