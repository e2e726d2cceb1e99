#pragma once
#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace bia {

/// A T for each thread that asks, made on demand; it lives as long as its thread. What a middleware
/// counts with, which serves all threads. `make` may suspend: the first one that is made counts.
template <typename T>
class PerThread {
 public:
  template <typename Make>
  T& get(Make&& make) {
    static thread_local std::vector<std::unique_ptr<T>> all;
    if (all.size() <= number_) all.resize(number_ + 1);
    if (!all[number_]) {
      auto made = make();
      if (!all[number_]) all[number_] = std::move(made);
    }
    return *all[number_];
  }

 private:
  static size_t next_number() {
    static std::atomic<size_t> next{0};
    return next.fetch_add(1);
  }
  size_t number_ = next_number();
};

}  // namespace bia
