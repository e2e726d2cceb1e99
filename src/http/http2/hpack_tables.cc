#include "http/http2/hpack_tables.h"

#include <bit>
#include <cstring>

namespace bia::http {

constexpr std::array<HpackField, 61> kHpackStatic{{
    {":authority", ""},
    {":method", "GET"},
    {":method", "POST"},
    {":path", "/"},
    {":path", "/index.html"},
    {":scheme", "http"},
    {":scheme", "https"},
    {":status", "200"},
    {":status", "204"},
    {":status", "206"},
    {":status", "304"},
    {":status", "400"},
    {":status", "404"},
    {":status", "500"},
    {"accept-charset", ""},
    {"accept-encoding", "gzip, deflate"},
    {"accept-language", ""},
    {"accept-ranges", ""},
    {"accept", ""},
    {"access-control-allow-origin", ""},
    {"age", ""},
    {"allow", ""},
    {"authorization", ""},
    {"cache-control", ""},
    {"content-disposition", ""},
    {"content-encoding", ""},
    {"content-language", ""},
    {"content-length", ""},
    {"content-location", ""},
    {"content-range", ""},
    {"content-type", ""},
    {"cookie", ""},
    {"date", ""},
    {"etag", ""},
    {"expect", ""},
    {"expires", ""},
    {"from", ""},
    {"host", ""},
    {"if-match", ""},
    {"if-modified-since", ""},
    {"if-none-match", ""},
    {"if-range", ""},
    {"if-unmodified-since", ""},
    {"last-modified", ""},
    {"link", ""},
    {"location", ""},
    {"max-forwards", ""},
    {"proxy-authenticate", ""},
    {"proxy-authorization", ""},
    {"range", ""},
    {"referer", ""},
    {"refresh", ""},
    {"retry-after", ""},
    {"server", ""},
    {"set-cookie", ""},
    {"strict-transport-security", ""},
    {"transfer-encoding", ""},
    {"user-agent", ""},
    {"vary", ""},
    {"via", ""},
    {"www-authenticate", ""},
}};

namespace {

// RFC 7541 appendix B. The code is canonical: symbols sorted by length, then by value, have
// ascending codes. So the lengths are the table. The 257th symbol, EOS, has 30 bits.
constexpr size_t kSymbols = 257;
constexpr int kBitsMax = 30;
constexpr int kShortBits = 8;
constexpr std::array<uint8_t, kSymbols> kLengths{{
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
    28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11, 8,  6,  6,  6,
    5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,  7,  7,  7,  7,  7,  7,
    7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8,  13, 19, 13, 14, 6,
    15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,  6,  7,  6,  5,  5,  6,  7,  7,
    7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21,
    23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24,
    21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
}};

struct Huffman {
  // What the next 8 bits mean: a symbol of at most 8 bits, or length 0 for a longer one.
  struct Short {
    uint8_t symbol = 0, length = 0;
  };
  std::array<Short, 1 << kShortBits> shorts{};
  // By length: one above the last code, left-aligned in 32 bits; the first code; where its symbols
  // begin.
  std::array<uint64_t, kBitsMax + 1> limit{};
  std::array<uint32_t, kBitsMax + 1> first{}, offset{};
  std::array<uint16_t, kSymbols> sorted{};
};

constexpr Huffman make_huffman() {
  Huffman h;
  uint32_t code = 0, place = 0;
  for (int length = 1; length <= kBitsMax; ++length) {
    auto index = static_cast<size_t>(length);
    code <<= 1;
    h.first[index] = code;
    h.offset[index] = place;
    for (size_t symbol = 0; symbol < kSymbols; ++symbol) {
      if (kLengths[symbol] != length) continue;
      h.sorted[place++] = static_cast<uint16_t>(symbol);
      for (uint32_t tail = 0; length <= kShortBits && tail < 1u << (kShortBits - length); ++tail) {
        h.shorts[code << (kShortBits - length) | tail] = {static_cast<uint8_t>(symbol),
                                                          static_cast<uint8_t>(length)};
      }
      ++code;
    }
    h.limit[index] = static_cast<uint64_t>(code) << (32 - length);
  }
  return h;
}

constexpr Huffman kHuffman = make_huffman();

uint64_t read_u64(const char* at) {
  uint64_t eight = 0;
  std::memcpy(&eight, at, sizeof eight);
  return std::endian::native == std::endian::little ? __builtin_bswap64(eight) : eight;
}

}  // namespace

bool decode_huffman(std::string_view bytes, std::string& into) {
  // The shortest code has 5 bits.
  size_t begin = into.size();
  into.resize(begin + bytes.size() * 8 / 5 + 1);
  char* out = into.data() + begin;
  const char* at = bytes.data();
  const char* end = at + bytes.size();
  // The next `held` bits, left-aligned. Behind them there may be the first bits of the byte at
  // `at`: it is put there once more when it is taken, which changes nothing.
  uint64_t bits = 0;
  int held = 0;
  bool good = true;
  for (;;) {
    if (end - at >= 8) {
      bits |= read_u64(at) >> held;
      at += (63 - held) / 8;
      held |= 56;
    } else {
      for (; held <= 56 && at < end; held += 8) {
        bits |= uint64_t{static_cast<unsigned char>(*at++)} << (56 - held);
      }
    }
    // Whole codes of at most 8 bits, nearly all there are.
    while (held >= kShortBits) {
      const Huffman::Short quick = kHuffman.shorts[bits >> (64 - kShortBits)];
      if (quick.length == 0) break;
      *out++ = static_cast<char>(quick.symbol);
      bits <<= quick.length;
      held -= quick.length;
    }
    if (held < 32 && at < end) continue;
    if (held == 0) break;
    // Missing bits read as ones: the padding.
    auto window = static_cast<uint32_t>(bits >> 32);
    if (held < 32) window |= 0xffffffffu >> held;
    int length = kHuffman.shorts[window >> (32 - kShortBits)].length;
    uint32_t symbol = kHuffman.shorts[window >> (32 - kShortBits)].symbol;
    if (length == 0) {
      length = kShortBits + 1;
      while (length < kBitsMax && window >= kHuffman.limit[static_cast<size_t>(length)]) ++length;
      auto index = static_cast<size_t>(length);
      symbol =
          kHuffman
              .sorted[kHuffman.offset[index] + ((window >> (32 - length)) - kHuffman.first[index])];
    }
    if (length > held) {
      // Only the padding is left: fewer than 8 bits, all ones.
      good = held < 8 && at == end && bits >> (64 - held) == (1u << held) - 1;
      break;
    }
    if (symbol == 256) {
      good = false;
      break;
    }
    *out++ = static_cast<char>(symbol);
    bits <<= length;
    held -= length;
  }
  into.resize(static_cast<size_t>(out - into.data()));
  return good;
}

}  // namespace bia::http
