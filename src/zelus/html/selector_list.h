#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zelus/html/selector.h"

namespace zelus::html {

/// What a parsed selector is made of; selector_parser.cc makes it, selector.cc matches with it.
struct SimpleSelector {
  enum class Kind : uint8_t {
    kAny,
    kTag,
    kId,
    kClass,
    kAttribute,    ///< name, operation, value
    kNot,          ///< inner
    kHas,          ///< inner, of a descendant
    kHasChild,     ///< inner, of a child
    kContains,     ///< value, lower case, in all text
    kContainsOwn,  ///< value, lower case, in its own text
    kNth,          ///< step and offset
    kOnly,
    kInput,
    kEmpty,
    kRoot,
    kLink,
    kLang,
    kEnabled,
    kDisabled,
    kChecked,
    kNever,  ///< :hover and its kin, which a page at rest has none of
  };
  Kind kind = Kind::kAny;
  std::string name, value;
  /// 0: the attribute is there; '=', '!' (not equal), '~', '|', '^', '$', '*'.
  char operation = 0;
  bool ignore_case = false;
  int step = 0, offset = 0;
  bool from_end = false, of_type = false;
  std::unique_ptr<Selector::List> inner;
};

using CompoundSelector = std::vector<SimpleSelector>;

struct ComplexSelector {
  std::vector<CompoundSelector> parts;
  /// Between parts[i] and parts[i + 1]: ' ', '>', '+' or '~'.
  std::vector<char> combinators;
};

struct Selector::List {
  std::vector<ComplexSelector> any;
};

/// Errors: as Selector::parse.
Result<std::unique_ptr<Selector::List>> parse_selector(std::string_view text);

}  // namespace zelus::html
