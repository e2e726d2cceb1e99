#pragma once
#include <string>
#include <string_view>

#include "base/text.h"
#include "bia/bia/context.h"
#include "bia/grpc/server.h"
#include "bia/http/message.h"
#include "bia/http/server.h"
#include "grpc/fields.h"

namespace bia {

/// `prefix` is in lower case.
inline bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         http::field_name_equals(text.substr(0, prefix.size()), prefix);
}

/// The request's header `name` (in lower case), for the calls that it leads to: empty where gRPC
/// would refuse it. A caller's odd bytes are not to fail the calls of its handler.
inline std::string_view header_to_pass(const Context& context, std::string_view name) {
  const std::string_view value = context.header(name);
  return grpc::is_metadata(name, value) ? value : std::string_view();
}

/// The request's headers over either transport.
template <typename F>
void for_each_header(Context& context, F&& each) {
  if (const OutgoingCall* outgoing = context.outgoing()) {
    for (const auto& [name, value] : outgoing->headers) each(name, value);
  } else if (const http::ServerRequest* request = context.http_request()) {
    for (size_t i = 0; i < request->header_count(); ++i) {
      const auto [name, value] = request->header_at(i);
      each(name, value);
    }
  } else {
    for (const auto& [name, value] : context.grpc_call()->all_metadata()) each(name, value);
  }
}

}  // namespace bia
