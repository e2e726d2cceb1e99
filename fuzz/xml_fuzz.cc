// layer: codec
// Documents into messages and back out.
#include <cstdint>

#include "codec/xml.h"
#include "round_trip.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::codec;
  round_trip({reinterpret_cast<const char*>(data), size}, decode_xml, encode_xml,
             // Oneofs take an element more than they came with.
             [](std::string_view wrong) { return wrong.find("deeper") != wrong.npos; });
  return 0;
}
