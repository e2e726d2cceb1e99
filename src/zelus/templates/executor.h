#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "zelus/templates/node.h"

namespace zelus::templates {

/// One execution of a template: Go's text/template/exec. A null `final` is none: the value that a
/// pipeline hands to its next command.
class Executor {
 public:
  Executor(const Tree& tree, const Record& data, std::string& out)
      : tree_(tree), out_(out), name_(&tree.name), variables_{{"$", Value::record(data)}} {}
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  ~Executor() { empty_maps(std::move(changed_)); }
  Result<void> run();

 private:
  enum class Flow { kNext, kBreak, kContinue };

  Result<Flow> walk(const Value& dot, const Node& node);
  Result<Flow> walk_control(const Value& dot, const Node& node);
  Result<Flow> walk_list(const Value& dot, const Node& list);
  Result<Flow> walk_if(const Value& dot, const Node& node);
  Result<Flow> walk_range(const Value& dot, const Node& node);
  Result<Flow> iterate(const Node& node, const Value& over);
  Result<Flow> iteration(const Node& node, const Value& index, const Value& item);
  Result<Flow> walk_template(const Value& dot, const Node& node);

  Result<Value> pipeline(const Value& dot, const Node& pipe);
  Result<Value> command(const Value& dot, const Node& command, const Value* final);
  Result<Value> constant(const Node& node);
  Result<Value> variable(const Value& dot, const Node& node, const Node* command,
                         const Value* final);
  Result<Value> chain(const Value& dot, const Node& node, const Node* command, const Value* final);
  Result<Value> fields(const Value& dot, Value receiver, const std::string* names, size_t count,
                       const Node& node, const Node* command, const Value* final);
  /// `of_map`: the receiver came out of a map[string]interface {}, whose type errors name.
  Result<Value> field(const Value& dot, const std::string& name, const Node& node,
                      const Node* command, const Value* final, const Value& receiver, bool of_map);
  /// `command`'s arguments after its first; null: none. `receiver`: of a method.
  Result<Value> call(const Value& dot, const Function& function, const Node& shown,
                     const Node* command, const Value* final, const Value* receiver);
  Result<Value> and_or(const Value& dot, bool is_or, const Node* command, const Value* final);
  Result<Value> argument(const Value& dot, char letter, const Node& node);
  Result<Value> literal_argument(char letter, const Node& node);
  Result<Value> fit(Value value, char letter);
  Result<void> no_function(const Node& command, const Value* final);
  Result<void> step();

  Error wrong(std::string_view what) const;
  size_t argument_count(const Node* command) const {
    return command == nullptr ? 0 : command->children.size() - 1;
  }

  const Tree& tree_;
  std::string& out_;
  const std::string* name_;
  const Node* at_ = nullptr;
  std::vector<std::pair<std::string_view, Value>> variables_;
  std::vector<Value> changed_;  // Maps that something was put into: they may hold themselves.
  uint64_t steps_ = 0;
  size_t depth_ = 0;   // of {{template}}
  size_t levels_ = 0;  // of controls, in all templates
};

/// The methods of a time, a duration, a version: called with it as their first argument. Null
/// where it has none such.
const Function* find_method(Type type, std::string_view name);

}  // namespace zelus::templates
