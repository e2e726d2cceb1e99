#include "bia/bia/cel_rule.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include <utility>

#include "cel/proto_value.h"
#include "cel/rule.h"

namespace bia::rules {
namespace {
namespace pb = google::protobuf;

/// The program's rules. Filled before main and emptied after it, while the program has one thread.
const CelRule* first_rule = nullptr;

cel::Value value_of(cel::Evaluation& evaluation, const This& value) {
  switch (value.kind) {
    case This::Kind::kBool:
      return cel::Value::of_bool(value.number != 0);
    case This::Kind::kInt:
      return cel::Value::of_int(value.number);
    case This::Kind::kUint:
      return cel::Value::of_uint(static_cast<uint64_t>(value.number));
    case This::Kind::kDouble:
      return cel::Value::of_double(value.fraction);
    case This::Kind::kString:
      return cel::Value::of_string(value.view);
    case This::Kind::kBytes:
      return cel::Value::of_bytes(value.view);
    case This::Kind::kMessage:
      return cel::value_of(evaluation, *value.object);
    case This::Kind::kField:
      break;
  }
  const auto* type = value.object->GetDescriptor();
  return cel::field_of(evaluation, *value.object,
                       type->FindFieldByNumber(static_cast<int>(value.number)));
}

/// As Go's %q, which protovalidate shows expressions with.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

class CelRule::Compiled {
 public:
  static Result<std::unique_ptr<Compiled>> make(const Source& source) {
    const auto& pool = *pb::DescriptorPool::generated_pool();
    cel::RuleTarget target;
    target.type = pool.FindMessageTypeByName(std::string(source.type));
    target.whole = source.whole;
    if (!target.type) return missing("the type", source.type);
    if (source.field) target.field = target.type->FindFieldByNumber(source.field);
    std::unique_ptr<pb::Message> rules;
    if (source.extension) {
      const auto* type = pool.FindMessageTypeByName(std::string(source.rules_type));
      if (!type) return missing("the type", source.rules_type);
      target.extension = pool.FindExtensionByNumber(type, source.extension);
      if (!target.extension) return missing("the extension with the rule's value", source.id);
      rules.reset(pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
      if (!rules->ParseFromString(std::string(source.rules)))
        return missing("the value of the rule", source.id);
    }
    cel::Program program = BIA_TRY(cel::compile_rule(source.expression, target, pool));
    return std::make_unique<Compiled>(std::move(program), std::move(rules), target.extension);
  }

  Compiled(cel::Program program, std::unique_ptr<pb::Message> rules,
           const pb::FieldDescriptor* extension)
      : program_(std::move(program)), rules_(std::move(rules)), extension_(extension) {}

  cel::Value evaluate(cel::Evaluation& evaluation, const This& value) const {
    cel::Value variables[cel::kRuleVariables] = {value_of(evaluation, value)};
    if (!rules_) return program_.evaluate(evaluation, {variables, 1});
    variables[1] = cel::Value::of_message(rules_.get());
    variables[2] = cel::field_of(evaluation, *rules_, extension_);
    return program_.evaluate(evaluation, variables);
  }

 private:
  static Error missing(std::string_view what, std::string_view name) {
    return Error(Code::kInvalidArgument, "CEL",
                 fmt::format("{} {} is not in this program", what, name));
  }

  cel::Program program_;
  std::unique_ptr<pb::Message> rules_;
  const pb::FieldDescriptor* extension_;
};

CelRule::CelRule(const Source& source) : source_(source), next_(std::exchange(first_rule, this)) {}

CelRule::~CelRule() {
  const CelRule** place = &first_rule;
  while (*place != this) place = &(*place)->next_;
  *place = next_;
  delete compiled_.load();
}

Result<const CelRule::Compiled*> CelRule::compile() const {
  auto made = Compiled::make(source_);
  if (!made.ok()) {
    return Error(
        made.error().code(), "CEL",
        fmt::format("{}: the rule \"{}\", {}", source_.place, source_.id, made.error().message()));
  }
  // Of two threads that came at once, the first one's stays.
  const Compiled* compiled = nullptr;
  if (!compiled_.compare_exchange_strong(compiled, made->get(), std::memory_order_acq_rel))
    return compiled;
  return static_cast<const Compiled*>(made->release());
}

void CelRule::check(Violations& out, const Violations::At& at, const This& value) const {
  const Compiled* compiled = compiled_.load(std::memory_order_acquire);
  if (!compiled) {
    auto made = compile();
    if (!made.ok()) return out.fail(made.error().message());
    compiled = *made;
  }
  cel::Evaluation evaluation;
  const cel::Value result = compiled->evaluate(evaluation, value);
  if (result.is_true()) return;
  if (result.is_false()) {
    return out.add_rule(at,
                        source_.message.empty() ? quoted(source_.expression) + " returned false"
                                                : std::string(source_.message),
                        source_.id);
  }
  if (result.kind() == cel::Kind::kString) {
    if (!result.text().empty()) out.add_rule(at, result.text(), source_.id);
    return;
  }
  out.fail(fmt::format(
      "error evaluating {}: {}", source_.id,
      result.is_error() ? result.text() : "the expression gave neither a bool nor a string"));
}

Result<void> compile_cel_rules() {
  for (const CelRule* rule = first_rule; rule; rule = rule->next_) {
    if (!rule->compiled_.load(std::memory_order_acquire)) BIA_TRY(rule->compile());
  }
  return {};
}

bool has_new_cel_rules() {
  for (const CelRule* rule = first_rule; rule; rule = rule->next_) {
    if (!rule->compiled_.load(std::memory_order_acquire)) return true;
  }
  return false;
}

}  // namespace bia::rules
