#pragma once
#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/error.h"
#include "bia/cel/formats.h"

namespace bia {

/// What is wrong with a message, by the rules of its .proto (validate/validate.proto,
/// buf/validate/validate.proto). Filled by the generated `bia_validate(message, violations)`.
class Violations {
 public:
  /// Where a rule is broken: a message type, its field as Go has it and as JSON paths have it, and
  /// of a list or map which element.
  struct At {
    std::string_view type;
    std::string_view go_name;
    std::string_view name;
    int64_t index = -1;
    std::string_view key = {};
  };
  struct Violation {
    std::string path;  ///< "items[2].name"
    std::string rule;  ///< "value length must be at most 10 runes"
    std::string text;  ///< "invalid Item.Name: value length must be at most 10 runes", as in Go
  };

  void add(const At& at, std::string_view rule);
  /// A rule of protovalidate: the text is "items[2].name: must be at most 10 characters
  /// [string.max_len]".
  void add_rule(const At& at, std::string_view rule, std::string_view id);
  /// The messages inside are part of the field `at` until this ends.
  class Inside {
   public:
    Inside(Violations& of, const At& at) : of_(of) { of.outer_.push_back(at); }
    ~Inside() { of_.outer_.pop_back(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Violations& of_;
  };

  /// A rule could not be evaluated: the first one's error takes the place of all violations.
  void fail(std::string_view error) {
    if (failure_.empty()) failure_ = error;
  }

  bool empty() const { return list_.empty() && failure_.empty(); }
  const std::vector<Violation>& list() const { return list_; }
  /// Kratos' answer: 400 VALIDATOR. The message has all of them, the metadata each by its path;
  /// after `fail` only "runtime error: …".
  Error error() const;

 private:
  std::vector<At> outer_;
  std::vector<Violation> list_;
  std::string failure_;
};

/// Above it, further violations are counted only.
inline constexpr size_t kViolationsMax = 100;

// What the generated checks are made of.
namespace rules {
/// A regular expression in RE2's syntax, compiled. Any thread may use it.
class Pattern {
 public:
  explicit Pattern(std::string_view text);
  ~Pattern();
  /// Anywhere in `text`.
  bool matches(std::string_view text) const;
  /// The same for bytes that need not be UTF-8: one that begins no character is U+FFFD, as Go's
  /// regexp has it.
  bool matches_bytes(std::string_view bytes) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// "a.b" is in "a", and in "a.b".
bool path_in(std::string_view path, std::string_view of);
template <typename Paths>
bool same_paths(const Paths& paths, std::initializer_list<std::string_view> list) {
  return std::equal(paths.begin(), paths.end(), list.begin(), list.end());
}
template <typename Paths>
bool any_path_in(const Paths& paths, std::initializer_list<std::string_view> list) {
  for (const auto& path : paths) {
    for (std::string_view of : list) {
      if (path_in(path, of)) return true;
    }
  }
  return false;
}
template <typename Paths>
bool all_paths_in(const Paths& paths, std::initializer_list<std::string_view> list) {
  for (const auto& path : paths) {
    bool found = false;
    for (std::string_view of : list) found |= path_in(path, of);
    if (!found) return false;
  }
  return true;
}

/// Nanoseconds from 1970 till now.
int64_t now_nanos();
/// Seconds and nanoseconds as nanoseconds, as far as they fit.
int64_t nanos(int64_t seconds, int32_t nanos);
}  // namespace rules

}  // namespace bia
