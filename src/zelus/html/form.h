#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "zelus/html/document.h"

namespace zelus::html {

/// A field's value: one text, or those of a `select` with `multiple`.
using FieldValue = std::variant<std::string, std::vector<std::string>>;

/// k6's Selection.val() of one element; nullopt for what is no field.
std::optional<FieldValue> field_value(const Document& document, const Node& node);

/// k6's Selection.serializeArray(): of each field, or of the fields of a form.
std::vector<std::pair<std::string, FieldValue>> form_values(const Document& document,
                                                            const std::vector<const Node*>& nodes);

}  // namespace zelus::html
