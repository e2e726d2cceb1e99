#include "zelus/templates/node.h"

namespace zelus::templates {
namespace {

void append(std::string& out, const Node& node);

void append_argument(std::string& out, const Node& node) {
  const bool parens = node.kind == NodeKind::kPipe;
  if (parens) out += '(';
  append(out, node);
  if (parens) out += ')';
}

void append_pipe(std::string& out, const Node& node) {
  for (size_t i = 0; i < node.declared.size(); ++i) {
    if (i > 0) out += ", ";
    out += node.declared[i];
  }
  if (!node.declared.empty()) out += node.assigns ? " = " : " := ";
  for (size_t i = 0; i < node.children.size(); ++i) {
    if (i > 0) out += " | ";
    append(out, *node.children[i]);
  }
}

void append(std::string& out, const Node& node) {
  switch (node.kind) {
    case NodeKind::kAction:
      out += "{{";
      append_pipe(out, *node.pipe);
      out += "}}";
      return;
    case NodeKind::kTemplate:
      out += "{{template " + node.text;
      if (node.pipe) {
        out += ' ';
        append_pipe(out, *node.pipe);
      }
      out += "}}";
      return;
    case NodeKind::kPipe:
      return append_pipe(out, node);
    case NodeKind::kCommand:
      for (size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) out += ' ';
        append_argument(out, *node.children[i]);
      }
      return;
    case NodeKind::kVariable:
      for (size_t i = 0; i < node.names.size(); ++i) out += (i > 0 ? "." : "") + node.names[i];
      return;
    case NodeKind::kChain:
      append_argument(out, *node.children[0]);
      [[fallthrough]];
    case NodeKind::kField:
      for (const std::string& name : node.names) out += '.' + name;
      return;
    case NodeKind::kDot:
      out += '.';
      return;
    default:
      out += node.text;
  }
}

}  // namespace

std::string node_text(const Node& node) {
  std::string out;
  append(out, node);
  return out;
}

}  // namespace zelus::templates
