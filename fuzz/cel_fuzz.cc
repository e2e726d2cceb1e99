// layer: cel
#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <cstdlib>

#include "cel/cel.h"
#include "cel/function.h"

// An expression over a message that has fields of all kinds, its value shown as text. What is
// said of a wrong one must have a place in it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::cel;
  const std::string_view expression(reinterpret_cast<const char*>(data), size);
  Types types;
  Environment environment;
  environment.variables = {
      {"this", types.of_message(google::protobuf::FieldDescriptorProto::descriptor())},
      {"any", types.of(Kind::kDyn)}};
  environment.container = "google.protobuf";
  auto program = Program::compile(expression, environment);
  if (!program.ok()) {
    if (program.error().message().find("column ") == std::string::npos && size < 60000) abort();
    return 0;
  }
  google::protobuf::FieldDescriptorProto message;
  message.set_name("name");
  message.set_number(-7);
  message.set_type(google::protobuf::FieldDescriptorProto::TYPE_BOOL);
  message.mutable_options()->add_uninterpreted_option()->set_double_value(2.5);
  Evaluation evaluation(20'000);
  const Value self = Value::of_message(&message);
  const Value variables[] = {self, self};
  const Value value = program->evaluate(evaluation, variables);
  // What the types promise is what comes.
  const bool promised = program->kind() == Kind::kDyn || program->kind() == value.kind() ||
                        value.is_error() || value.kind() == Kind::kNull;
  if (!promised) abort();
  std::string text;
  append_text(evaluation, text, value);
  return 0;
}
