#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "validate_rules.h"

namespace bia::protoc {

// Values of rules as Go shows them in protoc-gen-validate's texts.

/// fmt's %v of []byte: "[97 255]".
std::string go_bytes(std::string_view bytes);
/// What protoc-gen-validate makes of them: "\x61\xFF", with the quotation marks.
std::string go_hex(std::string_view bytes);
/// time.Duration's String: "1m0.5s". A duration that is wide, which Go cannot hold:
/// "315576000000s".
std::string go_duration(const Moment& duration);
/// time.Time's String in UTC: "2024-01-02 03:04:05.5 +0000 UTC".
std::string go_time(const Moment& timestamp);
/// The String of a protobuf message: "seconds:60 nanos:5", of zero nothing.
std::string go_message(const Moment& moment);
/// fmt's %v: "1e+06", "0.1".
std::string go_float(float value);
std::string go_float(double value);
/// "[a b]", of what is shown already.
std::string go_list(const std::vector<std::string>& shown);

}  // namespace bia::protoc
