#pragma once
#include <string>
#include <string_view>

#include "base/text.h"
#include "bia/bia/context.h"
#include "bia/grpc/server.h"
#include "bia/http/message.h"
#include "bia/http/server.h"

namespace bia {

/// `prefix` is in lower case.
inline bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         http::field_name_equals(text.substr(0, prefix.size()), prefix);
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
