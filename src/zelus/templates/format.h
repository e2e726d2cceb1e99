#pragma once
#include <span>
#include <string>
#include <string_view>

#include "zelus/templates/value.h"

namespace zelus::templates {

/// What an action prints: Go's %v, and "<no value>" for nil.
void print_action(std::string& out, const Value& value);
/// Go's fmt.Sprint of one value: nil is "<nil>".
void print_value(std::string& out, const Value& value);
std::string value_text(const Value& value);
/// Go's fmt.Sprint: a blank between two that are no strings.
std::string sprint(std::span<const Value> values);
/// Go's fmt.Sprintln.
std::string sprintln(std::span<const Value> values);
/// Go's fmt.Sprintf, with its texts for verbs that do not fit ("%!d(string=hi)").
std::string sprintf(std::string_view format, std::span<const Value> values);

/// No text that a template makes is longer; what would be is cut there, and execution fails.
inline constexpr size_t kOutputBytesMax = 64 << 20;

}  // namespace zelus::templates
