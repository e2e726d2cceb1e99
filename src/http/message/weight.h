#pragma once
#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace bia::http {

/// Thousandths.
inline constexpr int kWeightMax = 1000;

/// The weight among an item's parameters (RFC 9110 section 12.4.2), "gzip; q=0.85" without "gzip;":
/// in thousandths, kWeightMax where there is none, `when_bad` where it is no weight, which the RFC
/// leaves open.
inline int weight_of(std::string_view parameters, int when_bad) {
  while (!parameters.empty()) {
    std::string_view parameter = cut(parameters, ';');
    if (parameter.size() < 3 || (parameter[0] | 32) != 'q' || parameter[1] != '=') continue;
    parameter.remove_prefix(2);
    int weight = 0;
    int unit = kWeightMax;
    for (size_t i = 0; i < parameter.size() && i < 5; ++i) {
      if (i == 1 && parameter[i] == '.') continue;
      if (parameter[i] < '0' || parameter[i] > '9') return when_bad;
      weight += (parameter[i] - '0') * unit;
      unit /= 10;
    }
    return std::min(weight, kWeightMax);
  }
  return kWeightMax;
}

}  // namespace bia::http
