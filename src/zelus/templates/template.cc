#include "zelus/templates/template.h"

#include <algorithm>

#include "zelus/templates/executor.h"
#include "zelus/templates/parser.h"

namespace zelus::templates {

Template::Template() = default;

Result<Template> Template::parse(std::string name, std::string_view text, Functions functions) {
  Template out;
  out.tree_ = BIA_TRY(parse_tree(std::move(name), text, functions));
  return out;
}

bool Template::has_action() const {
  if (tree_ == nullptr) return false;
  const auto& nodes = tree_->root->children;
  return std::any_of(nodes.begin(), nodes.end(),
                     [](const NodePtr& node) { return node->kind == NodeKind::kAction; });
}

Result<void> Template::execute(const Record& data, std::string& out) const {
  if (tree_ == nullptr) return {};
  return Executor(*tree_, data, out).run();
}

}  // namespace zelus::templates
