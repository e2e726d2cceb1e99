#pragma once
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "cel/evaluation.h"
#include "cel/type.h"
#include "cel/value.h"

namespace google::protobuf {
class DescriptorPool;
class MessageFactory;
}  // namespace google::protobuf

namespace bia::cel {

/// What the names in an expression mean.
struct Environment {
  struct Variable {
    std::string_view name;
    const Type* type;
  };
  /// In the order in which `evaluate` takes their values. `now` is there besides.
  std::vector<Variable> variables;
  /// Where messages and enums are looked up, then in the program's own.
  const google::protobuf::DescriptorPool* pool = nullptr;
  /// Makes the messages of literals; without, the program's own.
  google::protobuf::MessageFactory* factory = nullptr;
  /// A package whose names need no package in front.
  std::string_view container = {};
};

/// A piece of a program that gives a value.
class Node {
 public:
  virtual ~Node() = default;
  virtual Value evaluate(Evaluation& evaluation) const = 0;
};

/// An expression in Google's Common Expression Language (cel-spec's langdef.md), checked and ready.
/// Any thread may evaluate it.
class Program {
 public:
  /// Errors: kInvalidArgument, with "column 5: …" for what is no expression, names nothing, or
  /// does not fit its types.
  static Result<Program> compile(std::string_view expression, const Environment& environment);
  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  /// What it gives; kDyn where only a value will tell.
  Kind kind() const { return kind_; }
  /// The value lives as long as the evaluation and what the variables view.
  Value evaluate(Evaluation& evaluation, std::span<const Value> variables) const;

 private:
  struct Parsed;
  Program();
  std::unique_ptr<Parsed> parsed_;  // Before the nodes, which view its texts.
  std::unique_ptr<Node> root_;
  Kind kind_ = Kind::kDyn;
  size_t slots_ = 0;
};

}  // namespace bia::cel
