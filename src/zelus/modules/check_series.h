#pragma once
#include <cstdint>
#include <vector>

#include "js/engine.h"
#include "zelus/metrics/shard.h"

namespace zelus::modules {

class Vu;

/// The series of a user's checks, found again by the name's atom and the tags: a few ns instead of
/// a string's hash. Belongs to a user.
class CheckSeries {
 public:
  /// More names than this (generated ones) are looked up in the shard each time.
  static constexpr size_t kEntriesMax = 256;
  /// False for a name that k6 refuses.
  bool find(Vu& vu, JSAtom name, const metrics::TagSet* tags, metrics::SeriesId& series);
  /// Names found so far, at most kEntriesMax.
  size_t count() const { return count_; }
  /// Before the context goes.
  void clear(JSContext* ctx);

 private:
  struct Entry {
    JSAtom name = JS_ATOM_NULL;
    const metrics::TagSet* tags = nullptr;
    metrics::SeriesId series = 0;
  };
  void grow();
  size_t slot(JSAtom name, const metrics::TagSet* tags) const {
    return (name * 0x9e3779b1u ^ reinterpret_cast<uintptr_t>(tags) >> 4) & (table_.size() - 1);
  }
  std::vector<Entry> table_;  ///< open addressing; a power of two, at most half full
  size_t count_ = 0;
};

}  // namespace zelus::modules
