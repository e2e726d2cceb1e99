// The ends of a generated HTTP client: the JSON of a body and of a reply, and which message they
// are.
#include "http_rule.h"
#include "json_code.h"
#include "names.h"

namespace bia::protoc {
namespace {

void define_write_body(const pb::MethodDescriptor* method, const HttpRule& rule,
                       const std::string& name, Output& out) {
  out.line(
      "void {}_write_body(::bia::codec::JsonWriter& out, const ::google::protobuf::Message& "
      "request) {{",
      name);
  out.line("const auto& message = static_cast<const {}&>(request);",
           cpp_type(method->input_type()));
  std::string holder = "message";
  for (size_t i = 0; i + 1 < rule.body.size(); ++i)
    holder += fmt::format(".{}()", cpp_field(rule.body[i]));
  if (rule.body.empty()) {
    out.put("bia_json_write(out, message);");
  } else {
    write_field_value(rule.body.back(), holder, out);
  }
  out.put("}");
}

void define_reply_message(const pb::MethodDescriptor* method, const HttpRule& rule,
                          const std::string& name, Output& out) {
  const pb::FieldDescriptor* field = rule.response_body;
  out.line("::google::protobuf::Message* {}_reply_message(::google::protobuf::Message& reply) {{",
           name);
  if (field == nullptr) {
    out.put("return &reply;");
  } else if (field->message_type() && !field->is_repeated()) {
    out.line("return static_cast<{}&>(reply).mutable_{}();", cpp_type(method->output_type()),
             cpp_field(field));
  } else {
    out.put("static_cast<void>(reply);");
    out.put("return nullptr;");
  }
  out.put("}");
}

}  // namespace

void define_client_json(const pb::MethodDescriptor* method, const HttpRule& rule, Output& out);

void define_client_json(const pb::MethodDescriptor* method, const HttpRule& rule, Output& out) {
  std::string name = method->service()->name() + "_" + method->name();
  if (rule.has_body && !takes_raw(method, rule)) define_write_body(method, rule, name, out);
  if (replies_raw(method, rule)) return;
  out.line(
      "bool {}_read_reply(::bia::codec::JsonReader& in, ::google::protobuf::Message& reply) {{",
      name);
  out.line("auto& message = static_cast<{}&>(reply);", cpp_type(method->output_type()));
  if (rule.response_body == nullptr) {
    out.put("return bia_json_read(in, message);");
  } else {
    if (!null_is_value(rule.response_body)) out.put("if (in.take_if_null()) return true;");
    read_field_value(rule.response_body, "message", out);
    out.put("return true;");
  }
  out.put("}");
  define_reply_message(method, rule, name, out);
}

}  // namespace bia::protoc
