#include "zelus/templates/executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "codec/go_quote.h"
#include "zelus/templates/format.h"
#include "zelus/templates/template.h"

namespace zelus::templates {

using bia::codec::go_quote;

Error Executor::wrong(std::string_view what) const {
  const size_t at = at_ != nullptr ? at_->at : 0;
  const std::string_view before = std::string_view(tree_.text).substr(0, at);
  const size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? at : at - newline - 1;
  return Error(bia::Code::kInvalidArgument, "TEMPLATE",
               fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", tree_.name, line, column,
                           go_quote(*name_), at_ != nullptr ? node_text(*at_) : "", what));
}

Result<void> Executor::step() {
  if (++steps_ > kStepsMax) return wrong(fmt::format("more than {} steps", kStepsMax));
  if (out_.size() > kOutputBytesMax)
    return wrong(fmt::format("makes more than {} bytes", kOutputBytesMax));
  return {};
}

Result<void> Executor::run() {
  const Value dot = variables_[0].second;
  BIA_TRY(walk_list(dot, *tree_.root));
  return {};
}

Result<Executor::Flow> Executor::walk_list(const Value& dot, const Node& list) {
  for (const NodePtr& node : list.children) {
    const Flow flow = BIA_TRY(walk(dot, *node));
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Result<Executor::Flow> Executor::walk(const Value& dot, const Node& node) {
  at_ = &node;
  BIA_TRY(step());
  switch (node.kind) {
    case NodeKind::kText:
      out_ += node.text;
      return Flow::kNext;
    case NodeKind::kAction: {
      const Value value = BIA_TRY(pipeline(dot, *node.pipe));
      if (node.pipe->declared.empty()) print_action(out_, value);
      return Flow::kNext;
    }
    case NodeKind::kBreak:
      return Flow::kBreak;
    case NodeKind::kContinue:
      return Flow::kContinue;
    case NodeKind::kIf:
    case NodeKind::kWith:
    case NodeKind::kRange:
    case NodeKind::kTemplate:
      return walk_control(dot, node);
    default:
      return walk_list(dot, node);
  }
}

Result<Executor::Flow> Executor::walk_control(const Value& dot, const Node& node) {
  if (levels_ == kLevelsMax)
    return wrong(fmt::format("controls and templates more than {} levels deep", kLevelsMax));
  ++levels_;
  Result<Flow> flow = node.kind == NodeKind::kRange      ? walk_range(dot, node)
                      : node.kind == NodeKind::kTemplate ? walk_template(dot, node)
                                                         : walk_if(dot, node);
  --levels_;
  return flow;
}

Result<Executor::Flow> Executor::walk_if(const Value& dot, const Node& node) {
  const size_t mark = variables_.size();
  const Value value = BIA_TRY(pipeline(dot, *node.pipe));
  Flow flow = Flow::kNext;
  if (is_true(value)) {
    flow = BIA_TRY(walk(node.kind == NodeKind::kWith ? value : dot, *node.list));
  } else if (node.else_list) {
    flow = BIA_TRY(walk(dot, *node.else_list));
  }
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::iteration(const Node& node, const Value& index,
                                           const Value& item) {
  const Node& pipe = *node.pipe;
  const size_t mark = variables_.size();
  auto set = [&](size_t which, const Value& value) {
    if (pipe.assigns) {
      auto found = std::find_if(variables_.rbegin(), variables_.rend(), [&](const auto& known) {
        return known.first == pipe.declared[which];
      });
      if (found != variables_.rend()) found->second = value;
    } else {
      // Pushed by the pipeline, in order.
      variables_[mark - pipe.declared.size() + which].second = value;
    }
  };
  if (pipe.declared.size() == 1) set(0, item);
  if (pipe.declared.size() > 1) {
    set(0, index);
    set(1, item);
  }
  const Flow flow = BIA_TRY(walk(item, *node.list));
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::iterate(const Node& node, const Value& over) {
  if (over.is_integer()) {
    for (int64_t i = 0; i < over.as_int(); ++i) {
      if (BIA_TRY(iteration(node, Value(), Value::integer(i, over.type()))) == Flow::kBreak) break;
    }
  } else if (over.is_list()) {
    for (size_t i = 0; i < over.items().size(); ++i) {
      const Value index = Value::integer(static_cast<int64_t>(i));
      if (BIA_TRY(iteration(node, index, over.items()[i])) == Flow::kBreak) break;
    }
  } else {
    const Members members = over.members();  // The body may change it.
    for (const auto& [key, item] : members) {
      if (BIA_TRY(iteration(node, Value::text(key), item)) == Flow::kBreak) break;
    }
  }
  return Flow::kNext;
}

Result<Executor::Flow> Executor::walk_range(const Value& dot, const Node& node) {
  const size_t mark = variables_.size();
  const Value over = BIA_TRY(pipeline(dot, *node.pipe));
  bool empty = over.is_nil();
  if (over.is_integer()) {
    if (node.pipe->declared.size() > 1)
      return wrong(
          fmt::format("can't use {} to iterate over more than one variable", value_text(over)));
    empty = over.as_int() <= 0;
  } else if (over.is_list()) {
    empty = over.items().empty();
  } else if (over.is_map()) {
    empty = over.members().empty();
  } else if (!over.is_nil()) {
    return wrong(fmt::format("range can't iterate over {}", value_text(over)));
  }
  Flow flow = Flow::kNext;
  if (!empty) {
    flow = BIA_TRY(iterate(node, over));
  } else if (node.else_list) {
    flow = BIA_TRY(walk(dot, *node.else_list));
  }
  variables_.resize(mark);
  return flow;
}

Result<Executor::Flow> Executor::walk_template(const Value& dot, const Node& node) {
  const auto found = tree_.templates.find(node.value);
  const bool is_self = found == tree_.templates.end() && node.value == tree_.name;
  if (found == tree_.templates.end() && !is_self)
    return wrong(fmt::format("template {} not defined", node.text));
  if (depth_ == kTemplateDepthMax)
    return wrong(fmt::format("exceeded maximum template depth ({})", kTemplateDepthMax));
  Value inner;
  if (node.pipe) inner = BIA_TRY(pipeline(dot, *node.pipe));
  std::vector<std::pair<std::string_view, Value>> outer;
  outer.emplace_back("$", inner);
  outer.swap(variables_);
  const std::string* name = std::exchange(name_, is_self ? &tree_.name : &found->first);
  ++depth_;
  BIA_TRY(walk(inner, is_self ? *tree_.root : *found->second));
  --depth_;
  name_ = name;
  variables_.swap(outer);
  return Flow::kNext;
}

Result<Value> Executor::pipeline(const Value& dot, const Node& pipe) {
  at_ = &pipe;
  Value value;
  bool first = true;
  for (const NodePtr& command : pipe.children) {
    value = BIA_TRY(this->command(dot, *command, first ? nullptr : &value));
    first = false;
  }
  for (const std::string& name : pipe.declared) {
    if (!pipe.assigns) {
      variables_.emplace_back(name, value);
      continue;
    }
    auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                              [&](const auto& known) { return known.first == name; });
    if (found == variables_.rend()) return wrong(fmt::format("undefined variable: {}", name));
    found->second = value;
  }
  return value;
}

Result<void> Executor::no_function(const Node& command, const Value* final) {
  if (command.children.size() > 1 || final != nullptr)
    return wrong(
        fmt::format("can't give argument to non-function {}", node_text(*command.children[0])));
  return {};
}

Result<Value> Executor::command(const Value& dot, const Node& command, const Value* final) {
  const Node& first = *command.children[0];
  switch (first.kind) {
    case NodeKind::kField:
      at_ = &first;
      return fields(dot, dot, first.names.data(), first.names.size(), first, &command, final);
    case NodeKind::kChain:
      return chain(dot, first, &command, final);
    case NodeKind::kIdentifier:
      at_ = &first;
      return call(dot, *first.function, command, &command, final, nullptr);
    case NodeKind::kPipe:
      BIA_TRY(no_function(command, final));
      return pipeline(dot, first);
    case NodeKind::kVariable:
      return variable(dot, first, &command, final);
    default:
      break;
  }
  at_ = &first;
  BIA_TRY(no_function(command, final));
  if (first.kind == NodeKind::kDot) return dot;
  if (first.kind == NodeKind::kNil) return wrong("nil is not a command");
  return constant(first);
}

Result<Value> Executor::constant(const Node& node) {
  at_ = &node;
  if (node.kind == NodeKind::kBool) return Value::boolean(node.truth);
  if (node.kind == NodeKind::kString) return Value::text(node.value);
  const std::string_view text = node.text;
  const bool hex = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
                   text.find_first_of("pP") == std::string_view::npos;
  if (node.number.is_float && !hex && text[0] != '\'' &&
      text.find_first_of(".eEpP") != std::string_view::npos)
    return Value::real(node.number.real);
  if (node.number.is_int) return Value::integer(node.number.integer);
  return wrong(fmt::format("{} overflows int", text));
}

Result<Value> Executor::variable(const Value& dot, const Node& node, const Node* command,
                                 const Value* final) {
  at_ = &node;
  const auto found = std::find_if(variables_.rbegin(), variables_.rend(),
                                  [&](const auto& known) { return known.first == node.names[0]; });
  if (found == variables_.rend())
    return wrong(fmt::format("undefined variable: {}", node.names[0]));
  Value value = found->second;
  if (node.names.size() == 1) {
    if (command != nullptr) BIA_TRY(no_function(*command, final));
    return value;
  }
  return fields(dot, std::move(value), node.names.data() + 1, node.names.size() - 1, node, command,
                final);
}

Result<Value> Executor::chain(const Value& dot, const Node& node, const Node* command,
                              const Value* final) {
  at_ = &node;
  if (node.children[0]->kind == NodeKind::kNil)
    return wrong(fmt::format("indirection through explicit nil in {}", node_text(node)));
  Value base = BIA_TRY(argument(dot, 'a', *node.children[0]));
  return fields(dot, std::move(base), node.names.data(), node.names.size(), node, command, final);
}

Result<Value> Executor::fields(const Value& dot, Value receiver, const std::string* names,
                               size_t count, const Node& node, const Node* command,
                               const Value* final) {
  bool of_map = false;
  for (size_t i = 0; i + 1 < count; ++i) {
    const bool is_map = receiver.is(Type::kMap);
    receiver = BIA_TRY(field(dot, names[i], node, nullptr, nullptr, receiver, of_map));
    of_map = is_map;
  }
  return field(dot, names[count - 1], node, command, final, receiver, of_map);
}

Result<Value> Executor::field(const Value& dot, const std::string& name, const Node& node,
                              const Node* command, const Value* final, const Value& receiver,
                              bool of_map) {
  if (receiver.is_nil()) return Value();
  if (const Function* method = find_method(receiver.type(), name))
    return call(dot, *method, node, command, final, &receiver);
  const bool has_arguments = argument_count(command) > 0 || final != nullptr;
  if (receiver.is_map()) {
    if (has_arguments) return wrong(fmt::format("{} is not a method but has arguments", name));
    const auto found = receiver.members().find(name);
    return found == receiver.members().end() ? Value() : found->second;
  }
  Value out;
  bool known = false;
  if (receiver.is(Type::kRecord)) {
    known = receiver.as_record().field(name, out);
  } else if (receiver.is(Type::kCertificate) && (name == "Cert" || name == "Key")) {
    known = true;
    out = Value::text(name == "Cert" ? receiver.as_certificate().cert
                                     : receiver.as_certificate().key);
  }
  if (!known)
    return wrong(fmt::format("can't evaluate field {} in type {}", name,
                             of_map ? "interface {}" : type_name(receiver)));
  if (has_arguments)
    return wrong(fmt::format("{} has arguments but cannot be invoked as function", name));
  return out;
}

}  // namespace zelus::templates
