#include "cel/rule.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

namespace bia::cel {

Result<Program> compile_rule(std::string_view expression, const RuleTarget& target,
                             const google::protobuf::DescriptorPool& pool) {
  Types types;
  Environment environment;
  environment.pool = &pool;
  const Type* self = !target.field  ? types.of_message(target.type)
                     : target.whole ? types.of_field(target.field)
                                    : types.of_element(target.field);
  environment.variables.push_back({"this", self});
  if (target.extension) {
    environment.variables.push_back(
        {"rules", types.of_message(target.extension->containing_type())});
    environment.variables.push_back({"rule", types.of_field(target.extension)});
  }
  Program program = BIA_TRY(Program::compile(expression, environment));
  const Kind kind = program.kind();
  if (kind != Kind::kBool && kind != Kind::kString && kind != Kind::kDyn)
    return Error(Code::kInvalidArgument, "CEL",
                 fmt::format("it gives {}; a rule gives a bool, or a string that says what is "
                             "wrong",
                             kind_name(kind)));
  return program;
}

}  // namespace bia::cel
