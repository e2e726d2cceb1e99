#include "js/regexp_cache.h"

#include <cstdint>

#include "js/engine.h"

namespace bia::js {

RegexpCache& RegexpCache::of_thread() {
  thread_local RegexpCache mine;
  return mine;
}

const std::string* RegexpCache::find(std::string_view pattern, int flags) {
  if (pattern.size() > kBytesMax) return nullptr;
  auto found = codes_.find(key(pattern, flags));
  return found == codes_.end() ? nullptr : &found->second;
}

void RegexpCache::keep(std::string_view pattern, int flags, std::string_view code) {
  if (pattern.size() > kBytesMax || code.size() > kBytesMax) return;
  // A script that makes ever new patterns: what the others share comes back soon.
  if (codes_.size() >= kEntriesMax) codes_.clear();
  codes_.insert_or_assign(key(pattern, flags), std::string(code));
}

const std::string& RegexpCache::key(std::string_view pattern, int flags) {
  key_.assign(reinterpret_cast<const char*>(&flags), sizeof(flags));
  key_.append(pattern);
  return key_;
}

}  // namespace bia::js

const void* bia_js_find_regexp(const char* pattern, size_t bytes, int flags, int* code_bytes) {
  const std::string* code = bia::js::RegexpCache::of_thread().find({pattern, bytes}, flags);
  if (code == nullptr) return nullptr;
  *code_bytes = static_cast<int>(code->size());
  return code->data();
}

void bia_js_keep_regexp(const char* pattern, size_t bytes, int flags, const void* code,
                        int code_bytes) {
  bia::js::RegexpCache::of_thread().keep(
      {pattern, bytes}, flags, {static_cast<const char*>(code), static_cast<size_t>(code_bytes)});
}
