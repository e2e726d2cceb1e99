#include "bia/bia/middleware.h"

#include <google/protobuf/message.h>

#include "bia/bia/log.h"
#include "bia/bia/validate.h"
#include "bia/log/masked_text.h"

namespace bia {

namespace {

/// The handler's outcome; a success that comes after the deadline is none: log and metrics must say
/// what the caller was told.
Result<Reply> call_handler(Invocation& invocation) {
  Result<void> done = invocation.handler(invocation);
  if (invocation.context.late()) {
    return Error(Code::kDeadlineExceeded, "GATEWAY_TIMEOUT", "context deadline exceeded");
  }
  if (!done.ok()) return std::move(done).error();
  return Reply(invocation.reply);
}

}  // namespace

Middleware::~Middleware() = default;

std::string Request::text() const {
  if (!message_) return {};
  return masked_text(*message_, log::masked(), log::masked_values());
}

Result<void> check_rules(const google::protobuf::Message& message, MessageRules rules) {
  Violations violations;
  rules(message, violations);
  if (violations.empty()) return {};
  return violations.error();
}

Result<void> Request::validate() const {
  if (validate_ == nullptr || message_ == nullptr) return {};
  return check_rules(*message_, validate_);
}

google::protobuf::Message* Next::reply_message() const { return invocation_->reply; }

Result<Reply> Next::operator()() {
  Invocation& invocation = *invocation_;
  if (invocation.position != index_) {
    return Error(Code::kInternal, "NEXT_TWICE",
                 "a middleware called next() a second time for one call");
  }
  ++invocation.position;
  const auto& list = invocation.chain->list_;
  if (index_ < list.size())
    return list[index_]->handle(invocation.context,
                                Request(invocation.request, invocation.validate),
                                Next(invocation, index_ + 1));
  return call_handler(invocation);
}

Result<Reply> Chain::run(Invocation& invocation) const {
  if (list_.empty()) return call_handler(invocation);
  invocation.chain = this;
  invocation.position = 0;
  return Next(invocation, 0)();
}

}  // namespace bia
