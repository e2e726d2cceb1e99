#pragma once
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace zelus::metrics {

using bia::Result;
using Tag = std::pair<std::string, std::string>;

/// Tags that k6 sets by itself; the mask is option systemTags.
enum class SystemTag : uint32_t {
  kProto = 1u << 0,
  kSubproto = 1u << 1,
  kStatus = 1u << 2,
  kMethod = 1u << 3,
  kUrl = 1u << 4,
  kName = 1u << 5,
  kGroup = 1u << 6,
  kCheck = 1u << 7,
  kError = 1u << 8,
  kErrorCode = 1u << 9,
  kTlsVersion = 1u << 10,
  kScenario = 1u << 11,
  kService = 1u << 12,
  kExpectedResponse = 1u << 13,
  kIter = 1u << 14,
  kVu = 1u << 15,
  kOcspStatus = 1u << 16,
  kIp = 1u << 17,
};

/// "expected_response" and so on.
std::string_view system_tag_name(SystemTag tag);

class SystemTags {
 public:
  /// The 14 that are on unless systemTags says otherwise.
  static SystemTags defaults() { return SystemTags((1u << 14) - 1); }
  static SystemTags none() { return SystemTags(0); }
  /// Unknown names count for nothing, as in k6.
  static SystemTags of(std::span<const std::string> names);
  bool has(SystemTag tag) const { return (bits_ & static_cast<uint32_t>(tag)) != 0; }
  void set(SystemTag tag) { bits_ |= static_cast<uint32_t>(tag); }
  /// Sorted by name; `indexed_only` leaves out vu and iter, which are metadata and never tags.
  std::vector<std::string> names(bool indexed_only) const;

 private:
  explicit SystemTags(uint32_t bits) : bits_(bits) {}
  uint32_t bits_;
};

class TagInterner;

/// An immutable set of tags, sorted by key. Two equal sets of one interner are one object; it lives
/// as long as the interner. Other threads may read it.
class TagSet {
 public:
  TagSet(const TagSet&) = delete;
  TagSet& operator=(const TagSet&) = delete;
  const std::vector<Tag>& tags() const { return tags_; }
  /// Null where there is no such key.
  const std::string* find(std::string_view key) const;
  /// Empty where there is no such key.
  std::string_view get(std::string_view key) const;
  /// True if every tag of `other` is here, with the same value.
  bool contains(const TagSet& other) const;
  bool contains(std::span<const Tag> tags) const;
  size_t hash() const { return hash_; }
  /// There is a `name`, which stands for the URL of requests.
  bool has_name() const { return has_name_; }

 private:
  friend class TagInterner;
  explicit TagSet(std::vector<Tag> tags, size_t hash)
      : tags_(std::move(tags)), hash_(hash), has_name_(find("name") != nullptr) {}
  std::vector<Tag> tags_;
  size_t hash_;
  bool has_name_;
  /// Sets that differ in one tag, found again without sorting: how a chain of `with` stays cheap.
  /// Touched by the interner's thread only.
  struct Step {
    std::string key;
    std::string value;
    const TagSet* next;
  };
  mutable std::unordered_multimap<size_t, Step> steps_;
};

/// Makes tag sets. Belongs to one thread.
class TagInterner {
 public:
  TagInterner();
  ~TagInterner();
  TagInterner(const TagInterner&) = delete;
  TagInterner& operator=(const TagInterner&) = delete;

  /// The set without tags.
  const TagSet* empty() const { return empty_; }
  /// `base` with one tag set or replaced. Costs a hash look-up once the pair was seen.
  const TagSet* with(const TagSet* base, std::string_view key, std::string_view value);
  const TagSet* without(const TagSet* base, std::string_view key);
  /// `base` with all of `over`.
  const TagSet* merge(const TagSet* base, const TagSet* over);
  /// Any order; the last of a key counts.
  const TagSet* of(std::vector<Tag> tags);
  /// The set of the same content here, for one of another interner.
  const TagSet* adopt(const TagSet* foreign);
  size_t size() const { return count_; }

 private:
  const TagSet* intern(std::vector<Tag> sorted);
  std::unordered_multimap<size_t, std::unique_ptr<const TagSet>> sets_;
  const TagSet* empty_;
  size_t count_ = 0;
};

}  // namespace zelus::metrics
