#include "zelus/modules/source/module_lock.h"

#include <fmt/format.h>
#include <openssl/evp.h>

namespace zelus::modules {

using bia::Code;
using bia::Error;

namespace {
bool is_hash(std::string_view text) {
  constexpr size_t kDigits = 64;
  return text.size() == kDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
}  // namespace

Result<ModuleLock> parse_module_lock(std::string_view name, std::string_view text) {
  ModuleLock out;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with('#')) continue;
    const size_t space = std::min(line.find(' '), line.size());
    std::string_view url = line.substr(std::min(space + 1, line.size()));
    if (!is_hash(line.substr(0, space)) || !url.starts_with("https://") ||
        !out.emplace(url, line.substr(0, space)).second) {
      return Error(Code::kInvalidArgument, "BAD_LOCK",
                   fmt::format("{}:{}: expected \"SHA-256 URL\", each URL once, found \"{}\"; "
                               "--modules-lock writes the file anew",
                               name, number, line));
    }
  }
  return out;
}

std::string format_module_lock(const ModuleLock& lock) {
  std::string out =
      "# SHA-256 of the https:// modules of the scripts in this folder; written by zelus run "
      "--modules-lock.\n";
  for (const auto& [url, hash] : lock) out += fmt::format("{} {}\n", hash, url);
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), hash, &size, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned int i = 0; i < size; ++i)
    fmt::format_to(std::back_inserter(out), "{:02x}", hash[i]);
  return out;
}

}  // namespace zelus::modules
