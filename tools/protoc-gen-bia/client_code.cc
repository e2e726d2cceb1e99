#include "http_rule.h"
#include "names.h"
#include "service_code.h"
#include "validate_code.h"

namespace bia::protoc {
namespace {

std::string grpc_signature(const pb::MethodDescriptor* method, std::string_view scope) {
  std::string in = cpp_type(method->input_type());
  std::string out = cpp_type(method->output_type());
  std::string_view defaults = scope.empty() ? " = {}" : "";
  if (!method->client_streaming() && !method->server_streaming()) {
    return fmt::format(
        "::bia::Result<{}> {}{}(const {}& request, const ::bia::grpc::CallOptions& options{})", out,
        scope, method->name(), in, defaults);
  }
  return fmt::format(
      "::bia::Result<::bia::ClientCall<{}, {}>> {}{}(const ::bia::grpc::CallOptions& options{})",
      in, out, scope, method->name(), defaults);
}

std::string http_signature(const pb::MethodDescriptor* method, std::string_view scope) {
  std::string_view defaults = scope.empty() ? " = {}" : "";
  return fmt::format(
      "::bia::Result<{}> {}{}(const {}& request, const ::bia::HttpCallOptions& options{})",
      cpp_type(method->output_type()), scope, method->name(), cpp_type(method->input_type()),
      defaults);
}

/// The first rule that a client can fill in.
bool primary_rule(const pb::MethodDescriptor* method, HttpRule& rule) {
  std::string error;
  std::vector<HttpRule> rules = http_rules(method, error);
  for (HttpRule& one : rules) {
    if (one.has_bare_wildcard || one.method == "*") continue;
    rule = std::move(one);
    return true;
  }
  return false;
}

bool has_http(const pb::ServiceDescriptor* service) {
  HttpRule rule;
  for (int i = 0; i < service->method_count(); ++i) {
    if (primary_rule(service->method(i), rule)) return true;
  }
  return false;
}

/// The function that service_code.cc writes beside the method's table entry.
std::string validate_name(const pb::MethodDescriptor* method) {
  if (!has_validation(method->input_type())) return "nullptr";
  return method->service()->name() + "_" + method->name() + "_validate";
}

void define_http_call(const pb::MethodDescriptor* method, const HttpRule& rule, Output& out) {
  out.line("{} {{", http_signature(method, method->service()->name() + "HttpClient::"));
  out.line("::bia::HttpCall call({}, k{}Template, options);", quoted(rule.method), method->name());
  out.line("call.describe({}Service::k{}, request, {});", method->service()->name(), method->name(),
           validate_name(method));
  std::string bound;
  for (size_t i = 0; i < rule.variables.size(); ++i) {
    if (!rule.literals[i].empty()) out.line("call.path({});", quoted(rule.literals[i]));
    out.line("call.path_field(request, {}, ::bia::HttpCall::Slashes::{});",
             quoted(rule.variables[i].path), rule.variables[i].many_segments ? "kKeep" : "kEscape");
    bound += (bound.empty() ? "" : ",") + rule.variables[i].path;
  }
  if (!rule.literals.back().empty()) out.line("call.path({});", quoted(rule.literals.back()));
  const std::string name = method->service()->name() + "_" + method->name();
  std::string path;
  std::string getter = "request";
  for (const pb::FieldDescriptor* field : rule.body) {
    path += (path.empty() ? "" : ".") + field->name();
    getter += fmt::format(".{}()", cpp_field(field));
  }
  if (!rule.has_body || !rule.body.empty())
    out.line("call.query(request, {});",
             quoted(bound + (bound.empty() || path.empty() ? "" : ",") + path));
  if (takes_raw(method, rule)) {
    out.line("call.raw_body({0}.content_type(), {0}.data());", getter);
  } else if (rule.has_body) {
    const pb::FieldDescriptor* leaf = rule.body.empty() ? nullptr : rule.body.back();
    const bool message = !leaf || (leaf->message_type() && !leaf->is_repeated());
    out.line("call.body({{&request, {}_write_body, {}}});", name,
             message ? "&" + getter : "nullptr");
  }
  out.line("{} reply;", cpp_type(method->output_type()));
  if (replies_raw(method, rule)) {
    out.line("auto& raw = {};",
             rule.response_body ? fmt::format("*reply.mutable_{}()", cpp_field(rule.response_body))
                                : "reply");
    out.put(
        "auto done = call.send_raw(origin_, *raw.mutable_content_type(), *raw.mutable_data());");
  } else {
    out.line("auto done = call.send(origin_, {{{0}_read_reply, {0}_reply_message}}, reply);", name);
  }
  out.put("if (!done.ok()) return std::move(done).error();");
  out.put("return reply;");
  out.put("}");
}

}  // namespace

void define_client_json(const pb::MethodDescriptor* method, const HttpRule& rule, Output& out);

namespace {

/// The constructors by which calls pass a chain of middleware.
void declare_service_client(const pb::ServiceDescriptor* service, std::string_view kind,
                            Output& out) {
  out.line("/// Through the middleware of `client`; in a handler, give it the handler's context.");
  out.line("explicit {}{}(::bia::ServiceClient& client) {{ origin_.service = &client; }}",
           service->name(), kind);
  out.line("{}{}(::bia::ServiceClient& client, ::bia::Context& context) {{", service->name(), kind);
  out.put("origin_.service = &client;");
  out.put("origin_.parent = &context;");
  out.put("}");
}

}  // namespace

void declare_clients(const pb::ServiceDescriptor* service, Output& out) {
  out.line("/// Calls {} over gRPC. Belongs to the channel's thread.", service->full_name());
  out.line("class {}Client {{", service->name());
  out.put("public:");
  out.line("explicit {}Client(::bia::grpc::Channel& channel) {{ origin_.channel = &channel; }}",
           service->name());
  declare_service_client(service, "Client", out);
  for (int i = 0; i < service->method_count(); ++i)
    out.line("{};", grpc_signature(service->method(i), ""));
  out.put("");
  out.put("private:");
  out.put("::bia::GrpcOrigin origin_;");
  out.put("};");
  out.put("");
  if (!has_http(service)) return;
  out.line("/// Calls {} over HTTP. Belongs to the client's thread.", service->full_name());
  out.line("class {}HttpClient {{", service->name());
  out.put("public:");
  out.line(
      "{}HttpClient(::bia::http::Client& client, std::string host, uint16_t port) : "
      "origin_{{&client, std::move(host), port}} {{}}",
      service->name());
  out.line("explicit {}HttpClient(::bia::HttpOrigin origin) : origin_(std::move(origin)) {{}}",
           service->name());
  declare_service_client(service, "HttpClient", out);
  HttpRule rule;
  for (int i = 0; i < service->method_count(); ++i) {
    if (!primary_rule(service->method(i), rule)) continue;
    out.line("static constexpr std::string_view k{}Template = {};", service->method(i)->name(),
             quoted(rule.path));
    out.line("{};", http_signature(service->method(i), ""));
  }
  out.put("");
  out.put("private:");
  out.put("::bia::HttpOrigin origin_;");
  out.put("};");
  out.put("");
}

void define_clients(const pb::ServiceDescriptor* service, Output& out) {
  for (int i = 0; i < service->method_count(); ++i) {
    const pb::MethodDescriptor* method = service->method(i);
    out.line("{} {{", grpc_signature(method, service->name() + "Client::"));
    std::string path = fmt::format("{}Service::k{}", service->name(), method->name());
    if (method->client_streaming() || method->server_streaming()) {
      out.line("auto stream = ::bia::open_stream(origin_, {}, options, {});", path,
               validate_name(method));
      out.put("if (!stream.ok()) return std::move(stream).error();");
      out.line("return ::bia::ClientCall<{}, {}>(std::move(*stream));",
               cpp_type(method->input_type()), cpp_type(method->output_type()));
    } else {
      out.line("{} reply;", cpp_type(method->output_type()));
      out.line(
          "auto done = ::bia::call_unary(origin_, {{{}, request, reply, {}, origin_.parent}}, "
          "options);",
          path, validate_name(method));
      out.put("if (!done.ok()) return std::move(done).error();");
      out.put("return reply;");
    }
    out.put("}");
  }
  if (!has_http(service)) return;
  HttpRule rule;
  out.flat("\nnamespace {");
  for (int i = 0; i < service->method_count(); ++i) {
    if (primary_rule(service->method(i), rule)) define_client_json(service->method(i), rule, out);
    rule = {};
  }
  out.flat("}  // namespace\n");
  for (int i = 0; i < service->method_count(); ++i) {
    if (primary_rule(service->method(i), rule)) define_http_call(service->method(i), rule, out);
    rule = {};
  }
}

}  // namespace bia::protoc
