#include "zelus/modules/source/module_cache.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/read_file.h"
#include "zelus/modules/source/module_lock.h"

namespace zelus::modules {

namespace {

std::optional<std::string> read_file(const std::string& path) {
  auto text = bia::read_file(path);
  if (!text) return std::nullopt;
  return *std::move(text);
}

/// Whole or not at all, whoever else writes or reads it.
void write_file(const std::string& path, std::string_view text) {
  const std::string part = fmt::format("{}.{}", path, ::getpid());
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(part, path, failed);
  if (!file || failed) std::filesystem::remove(part, failed);
}

}  // namespace

std::string ModuleCache::content_path(std::string_view sha256) const {
  return fmt::format("{}/content/{}", folder_, sha256);
}

std::string ModuleCache::url_path(std::string_view url) const {
  return fmt::format("{}/urls/{}", folder_, sha256_hex(url));
}

std::optional<std::string> ModuleCache::by_hash(std::string_view sha256) const {
  if (folder_.empty()) return std::nullopt;
  auto text = read_file(content_path(sha256));
  if (text && sha256_hex(*text) != sha256) return std::nullopt;
  return text;
}

std::optional<std::string> ModuleCache::by_url(std::string_view url) const {
  if (folder_.empty()) return std::nullopt;
  auto entry = read_file(url_path(url));
  if (!entry) return std::nullopt;
  auto lock = parse_module_lock("", *entry);
  if (!lock || !lock->contains(url)) return std::nullopt;
  return by_hash(lock->find(url)->second);
}

void ModuleCache::put(std::string_view url, std::string_view text) {
  if (folder_.empty()) return;
  std::error_code failed;
  for (const char* part : {"/content", "/urls"})
    std::filesystem::create_directories(folder_ + part, failed);
  if (failed) return;
  const std::string hash = sha256_hex(text);
  if (!by_hash(hash)) write_file(content_path(hash), text);
  write_file(url_path(url), fmt::format("{} {}\n", hash, url));
}

}  // namespace zelus::modules
