#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "zelus/templates/template.h"

namespace zelus::ghz {

/// What a template may name of the call at hand (ghz: CallData).
struct CallData final : templates::Record {
  std::string worker_id;
  uint64_t request_number = 0;
  std::string_view full_name;     ///< "helloworld.v1.Greeter.SayHello"
  std::string_view method_name;   ///< "SayHello"
  std::string_view service_name;  ///< "Greeter"
  std::string_view input_name;
  std::string_view output_name;
  bool client_streaming = false;
  bool server_streaming = false;
  int64_t unix_ns = 0;  ///< of the call: its data and its metadata have the same
  std::string uuid;     ///< as `unix_ns`

  /// A new time and a new UUID.
  void refresh();
  std::string_view type_name() const override { return "*runner.CallData"; }
  bool field(std::string_view name, templates::Value& out) const override;
};

}  // namespace zelus::ghz
