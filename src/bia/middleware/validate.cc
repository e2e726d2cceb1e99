#include "bia/bia/validate.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "codec/utf8.h"

namespace bia {
namespace {

void append_path(std::string& path, const Violations::At& at) {
  if (!path.empty()) path += '.';
  path += at.name;
  if (at.index >= 0) fmt::format_to(std::back_inserter(path), "[{}]", at.index);
  if (at.key.data() != nullptr) fmt::format_to(std::back_inserter(path), "[{}]", at.key);
}

void append_place(std::string& text, const Violations::At& at) {
  fmt::format_to(std::back_inserter(text), "invalid {}.{}", at.type, at.go_name);
  if (at.index >= 0) fmt::format_to(std::back_inserter(text), "[{}]", at.index);
  if (at.key.data() != nullptr) fmt::format_to(std::back_inserter(text), "[{}]", at.key);
  text += ": ";
}

}  // namespace

void Violations::add(const At& at, std::string_view rule) {
  if (list_.size() >= kViolationsMax) return;
  Violation& made = list_.emplace_back();
  for (const At& outer : outer_) {
    append_path(made.path, outer);
    append_place(made.text, outer);
    made.text += "embedded message failed validation | caused by: ";
  }
  append_path(made.path, at);
  append_place(made.text, at);
  made.rule = rule;
  made.text += rule;
}

void Violations::add_rule(const At& at, std::string_view rule, std::string_view id) {
  if (list_.size() >= kViolationsMax) return;
  Violation& made = list_.emplace_back();
  for (const At& outer : outer_) append_path(made.path, outer);
  // A rule of a whole message has no name.
  if (!at.name.empty()) append_path(made.path, at);
  made.rule = rule;
  made.text = fmt::format("{}{}{} [{}]", made.path, made.path.empty() ? "" : ": ", rule, id);
}

Error Violations::error() const {
  if (!failure_.empty()) return Error::from_http(400, "VALIDATOR", "runtime error: " + failure_);
  std::string message;
  for (const Violation& one : list_) {
    if (!message.empty()) message += "; ";
    message += one.text;
  }
  Error error = Error::from_http(400, "VALIDATOR", std::move(message));
  for (const Violation& one : list_) error = std::move(error).with_metadata(one.path, one.rule);
  return error;
}

namespace rules {

int64_t now_nanos() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t nanos(int64_t seconds, int32_t nanos) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max() / 1'000'000'000 - 1;
  return std::clamp(seconds, -kMax, kMax) * 1'000'000'000 + nanos;
}

struct Pattern::Impl {
  explicit Impl(std::string_view text)
      : expression(re2::StringPiece(text.data(), text.size()), re2::RE2::Quiet) {}
  re2::RE2 expression;
};
Pattern::Pattern(std::string_view text) : impl_(std::make_unique<Impl>(text)) {}
Pattern::~Pattern() = default;
bool Pattern::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), impl_->expression);
}
bool Pattern::matches_bytes(std::string_view bytes) const {
  if (is_utf8(bytes)) return matches(bytes);
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const size_t length = codec::utf8_length(bytes, at);
    text += length == 0 ? "\xef\xbf\xbd" : bytes.substr(at, length);
    at += std::max<size_t>(length, 1);
  }
  return matches(text);
}

bool path_in(std::string_view path, std::string_view of) {
  return path == of || (path.size() > of.size() && path.starts_with(of) && path[of.size()] == '.');
}

}  // namespace rules
}  // namespace bia
