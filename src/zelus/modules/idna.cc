#include "zelus/modules/idna.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "codec/utf8.h"

extern "C" {
#include "libunicode.h"
}

namespace zelus::modules {

namespace {

using CodePoints = std::vector<uint32_t>;

/// Empty for what is no UTF-8.
CodePoints code_points(std::string_view text) {
  CodePoints out;
  while (!text.empty()) {
    if (bia::codec::utf8_length(text, 0) == 0) return {};
    out.push_back(bia::codec::take_code_point(text));
  }
  return out;
}

/// What looks alike is one (NFKC).
CodePoints normalized(const CodePoints& text) {
  uint32_t* result = nullptr;
  const int count = unicode_normalize(
      &result, text.data(), static_cast<int>(text.size()), UNICODE_NFKC, nullptr,
      [](void*, void* memory, size_t bytes) { return std::realloc(memory, bytes); });
  CodePoints out;
  if (count > 0) out.assign(result, result + count);
  std::free(result);
  return out;
}

CodePoints lower_case(const CodePoints& text) {
  constexpr int kLower = 1, kResultsMax = 3;
  CodePoints out;
  for (uint32_t c : text) {
    uint32_t result[kResultsMax];
    const int count = lre_case_conv(result, c, kLower);
    out.insert(out.end(), result, result + count);
  }
  return out;
}

char digit(uint32_t value) {
  return static_cast<char>(value < 26 ? 'a' + value : '0' + (value - 26));
}

/// RFC 3492.
class Punycode {
 public:
  static std::string encode(const CodePoints& label) {
    std::string out;
    for (uint32_t c : label) {
      if (c < 0x80) out.push_back(static_cast<char>(c));
    }
    const auto basic = static_cast<uint32_t>(out.size());
    if (basic > 0) out.push_back('-');
    uint32_t n = 128, delta = 0, bias = 72, done = basic;
    while (done < label.size()) {
      uint32_t next = UINT32_MAX;
      for (uint32_t c : label) {
        if (c >= n) next = std::min(next, c);
      }
      delta += (next - n) * (done + 1);
      n = next;
      for (uint32_t c : label) {
        if (c < n) ++delta;
        if (c != n) continue;
        append(out, delta, bias);
        bias = adapt(delta, done + 1, done == basic);
        delta = 0;
        ++done;
      }
      ++delta;
      ++n;
    }
    return out;
  }

 private:
  static constexpr uint32_t kBase = 36, kMin = 1, kMax = 26, kSkew = 38, kDamp = 700;

  static void append(std::string& out, uint32_t delta, uint32_t bias) {
    for (uint32_t k = kBase;; k += kBase) {
      const uint32_t limit = k <= bias ? kMin : std::min(k - bias, kMax);
      if (delta < limit) break;
      out.push_back(digit(limit + (delta - limit) % (kBase - limit)));
      delta = (delta - limit) / (kBase - limit);
    }
    out.push_back(digit(delta));
  }

  static uint32_t adapt(uint32_t delta, uint32_t count, bool first) {
    delta /= first ? kDamp : 2;
    delta += delta / count;
    uint32_t k = 0;
    for (; delta > (kBase - kMin) * kMax / 2; k += kBase) delta /= kBase - kMin;
    return k + (kBase - kMin + 1) * delta / (delta + kSkew);
  }
};

void append_label(std::string& out, const CodePoints& label) {
  const bool ascii = std::all_of(label.begin(), label.end(), [](uint32_t c) { return c < 0x80; });
  if (ascii) {
    for (uint32_t c : label) out.push_back(static_cast<char>(c));
  } else {
    out += "xn--" + Punycode::encode(label);
  }
}

}  // namespace

std::string ascii_host(std::string_view host) {
  constexpr size_t kHostBytesMax = 4096;
  constexpr uint32_t kIdeographicFullStop = 0x3002;
  const bool ascii = std::all_of(host.begin(), host.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii || host.size() > kHostBytesMax) return std::string(host);
  const CodePoints text = normalized(lower_case(normalized(code_points(host))));
  if (text.empty()) return std::string(host);
  std::string out;
  CodePoints label;
  for (uint32_t c : text) {
    if (c != '.' && c != kIdeographicFullStop) {
      label.push_back(c);
      continue;
    }
    append_label(out, label);
    out.push_back('.');
    label.clear();
  }
  append_label(out, label);
  return out;
}

}  // namespace zelus::modules
