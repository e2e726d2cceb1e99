#pragma once
#include <cstdint>
#include <string>

#include "bia/base/time.h"

/// Numbers that keep their width while they grow: k6's internal/ui/pb/helpers.go.
namespace zelus::exec {

/// Zero-padded to the digits of `most`.
std::string fixed_int(int64_t value, int64_t most);
/// "%0N.Nf" wide enough for `most`.
std::string fixed_float(double value, double most, int precision);
/// "0h00m00.0s" cut to what `most` needs.
std::string fixed_duration(bia::Duration value, bia::Duration most);

}  // namespace zelus::exec
