#include "service_code.h"

#include <set>

#include "http_rule.h"
#include "json_code.h"
#include "names.h"
#include "openapi_code.h"
#include "validate_code.h"

namespace bia::protoc {
namespace {

/// Names of rpcs that would hide what the generated base class has of its own.
constexpr std::string_view kTaken[] = {"service_info", "kInfo"};

std::string_view kind_of(const pb::MethodDescriptor* method) {
  if (method->client_streaming())
    return method->server_streaming() ? "kBidiStream" : "kClientStream";
  return method->server_streaming() ? "kServerStream" : "kUnary";
}

/// "::bia::Result<Reply> SayHello(::bia::Context& context, const Request& request)", without the
/// class.
std::string signature(const pb::MethodDescriptor* method, std::string_view scope) {
  std::string in = cpp_type(method->input_type());
  std::string out = cpp_type(method->output_type());
  std::string text = fmt::format("::bia::Result<{}> {}{}(::bia::Context& context, ",
                                 method->server_streaming() ? "void" : out, scope, method->name());
  text += method->client_streaming() ? fmt::format("::bia::ServerReader<{}>& reader", in)
                                     : fmt::format("const {}& request", in);
  if (method->server_streaming()) text += fmt::format(", ::bia::ServerWriter<{}>& writer", out);
  return text + ")";
}

/// "message.mutable_a()->mutable_b()->" for the fields before the last.
std::string reach(const std::vector<const pb::FieldDescriptor*>& fields) {
  std::string text = "message.";
  for (size_t i = 0; i + 1 < fields.size(); ++i)
    text += fmt::format("mutable_{}()->", cpp_field(fields[i]));
  return text;
}

void define_bind_path(const pb::MethodDescriptor* method, const HttpRule& rule,
                      const std::string& name, Output& out) {
  using Field = pb::FieldDescriptor;
  out.line(
      "::bia::Result<void> {}_path(const ::bia::http::PathParams& params, "
      "::google::protobuf::Message& request) {{",
      name);
  out.line("auto& message = static_cast<{}&>(request);", cpp_type(method->input_type()));
  for (size_t i = 0; i < rule.variables.size(); ++i) {
    const HttpRule::Variable& variable = rule.variables[i];
    const Field* leaf = variable.fields.back();
    std::string value = fmt::format("params.params[{}].value, {}", i, quoted(variable.path));
    bool plain = leaf->message_type() == nullptr && leaf->enum_type() == nullptr &&
                 leaf->type() != Field::TYPE_BYTES;
    if (!plain) {
      out.line(
          "if (auto bound = ::bia::codec::bind_path_field({}, message); !bound.ok()) return bound;",
          value);
    } else if (leaf->cpp_type() == Field::CPPTYPE_STRING) {
      out.line(
          "if (auto bound = ::bia::codec::bind_path_value({}, *{}mutable_{}()); !bound.ok()) "
          "return bound;",
          value, reach(variable.fields), cpp_field(leaf));
    } else {
      out.line("{} value{}{{}};", cpp_scalar(leaf), i);
      out.line(
          "if (auto bound = ::bia::codec::bind_path_value({}, value{}); !bound.ok()) return bound;",
          value, i);
      out.line("{}set_{}(value{});", reach(variable.fields), cpp_field(leaf), i);
    }
  }
  out.put("return {};");
  out.put("}");
}

void define_body(const pb::MethodDescriptor* method, const HttpRule& rule, const std::string& name,
                 Output& out) {
  std::string in_type = cpp_type(method->input_type());
  const pb::FieldDescriptor* leaf = rule.body.empty() ? nullptr : rule.body.back();
  bool message = leaf == nullptr || (leaf->message_type() != nullptr && !leaf->is_repeated());
  out.line("::google::protobuf::Message* {}_body(::google::protobuf::Message& request) {{", name);
  if (!message) {
    out.put("static_cast<void>(request);");
    out.put("return nullptr;");
  } else if (leaf == nullptr) {
    out.put("return &request;");
  } else {
    out.line("auto& message = static_cast<{}&>(request);", in_type);
    out.line("return {}mutable_{}();", reach(rule.body), cpp_field(leaf));
  }
  out.put("}");
  out.line("bool {}_read(::bia::codec::JsonReader& in, ::google::protobuf::Message& request) {{",
           name);
  out.line("auto& message = static_cast<{}&>(request);", in_type);
  if (leaf == nullptr) {
    out.put("return bia_json_read(in, message);");
  } else {
    if (!null_is_value(leaf)) out.put("if (in.take_if_null()) return true;");
    if (rule.body.size() > 1) {
      std::string chain = reach(rule.body);
      out.line("auto& holder = *{};", chain.substr(0, chain.size() - 2));
    }
    read_field_value(leaf, rule.body.size() > 1 ? "holder" : "message", out);
    out.put("return true;");
  }
  out.put("}");
}

void define_write_reply(const pb::MethodDescriptor* method, const HttpRule& rule,
                        const std::string& name, Output& out) {
  out.line(
      "void {}_reply(::bia::codec::JsonWriter& out, const ::google::protobuf::Message& reply) {{",
      name);
  out.line("const auto& message = static_cast<const {}&>(reply);", cpp_type(method->output_type()));
  if (rule.response_body == nullptr) {
    out.put("bia_json_write(out, message);");
  } else {
    write_field_value(rule.response_body, "message", out);
  }
  out.put("}");
}

/// The functions of HttpRule beyond `write_reply`.
void define_reply_parts(const pb::MethodDescriptor* method, const HttpRule& rule,
                        const std::string& name, Output& out) {
  const pb::FieldDescriptor* field = rule.response_body;
  const std::string type = cpp_type(method->output_type());
  const std::string_view parameter = "(const ::google::protobuf::Message& reply) {";
  if (field == nullptr) {
    out.line("const ::google::protobuf::Message* {}_message{}", name, parameter);
    out.put("return &reply;");
    out.put("}");
  } else if (field->message_type() != nullptr && !field->is_repeated()) {
    out.line("const ::google::protobuf::Message* {}_message{}", name, parameter);
    out.line("return &static_cast<const {}&>(reply).{}();", type, cpp_field(field));
    out.put("}");
  }
  if (!replies_raw(method, rule)) return;
  out.line("::bia::RawBody {}_raw{}", name, parameter);
  out.line("const auto& body = static_cast<const {}&>(reply){};", type,
           field ? "." + cpp_field(field) + "()" : "");
  out.put("return {body.content_type(), body.data()};");
  out.put("}");
}

void define_take_raw(const pb::MethodDescriptor* method, const HttpRule& rule,
                     const std::string& name, Output& out) {
  out.line(
      "void {}_take(::google::protobuf::Message& request, std::string_view type, std::string_view "
      "bytes) {{",
      name);
  out.line("auto& message = static_cast<{}&>(request);", cpp_type(method->input_type()));
  if (rule.body.empty()) {
    out.put("auto& body = message;");
  } else {
    out.line("auto& body = *{}mutable_{}();", reach(rule.body), cpp_field(rule.body.back()));
  }
  out.put("body.set_content_type(std::string(type));");
  out.put("body.set_data(std::string(bytes));");
  out.put("}");
}

void define_invoke(const pb::MethodDescriptor* method, const std::string& name, Output& out) {
  std::string service = method->service()->name() + "Service";
  std::string in = cpp_type(method->input_type());
  std::string reply = cpp_type(method->output_type());
  out.line(
      "::bia::Result<void> {}_invoke(::bia::Service& service, ::bia::Context& context, const "
      "::google::protobuf::Message* request,",
      name);
  out.put("    ::google::protobuf::Message* reply) {");
  if (method->client_streaming()) {
    out.put("static_cast<void>(request);");
    out.line("::bia::ServerReader<{}> reader(*context.grpc_call(), ::bia::stream_rules(context));",
             in);
  }
  if (method->server_streaming()) {
    out.put("static_cast<void>(reply);");
    out.line("::bia::ServerWriter<{}> writer(*context.grpc_call());", reply);
  }
  std::string first =
      method->client_streaming() ? "reader" : fmt::format("static_cast<const {}&>(*request)", in);
  std::string call =
      fmt::format("static_cast<{}&>(service).{}(context, {}{})", service, method->name(), first,
                  method->server_streaming() ? ", writer" : "");
  if (method->server_streaming() && !method->client_streaming()) {
    out.line("return {};", call);
  } else {
    out.line("auto result = {};", call);
    out.put("if (!result.ok()) return std::move(result).error();");
    // A handler that takes no notice of it must not answer as if it had read all.
    if (method->client_streaming())
      out.put("if (!reader.refused().ok()) return reader.refused().error();");
  }
  if (method->server_streaming()) {
    if (method->client_streaming()) out.put("return {};");
  } else {
    out.line("static_cast<{}&>(*reply) = std::move(*result);", reply);
    out.put("return {};");
  }
  out.put("}");
}

std::string prefix(const pb::MethodDescriptor* method) {
  return method->service()->name() + "_" + method->name();
}

void define_method_table(const pb::ServiceDescriptor* service, Output& out) {
  std::string error;
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    std::vector<HttpRule> rules = http_rules(method, error);
    std::string name = prefix(method);
    if (!rules.empty()) {
      out.line("constexpr ::bia::HttpRule {}_rules[] = {{", name);
      for (size_t j = 0; j < rules.size(); ++j) {
        std::string rule = fmt::format("{}_{}", name, j);
        const pb::FieldDescriptor* field = rules[j].response_body;
        const bool message =
            field == nullptr || (field->message_type() != nullptr && !field->is_repeated());
        out.line("{{{}, {}, {}, {}, {}, {}_reply, {}, {}, {}}},", quoted(rules[j].method),
                 quoted(rules[j].path), rules[j].has_body ? rule + "_body" : "nullptr",
                 rules[j].has_body ? rule + "_read" : "nullptr",
                 rules[j].variables.empty() ? "nullptr" : rule + "_path", rule,
                 message ? rule + "_message" : "nullptr",
                 takes_raw(method, rules[j]) ? rule + "_take" : "nullptr",
                 replies_raw(method, rules[j]) ? rule + "_raw" : "nullptr");
      }
      out.put("};");
    }
  }
  if (service->method_count() > 0) {
    out.line("constexpr ::bia::MethodInfo {}_methods[] = {{", service->name());
    for (int i = 0; i < service->method_count(); ++i) {
      const pb::MethodDescriptor* method = service->method(i);
      std::string name = prefix(method);
      auto maker = [](const pb::Descriptor* type) {
        return fmt::format(
            "[]() -> std::unique_ptr<::google::protobuf::Message> {{ return "
            "std::make_unique<{}>(); }}",
            cpp_type(type));
      };
      out.line("{{{}Service::k{}, ::bia::MethodKind::{}, {},", service->name(), method->name(),
               kind_of(method), http_rules(method, error).empty() ? "{}" : name + "_rules");
      out.line(" {},", maker(method->input_type()));
      out.line(" {}, {}_invoke, {}}},", maker(method->output_type()), name,
               has_validation(method->input_type()) ? name + "_validate" : "nullptr");
    }
    out.put("};");
  }
  define_openapi(service, out);
  out.line("constexpr ::bia::ServiceInfo {}_info = {{", service->name());
  out.line("{}, {}, [] {{ return {}; }}, {}", quoted(service->full_name()),
           service->method_count() > 0 ? service->name() + "_methods" : "{}",
           "::google::protobuf::DescriptorPool::generated_pool()->FindFileByName(" +
               quoted(service->file()->name()) + ")",
           openapi_initializers(service));
  out.put("};");
}

}  // namespace

std::string operation(const pb::MethodDescriptor* method) {
  return fmt::format("/{}/{}", method->service()->full_name(), method->name());
}

std::string check_service(const pb::ServiceDescriptor* service) {
  std::string error;
  std::set<std::string> routes;
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    for (std::string_view taken : kTaken) {
      if (method->name() == taken)
        return at(method, fmt::format("the rpc's name {} is taken by the generated class", taken));
    }
    for (const pb::Descriptor* type : {method->input_type(), method->output_type()}) {
      if (has_no_json(type))
        return at(method, type->full_name() + " is not supported; use a message of your own");
    }
    for (const HttpRule& rule : http_rules(method, error)) {
      if (error.empty() && !routes.insert(rule.method + " " + rule.path).second) {
        error =
            at(method, fmt::format("{} {} is bound twice in this service", rule.method, rule.path));
      }
    }
    if (!error.empty()) return error;
  }
  return error;
}

void declare_service(const pb::ServiceDescriptor* service, Output& out) {
  out.line(
      "/// Derive from it and override the rpcs; each serves HTTP, where the .proto maps it, and "
      "gRPC. One that is not overridden answers");
  out.put("/// UNIMPLEMENTED.");
  out.line("class {}Service : public ::bia::Service {{", service->name());
  out.put("public:");
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    out.line("static constexpr std::string_view k{} = {};", method->name(),
             quoted(operation(method)));
  }
  out.put("");
  for (int i = 0; i < service->method_count(); ++i)
    out.line("virtual {};", signature(service->method(i), ""));
  out.put("");
  out.put("const ::bia::ServiceInfo& service_info() const final;");
  out.put("};");
  out.put("");
  declare_clients(service, out);
}

void define_service(const pb::ServiceDescriptor* service, Output& out) {
  std::string error;
  out.flat("namespace {\n");
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    std::vector<HttpRule> rules = http_rules(method, error);
    for (size_t j = 0; j < rules.size(); ++j) {
      std::string name = fmt::format("{}_{}", prefix(method), j);
      if (!rules[j].variables.empty()) define_bind_path(method, rules[j], name, out);
      if (rules[j].has_body) define_body(method, rules[j], name, out);
      if (takes_raw(method, rules[j])) define_take_raw(method, rules[j], name, out);
      define_write_reply(method, rules[j], name, out);
      define_reply_parts(method, rules[j], name, out);
    }
    define_invoke(method, prefix(method), out);
    if (!has_validation(method->input_type())) continue;
    out.line(
        "void {}_validate(const ::google::protobuf::Message& request, ::bia::Violations& out) {{",
        prefix(method));
    out.line("bia_validate(static_cast<const {}&>(request), out);", cpp_type(method->input_type()));
    out.put("}");
  }
  define_method_table(service, out);
  out.flat("\n}  // namespace\n");
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    out.line("{} {{", signature(method, service->name() + "Service::"));
    out.line("static_cast<void>(context), static_cast<void>({});",
             method->client_streaming() ? "reader" : "request");
    if (method->server_streaming()) out.put("static_cast<void>(writer);");
    out.line(
        "return ::bia::Error(::bia::Code::kUnimplemented, \"\", \"method {} not implemented\");",
        method->name());
    out.put("}");
  }
  out.line("const ::bia::ServiceInfo& {0}Service::service_info() const {{ return {0}_info; }}",
           service->name());
  out.put("");
  define_clients(service, out);
}

}  // namespace bia::protoc
