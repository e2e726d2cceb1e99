#include "bia/bia/context.h"

#include "base/text.h"
#include "bia/fiber/scheduler.h"
#include "bia/grpc/server.h"
#include "bia/http/server.h"

namespace bia {
namespace {

/// Metadata keys are lower case on the wire (PROTOCOL-HTTP2.md).
bool has_upper(std::string_view name) {
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') return true;
  }
  return false;
}

}  // namespace

std::string_view transport_name(Transport transport) {
  return transport == Transport::kHttp ? "http" : "grpc";
}

void OutgoingCall::set_header(std::string_view name, std::string_view value) {
  std::erase_if(headers,
                [&](const auto& field) { return http::field_name_equals(field.first, name); });
  headers.emplace_back(name, value);
}

std::string_view Context::header(std::string_view name) const {
  if (outgoing_) {
    for (const auto& [key, value] : outgoing_->headers) {
      if (http::field_name_equals(key, name)) return value;
    }
    return {};
  }
  if (request_) return request_->header(name);
  return has_upper(name) ? call_->metadata(lower_case(name)) : call_->metadata(name);
}

void Context::add_reply_header(std::string_view name, std::string_view value) {
  if (outgoing_) {
    outgoing_->reply_headers.emplace_back(lower_case(name), value);
  } else if (response_) {
    response_->add_header(name, value);
  } else {
    call_->add_initial_metadata(lower_case(name), value);
  }
}

void Context::add_reply_trailer(std::string_view name, std::string_view value) {
  if (outgoing_) {
    outgoing_->reply_headers.emplace_back(lower_case(name), value);
  } else if (response_) {
    response_->add_header(name, value);
  } else {
    call_->add_trailing_metadata(lower_case(name), value);
  }
}

Deadline Context::deadline() const {
  Deadline of_fiber = fiber::in_fiber() ? fiber::current_deadline() : Deadline::never();
  if (outgoing_) return std::min(of_fiber, outgoing_->deadline);
  return call_ ? std::min(of_fiber, call_->deadline()) : of_fiber;
}

std::string Context::peer() const {
  if (outgoing_) return outgoing_->peer;
  return request_ ? request_->peer() : call_->peer();
}

}  // namespace bia
