#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "zelus/templates/function.h"

namespace zelus::templates {

enum class NodeKind {
  kText,
  kAction,
  kIf,
  kRange,
  kWith,
  kTemplate,
  kBreak,
  kContinue,
  kEnd,   ///< of a list; in no tree
  kElse,  ///< as kEnd
  kList,
  kPipe,
  kCommand,
  kIdentifier,
  kField,
  kVariable,
  kChain,
  kDot,
  kNil,
  kBool,
  kNumber,
  kString
};

/// A number's readings, as Go's constants have several.
struct Number {
  bool is_int = false, is_uint = false, is_float = false;
  int64_t integer = 0;
  uint64_t natural = 0;
  double real = 0;
};

/// One of a parsed template's tree.
struct Node {
  NodeKind kind = NodeKind::kText;
  size_t at = 0;                   ///< in the text, for errors
  std::string text;                ///< text, identifier, template's name; a literal as it was typed
  std::string value;               ///< of kString
  std::vector<std::string> names;  ///< kField, kChain: fields; kVariable: "$x", fields
  std::vector<std::string> declared;  ///< kPipe: variables
  bool assigns = false;               ///< kPipe: "=" and not ":="
  std::vector<std::unique_ptr<Node>>
      children;  ///< kList, kPipe: commands, kCommand: arguments, kChain: its base
  std::unique_ptr<Node> pipe, list, else_list;  ///< of controls and actions
  Number number;
  bool truth = false;                  ///< kBool
  const Function* function = nullptr;  ///< kIdentifier
};
using NodePtr = std::unique_ptr<Node>;

/// As Go's errors show it.
std::string node_text(const Node& node);

/// What a text was parsed to.
struct Tree {
  std::string name;
  std::string text;
  NodePtr root;
  std::map<std::string, NodePtr, std::less<>> templates;  ///< {{define}} and {{block}}
};

}  // namespace zelus::templates
