#include "zelus/metrics/tags.h"

#include <algorithm>
#include <functional>

namespace zelus::metrics {
namespace {

// In the order of the bits.
constexpr std::string_view kSystemTagNames[] = {
    "proto", "subproto", "status",      "method",      "url",      "name",    "group",
    "check", "error",    "error_code",  "tls_version", "scenario", "service", "expected_response",
    "iter",  "vu",       "ocsp_status", "ip"};

size_t mix(size_t seed, size_t value) {
  return (seed ^ value) * 0x9e3779b97f4a7c15ull + (seed >> 29);
}

size_t hash_of(std::string_view key, std::string_view value) {
  std::hash<std::string_view> hash;
  return mix(hash(key) * 31, hash(value));
}

size_t hash_of(const std::vector<Tag>& tags) {
  size_t seed = tags.size();
  for (const Tag& tag : tags) seed = mix(seed, hash_of(tag.first, tag.second));
  return seed;
}

struct KeyLess {
  bool operator()(const Tag& tag, std::string_view key) const { return tag.first < key; }
};

}  // namespace

std::string_view system_tag_name(SystemTag tag) {
  return kSystemTagNames[std::countr_zero(static_cast<uint32_t>(tag))];
}

SystemTags SystemTags::of(std::span<const std::string> names) {
  SystemTags tags = none();
  for (const std::string& name : names) {
    for (size_t bit = 0; bit < std::size(kSystemTagNames); ++bit) {
      if (kSystemTagNames[bit] == name) tags.bits_ |= 1u << bit;
    }
  }
  return tags;
}

std::vector<std::string> SystemTags::names(bool indexed_only) const {
  std::vector<std::string> names;
  for (size_t bit = 0; bit < std::size(kSystemTagNames); ++bit) {
    SystemTag tag = static_cast<SystemTag>(1u << bit);
    if (!has(tag) || (indexed_only && (tag == SystemTag::kIter || tag == SystemTag::kVu))) continue;
    names.emplace_back(kSystemTagNames[bit]);
  }
  std::sort(names.begin(), names.end());
  return names;
}

const std::string* TagSet::find(std::string_view key) const {
  auto at = std::lower_bound(tags_.begin(), tags_.end(), key, KeyLess());
  return at != tags_.end() && at->first == key ? &at->second : nullptr;
}

std::string_view TagSet::get(std::string_view key) const {
  const std::string* value = find(key);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

bool TagSet::contains(const TagSet& other) const { return contains(other.tags_); }

bool TagSet::contains(std::span<const Tag> tags) const {
  for (const Tag& tag : tags) {
    const std::string* value = find(tag.first);
    if (value == nullptr || *value != tag.second) return false;
  }
  return true;
}

TagInterner::TagInterner() : empty_(nullptr) { empty_ = intern({}); }
TagInterner::~TagInterner() = default;

const TagSet* TagInterner::intern(std::vector<Tag> sorted) {
  size_t hash = hash_of(sorted);
  auto [first, last] = sets_.equal_range(hash);
  for (; first != last; ++first) {
    if (first->second->tags_ == sorted) return first->second.get();
  }
  auto set = std::unique_ptr<const TagSet>(new TagSet(std::move(sorted), hash));
  ++count_;
  return sets_.emplace(hash, std::move(set))->second.get();
}

const TagSet* TagInterner::with(const TagSet* base, std::string_view key, std::string_view value) {
  size_t hash = hash_of(key, value);
  auto [first, last] = base->steps_.equal_range(hash);
  for (; first != last; ++first) {
    if (first->second.key == key && first->second.value == value) return first->second.next;
  }
  std::vector<Tag> tags = base->tags_;
  auto at = std::lower_bound(tags.begin(), tags.end(), key, KeyLess());
  if (at != tags.end() && at->first == key) {
    at->second = value;
  } else {
    tags.emplace(at, key, value);
  }
  const TagSet* next = intern(std::move(tags));
  base->steps_.emplace(hash, TagSet::Step{std::string(key), std::string(value), next});
  return next;
}

const TagSet* TagInterner::without(const TagSet* base, std::string_view key) {
  if (base->find(key) == nullptr) return base;
  std::vector<Tag> tags = base->tags_;
  std::erase_if(tags, [key](const Tag& tag) { return tag.first == key; });
  return intern(std::move(tags));
}

const TagSet* TagInterner::merge(const TagSet* base, const TagSet* over) {
  if (base == empty_) return over;
  for (const Tag& tag : over->tags_) base = with(base, tag.first, tag.second);
  return base;
}

const TagSet* TagInterner::of(std::vector<Tag> tags) {
  std::stable_sort(tags.begin(), tags.end(),
                   [](const Tag& a, const Tag& b) { return a.first < b.first; });
  std::vector<Tag> unique;
  unique.reserve(tags.size());
  for (Tag& tag : tags) {
    if (!unique.empty() && unique.back().first == tag.first) {
      unique.back().second = std::move(tag.second);
    } else {
      unique.push_back(std::move(tag));
    }
  }
  return intern(std::move(unique));
}

const TagSet* TagInterner::adopt(const TagSet* foreign) { return intern(foreign->tags_); }

}  // namespace zelus::metrics
