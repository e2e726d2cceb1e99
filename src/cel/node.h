#pragma once
#include <re2/re2.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "cel/cel.h"
#include "cel/function.h"
#include "cel/moment.h"

namespace bia::cel {

using NodePtr = std::unique_ptr<Node>;

class ConstNode final : public Node {
 public:
  explicit ConstNode(Value value) : value_(value) {}
  Value evaluate(Evaluation&) const override { return value_; }
  const Value& value() const { return value_; }

 private:
  Value value_;
};

/// A list of constants: made once.
class ConstListNode final : public Node {
 public:
  explicit ConstListNode(std::vector<Value> values)
      : values_(std::move(values)), list_(values_.data(), values_.size()) {}
  Value evaluate(Evaluation&) const override { return Value::of_list(&list_); }

 private:
  std::vector<Value> values_;
  ArrayList list_;
};

/// A variable.
class SlotNode final : public Node {
 public:
  explicit SlotNode(size_t slot) : slot_(slot) {}
  Value evaluate(Evaluation& evaluation) const override { return evaluation.slots[slot_]; }

 private:
  size_t slot_;
};

class NowNode final : public Node {
 public:
  Value evaluate(Evaluation& evaluation) const override { return evaluation.now(); }
};

/// A message's field that is known beforehand.
class FieldNode final : public Node {
 public:
  FieldNode(NodePtr of, const google::protobuf::FieldDescriptor* field, bool test)
      : of_(std::move(of)), field_(field), test_(test) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  NodePtr of_;
  const google::protobuf::FieldDescriptor* field_;
  bool test_;  ///< has()
};

/// `of.name` where `of` is a map, or anything.
class SelectNode final : public Node {
 public:
  SelectNode(NodePtr of, std::string_view name, bool test)
      : of_(std::move(of)), name_(name), test_(test) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  NodePtr of_;
  std::string_view name_;
  bool test_;
};

/// getField(message, name)
class GetFieldNode final : public Node {
 public:
  GetFieldNode(NodePtr of, NodePtr name) : of_(std::move(of)), name_(std::move(name)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  NodePtr of_;
  NodePtr name_;
};

/// A function. Where more than one shape is possible, or a type is known only now, the values
/// decide.
class CallNode final : public Node {
 public:
  CallNode(std::vector<const Overload*> shapes, std::vector<NodePtr> arguments, bool exact)
      : shapes_(std::move(shapes)), arguments_(std::move(arguments)), exact_(exact) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  Value choose(Evaluation& evaluation, const Value* values) const;
  std::vector<const Overload*> shapes_;
  std::vector<NodePtr> arguments_;
  bool exact_;  ///< One shape, whose types are certain.
};

/// a && b && …, a || b || …: what one part decides, an error in another does not undo.
class LogicNode final : public Node {
 public:
  LogicNode(std::vector<NodePtr> parts, bool is_or) : parts_(std::move(parts)), or_(is_or) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  std::vector<NodePtr> parts_;
  bool or_;
};

class ConditionNode final : public Node {
 public:
  ConditionNode(NodePtr condition, NodePtr yes, NodePtr no)
      : condition_(std::move(condition)), yes_(std::move(yes)), no_(std::move(no)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  NodePtr condition_, yes_, no_;
};

/// Operators that take values of any type: ==, !=, in, [], and type().
class AnyNode final : public Node {
 public:
  enum class Operator : uint8_t { kEqual, kNotEqual, kIn, kIndex, kType };
  AnyNode(Operator which, NodePtr left, NodePtr right)
      : which_(which), left_(std::move(left)), right_(std::move(right)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  Operator which_;
  NodePtr left_, right_;
};

class ListNode final : public Node {
 public:
  explicit ListNode(std::vector<NodePtr> parts) : parts_(std::move(parts)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  std::vector<NodePtr> parts_;
};

/// Keys and values by turns.
class MapNode final : public Node {
 public:
  explicit MapNode(std::vector<NodePtr> parts) : parts_(std::move(parts)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  std::vector<NodePtr> parts_;
};

class MessageNode final : public Node {
 public:
  using Field = std::pair<const google::protobuf::FieldDescriptor*, NodePtr>;
  MessageNode(const google::protobuf::Descriptor* type, google::protobuf::MessageFactory& factory,
              std::vector<Field> fields)
      : type_(type), factory_(factory), fields_(std::move(fields)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  const google::protobuf::Descriptor* type_;
  google::protobuf::MessageFactory& factory_;
  std::vector<Field> fields_;
};

/// The macros over a list's elements or a map's keys.
class LoopNode final : public Node {
 public:
  enum class Macro : uint8_t { kAll, kExists, kExistsOne, kFilter, kMap };
  /// `condition` or `result` may be null where the macro has none.
  LoopNode(Macro macro, size_t slot, NodePtr range, NodePtr condition, NodePtr result)
      : macro_(macro),
        slot_(slot),
        range_(std::move(range)),
        condition_(std::move(condition)),
        result_(std::move(result)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  template <typename At>
  Value quantify(Evaluation& evaluation, size_t size, At&& at) const;
  template <typename At>
  Value collect(Evaluation& evaluation, size_t size, At&& at) const;
  Macro macro_;
  size_t slot_;
  NodePtr range_, condition_, result_;
};

/// matches() with a pattern that is written out.
class MatchNode final : public Node {
 public:
  MatchNode(NodePtr text, std::unique_ptr<re2::RE2> pattern)
      : text_(std::move(text)), pattern_(std::move(pattern)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  NodePtr text_;
  std::unique_ptr<re2::RE2> pattern_;
};

/// A timestamp seen from a time zone that is written out.
class ZoneNode final : public Node {
 public:
  ZoneNode(NodePtr timestamp, std::unique_ptr<Zone> zone)
      : timestamp_(std::move(timestamp)), zone_(std::move(zone)) {}
  Value evaluate(Evaluation& evaluation) const override;

 private:
  NodePtr timestamp_;
  std::unique_ptr<Zone> zone_;
};

}  // namespace bia::cel
