// The JSON ends of a generated HTTP client: a body that is one field, and the reply.
#include "http_rule.h"
#include "json_code.h"
#include "names.h"

namespace bia::protoc {

void define_client_json(const pb::MethodDescriptor* method, const HttpRule& rule, Output& out);

void define_client_json(const pb::MethodDescriptor* method, const HttpRule& rule, Output& out) {
  std::string name = method->service()->name() + "_" + method->name();
  if (!rule.body.empty() && !takes_raw(method, rule)) {
    out.line("void {}_write_body(::bia::codec::JsonWriter& out, const {}& message) {{", name,
             cpp_type(method->input_type()));
    std::string holder = "message";
    for (size_t i = 0; i + 1 < rule.body.size(); ++i)
      holder += fmt::format(".{}()", cpp_field(rule.body[i]));
    write_field_value(rule.body.back(), holder, out);
    out.put("}");
  }
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
}

}  // namespace bia::protoc
