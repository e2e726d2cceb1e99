#pragma once
#include <map>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::modules {

using bia::Result;

/// `zelus.lock`, which k6 has not: lines "SHA-256 URL", the hash in 64 hexadecimal digits; empty
/// lines and those that begin with '#' say nothing. By URL.
using ModuleLock = std::map<std::string, std::string, std::less<>>;

constexpr std::string_view kLockName = "zelus.lock";

/// Errors: kInvalidArgument with `name` and the line.
Result<ModuleLock> parse_module_lock(std::string_view name, std::string_view text);
std::string format_module_lock(const ModuleLock& lock);
/// In hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace zelus::modules
