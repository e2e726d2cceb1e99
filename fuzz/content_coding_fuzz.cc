// layer: http
//
// A coded body, its coding in the first byte: unpacked it never grows above its limit, whatever it
// claims, and what we code ourselves comes back.
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/assert.h"
#include "http/content/coder.h"
#include "http/content/decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bia::http;
  constexpr size_t kBytesMax = 64 * 1024;
  constexpr Coding kCodings[] = {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd};
  if (size == 0) return 0;
  const Coding coding = kCodings[data[0] % 4];
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string out;
  const bool whole = decode(coding, body, kBytesMax, out).ok();
  BIA_ASSERT(out.size() <= kBytesMax + 1);
  if (!whole) return 0;
  BIA_ASSERT(out.size() <= kBytesMax);
  std::string packed = out;
  if (!encode(coding, packed)) return 0;
  std::string back;
  BIA_ASSERT(decode(coding, packed, out.size(), back).ok());
  BIA_ASSERT(back == out);
  return 0;
}
