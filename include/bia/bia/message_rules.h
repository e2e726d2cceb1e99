#pragma once
#include "bia/base/result.h"
#include "bia/bia/context.h"

namespace google::protobuf {
class Message;
}

namespace bia {

class Violations;

/// The rules of a message's .proto, as protoc-gen-bia writes them. Null: it has none.
using MessageRules = void (*)(const google::protobuf::Message& message, Violations& out);

/// Errors: 400 VALIDATOR with all that is wrong.
Result<void> check_rules(const google::protobuf::Message& message, MessageRules rules);

/// Shown to the rest of the chain (ContextValue) by a middleware that wants each request message of
/// a stream checked, as `validation_middleware` does. Rules of null: none are.
struct StreamRules {
  MessageRules rules = nullptr;
};

/// By which the call's streamed messages are checked; null: by none.
inline MessageRules stream_rules(const Context& context) {
  const auto* found = context.find<StreamRules>();
  return found ? found->rules : nullptr;
}

}  // namespace bia
