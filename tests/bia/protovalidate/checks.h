#pragma once
#include <functional>
#include <map>
#include <string>

#include "bia/bia/validate.h"

/// Parses a message and checks it; returns what ended the test, else empty.
using Check = std::function<std::string(const std::string& bytes, bia::Violations& out)>;

/// By the messages' full names. The test writes it, out of the cases' descriptors.
std::map<std::string, Check> all_checks();

template <typename Message>
std::string check(const std::string& bytes, bia::Violations& out) {
  Message message;
  if (!message.ParsePartialFromString(bytes)) return "the bytes are no message";
  // A message without rules, in it and below it, has no such function.
  if constexpr (requires { bia_validate(message, out); }) bia_validate(message, out);
  return {};
}
