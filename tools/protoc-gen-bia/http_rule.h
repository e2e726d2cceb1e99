#pragma once
#include <string>
#include <vector>

#include "output.h"

namespace bia::protoc {

/// One binding of a google.api.http option, checked against the method's messages.
struct HttpRule {
  std::string method;
  std::string path;
  /// Field paths of the template's variables, in its order, with the fields that they lead through.
  struct Variable {
    std::string path;
    std::vector<const pb::FieldDescriptor*> fields;
    bool many_segments =
        false;  ///< its pattern has more than one segment: slashes stay slashes in a URL
  };
  std::vector<Variable> variables;
  /// The template cut at its variables: one more than `variables`.
  std::vector<std::string> literals;
  /// The template has wildcards outside variables: no client can fill them in.
  bool has_bare_wildcard = false;
  bool has_body = false;
  /// Empty: the whole message.
  std::vector<const pb::FieldDescriptor*> body;
  const pb::FieldDescriptor* response_body = nullptr;
};

bool is_http_body(const pb::Descriptor* type);
/// google.api.HttpBody where the body (or the reply) is one, whole or by `body`/`response_body`.
bool takes_raw(const pb::MethodDescriptor* method, const HttpRule& rule);
bool replies_raw(const pb::MethodDescriptor* method, const HttpRule& rule);

/// Of Kratos' parameters omitempty=false and omitempty_prefix: from now on a unary rpc without
/// google.api.http has a rule all the same, POST PREFIX/pkg.Service/Method, its request from the
/// query. A plugin answers one request, and then ends.
void serve_unmapped(std::string prefix);

/// The rule and its additional_bindings; none without the option. `error` is set to
/// "file:line:column: what" where it cannot be served.
std::vector<HttpRule> http_rules(const pb::MethodDescriptor* method, std::string& error);

}  // namespace bia::protoc
