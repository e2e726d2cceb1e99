#pragma once
#include <google/protobuf/arena.h>

#include <array>
#include <cstddef>
#include <memory_resource>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cel/value.h"

namespace bia::cel {

/// Calls, turns of loops and pieces of 16 bytes of text that one evaluation may take. A million are
/// about 20 ms, and at most 16 MiB.
inline constexpr int64_t kStepsMax = 1'000'000;

/// One run of a program: its variables, what it makes on the way, and how much it may still do.
class Evaluation {
 public:
  explicit Evaluation(int64_t steps_max = kStepsMax) : steps_left_(steps_max) {}
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

  /// False where the limit is reached; then `too_much()` is the value.
  bool charge(size_t steps) {
    if (steps > static_cast<size_t>(steps_left_)) {
      steps_left_ = 0;
      return false;
    }
    steps_left_ -= static_cast<int64_t>(steps);
    return true;
  }
  static Value too_much() { return Value::of_error("the rule takes too many steps"); }

  /// Lives as long as this; never destroyed.
  template <typename T, typename... Args>
  T* make(Args&&... args) {
    return new (memory_.allocate(sizeof(T), alignof(T))) T(std::forward<Args>(args)...);
  }
  Value* array(size_t size) {
    return new (memory_.allocate(sizeof(Value) * (size + !size), alignof(Value))) Value[size];
  }
  /// Room for text; null where it is too much.
  char* room(size_t bytes) {
    if (!charge(bytes / 16)) return nullptr;
    return static_cast<char*>(memory_.allocate(bytes + 1, 1));
  }
  /// A copy as a value of `kind` (kString, kBytes, kError).
  Value keep(Kind kind, std::string_view text);
  Value string(std::string_view text) { return keep(Kind::kString, text); }
  Value error(std::string_view text) { return keep(Kind::kError, text); }

  Value* slots = nullptr;
  /// One time for the whole run.
  Value now();
  google::protobuf::Arena& messages() {
    if (!messages_) messages_.emplace();
    return *messages_;
  }

 private:
  // On the stack of a request's fiber: enough for a rule that makes little.
  std::array<std::byte, 768> first_;
  std::pmr::monotonic_buffer_resource memory_{first_.data(), first_.size()};
  std::optional<google::protobuf::Arena> messages_;
  int64_t steps_left_;
  std::optional<Moment> now_;
};

}  // namespace bia::cel
