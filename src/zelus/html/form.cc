#include "zelus/html/form.h"

#include <algorithm>

namespace zelus::html {

namespace {

std::string option_value(const Document& document, const Node& option) {
  const std::string* value = option.attribute("value");
  return value != nullptr ? *value : document.inner_html(option);  // as k6
}

FieldValue select_value(const Document& document, const Node& select) {
  std::vector<std::string> chosen;
  for (size_t i = select.index + 1; i < select.end; ++i) {
    const Node& at = document.at(i);
    if (at.is("option") && at.attribute("selected") != nullptr)
      chosen.push_back(option_value(document, at));
  }
  if (select.attribute("multiple") != nullptr) return chosen;
  return chosen.empty() ? std::string() : chosen.front();
}

/// As k6 decides it: an attribute counts only with its own name as its value.
bool is_sent(const Node& node) {
  std::string type = node.attribute_or("type", "");
  for (const char* unsent : {"submit", "button", "reset", "image", "file"}) {
    if (type == unsent) return false;
  }
  if (node.attribute_or("name", "").empty() || node.attribute_or("disabled", "") == "disabled")
    return false;
  return node.attribute_or("checked", "") == "checked" || (type != "checkbox" && type != "radio");
}

bool is_submittable(const Node& node) {
  return node.is("input") || node.is("select") || node.is("textarea") || node.is("keygen");
}

}  // namespace

std::optional<FieldValue> field_value(const Document& document, const Node& node) {
  if (node.is("input")) {
    std::string type = node.attribute_or("type", "");
    bool box = type == "checkbox" || type == "radio";
    return node.attribute_or("value", box ? "on" : "");
  }
  if (node.is("button")) return node.attribute_or("value", "");
  if (node.is("option")) return option_value(document, node);
  if (node.is("select")) return select_value(document, node);
  if (node.is("textarea")) return document.inner_html(node);
  return std::nullopt;
}

std::vector<std::pair<std::string, FieldValue>> form_values(const Document& document,
                                                            const std::vector<const Node*>& nodes) {
  bool form = std::any_of(nodes.begin(), nodes.end(), [](const Node* n) { return n->is("form"); });
  std::vector<const Node*> fields;
  for (const Node* node : nodes) {
    if (!form) {
      if (is_submittable(*node)) fields.push_back(node);
      continue;
    }
    for (size_t i = node->index + 1; i < node->end; ++i) {
      if (is_submittable(document.at(i))) fields.push_back(&document.at(i));
    }
  }
  std::vector<std::pair<std::string, FieldValue>> out;
  for (const Node* field : fields) {
    if (!is_sent(*field)) continue;
    if (auto value = field_value(document, *field))
      out.emplace_back(field->attribute_or("name", ""), std::move(*value));
  }
  return out;
}

}  // namespace zelus::html
