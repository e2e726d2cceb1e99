// layer: bia
// YAML bodies into messages and back out.
#include <cstdint>

#include "bia/content/yaml_message.h"
#include "round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia;
  round_trip({reinterpret_cast<const char*>(data), size}, decode_yaml, encode_yaml,
             // A struct's values lie three deep in YAML for one in the message.
             [](std::string_view wrong) {
               return wrong.find("deep") != wrong.npos || wrong.find("aliases") != wrong.npos;
             });
  return 0;
}
