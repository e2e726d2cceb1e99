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

std::string_view Context::header(std::string_view name) const {
  if (request_) return request_->header(name);
  return has_upper(name) ? call_->metadata(lower_case(name)) : call_->metadata(name);
}

void Context::add_reply_header(std::string_view name, std::string_view value) {
  if (response_) {
    response_->add_header(name, value);
  } else {
    call_->add_initial_metadata(lower_case(name), value);
  }
}

void Context::add_reply_trailer(std::string_view name, std::string_view value) {
  if (response_) {
    response_->add_header(name, value);
  } else {
    call_->add_trailing_metadata(lower_case(name), value);
  }
}

Deadline Context::deadline() const {
  Deadline of_fiber = fiber::in_fiber() ? fiber::current_deadline() : Deadline::never();
  return call_ ? std::min(of_fiber, call_->deadline()) : of_fiber;
}

std::string Context::peer() const { return request_ ? request_->peer() : call_->peer(); }

}  // namespace bia
