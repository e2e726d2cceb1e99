#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "zelus/templates/node.h"

namespace zelus::templates {

/// Go's text/template/parse, with its error texts. Errors: kInvalidArgument.
Result<std::shared_ptr<const Tree>> parse_tree(std::string name, std::string_view text,
                                               Functions functions);

/// Controls, definitions and parentheses nest no deeper: a call renders on a fiber's small stack.
inline constexpr size_t kNestingMax = 24;

}  // namespace zelus::templates
