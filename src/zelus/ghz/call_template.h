#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace zelus::ghz {

/// What a template may name of the call at hand (ghz: CallData).
struct CallData {
  std::string worker_id;
  uint64_t request_number = 0;
  std::string_view full_name;     ///< "helloworld.v1.Greeter.SayHello"
  std::string_view method_name;   ///< "SayHello"
  std::string_view service_name;  ///< "Greeter"
  std::string_view input_name;
  std::string_view output_name;
  bool client_streaming = false;
  bool server_streaming = false;
};

/// A text with Go template actions, as ghz executes over data and metadata: ghz's variables and its
/// functions newUUID, randomString and randomInt. Everything else of Go's language (and sprig) is
/// an error that names it.
class CallTemplate {
 public:
  enum class Functions { kAllowed, kDisabled };
  static bia::Result<CallTemplate> parse(std::string_view text, Functions functions);
  /// No action in it: the text is sent as it is.
  bool is_plain() const {
    return parts_.size() <= 1 && (parts_.empty() || parts_[0].action == Action::kText);
  }
  void render(const CallData& call, std::string& out) const;

 private:
  enum class Action {
    kText,
    kWorkerId,
    kRequestNumber,
    kFullName,
    kMethodName,
    kServiceName,
    kInputName,
    kOutputName,
    kClientStreaming,
    kServerStreaming,
    kTimestamp,
    kTimestampUnix,
    kTimestampUnixMilli,
    kTimestampUnixNano,
    kUuid,
    kRandomString,
    kRandomInt
  };
  struct Part {
    Action action;
    std::string text;
    int64_t low = 0;
    int64_t high = 0;
  };
  static bia::Result<Part> parse_action(std::string_view action, Functions functions);
  std::vector<Part> parts_;
};

}  // namespace zelus::ghz
