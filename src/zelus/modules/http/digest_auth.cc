#include "zelus/modules/http/digest_auth.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>

#include "base/text.h"

namespace zelus::modules {

namespace {

constexpr std::string_view kSession = "-sess";

/// Null for an algorithm that is not known.
const EVP_MD* hash_of(std::string_view algorithm) {
  std::string name = bia::lower_case(algorithm);
  if (name.ends_with(kSession)) name.resize(name.size() - kSession.size());
  if (name.empty() || name == "md5") return EVP_md5();
  if (name == "sha-256") return EVP_sha256();
  return name == "sha-512-256" ? EVP_sha512_256() : nullptr;
}

std::string hex(const unsigned char* bytes, size_t size) {
  std::string out;
  for (size_t i = 0; i < size; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", bytes[i]);
  return out;
}

std::string hashed(const EVP_MD* hash, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), out, &size, hash, nullptr);
  return hex(out, size);
}

/// The next `name=value` or `name="value"` of a challenge.
bool take_pair(std::string_view& text, std::string& name, std::string& value) {
  while (!text.empty() && (text.front() == ' ' || text.front() == ',' || text.front() == '\t'))
    text.remove_prefix(1);
  size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  name = bia::lower_case(text.substr(0, equals));
  while (name.ends_with(' ')) name.pop_back();
  text.remove_prefix(equals + 1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  value.clear();
  if (!text.starts_with('"')) {
    size_t end = std::min(text.find(','), text.size());
    value = text.substr(0, end);
    while (value.ends_with(' ')) value.pop_back();
    text.remove_prefix(end);
    return true;
  }
  size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    value.push_back(text[i]);
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return true;
}

/// "auth" out of "auth-int, auth".
std::string choose_qop(std::string_view offered) {
  std::string out;
  while (!offered.empty()) {
    size_t comma = std::min(offered.find(','), offered.size());
    std::string one = bia::lower_case(offered.substr(0, comma));
    offered.remove_prefix(std::min(comma + 1, offered.size()));
    one.erase(std::remove(one.begin(), one.end(), ' '), one.end());
    if (one == "auth") return one;
    if (one == "auth-int") out = one;
  }
  return out;
}

std::string quoted(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    if (c != '\r' && c != '\n') out.push_back(c);
  }
  return out;
}

}  // namespace

bool parse_digest_challenge(std::string_view header, DigestChallenge& out) {
  constexpr std::string_view kScheme = "digest ";
  out = {};
  if (bia::lower_case(header.substr(0, kScheme.size())) != kScheme) return false;
  header.remove_prefix(kScheme.size());
  std::string name;
  std::string value;
  while (take_pair(header, name, value)) {
    if (name == "realm") out.realm = value;
    if (name == "nonce") out.nonce = value;
    if (name == "opaque") out.opaque = value;
    if (name == "algorithm") out.algorithm = value;
    if (name == "qop") out.qop = choose_qop(value);
  }
  return !out.nonce.empty() && hash_of(out.algorithm) != nullptr;
}

std::string digest_authorization(const DigestChallenge& challenge, const DigestRequest& request) {
  const EVP_MD* hash = hash_of(challenge.algorithm);
  size_t colon = std::min(request.user.find(':'), request.user.size());
  std::string_view name = request.user.substr(0, colon);
  std::string_view password = request.user.substr(std::min(colon + 1, request.user.size()));
  std::string secret = hashed(hash, fmt::format("{}:{}:{}", name, challenge.realm, password));
  if (bia::lower_case(challenge.algorithm).ends_with(kSession))
    secret = hashed(hash, fmt::format("{}:{}:{}", secret, challenge.nonce, request.cnonce));
  std::string what = fmt::format("{}:{}", request.method, request.target);
  if (challenge.qop == "auth-int") what += ":" + hashed(hash, request.body);
  what = hashed(hash, what);
  constexpr std::string_view kCount = "00000001";
  std::string response =
      challenge.qop.empty()
          ? hashed(hash, fmt::format("{}:{}:{}", secret, challenge.nonce, what))
          : hashed(hash, fmt::format("{}:{}:{}:{}:{}:{}", secret, challenge.nonce, kCount,
                                     request.cnonce, challenge.qop, what));
  std::string out = fmt::format(
      "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", response=\"{}\"",
      quoted(name), quoted(challenge.realm), quoted(challenge.nonce), request.target, response);
  if (!challenge.algorithm.empty()) out += fmt::format(", algorithm={}", challenge.algorithm);
  if (!challenge.opaque.empty()) out += fmt::format(", opaque=\"{}\"", quoted(challenge.opaque));
  if (!challenge.qop.empty())
    out += fmt::format(", qop={}, nc={}, cnonce=\"{}\"", challenge.qop, kCount, request.cnonce);
  return out;
}

std::string digest_cnonce() {
  unsigned char bytes[16];
  RAND_bytes(bytes, sizeof(bytes));
  return hex(bytes, sizeof(bytes));
}

}  // namespace zelus::modules
