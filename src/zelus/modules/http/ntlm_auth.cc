#include "zelus/modules/http/ntlm_auth.h"

#include <locale.h>
#include <openssl/evp.h>
#include <wctype.h>

#include <algorithm>
#include <initializer_list>

#include "codec/utf8.h"
#include "grpc/wire.h"
#include "zelus/modules/openssl_library.h"
#include "zelus/modules/utf8.h"

namespace zelus::modules {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignature = "NTLMSSP\0"sv;

// MS-NLMP 2.2.2.5.
constexpr uint32_t kUnicode = 1u << 0;
constexpr uint32_t kLmKey = 1u << 7;
constexpr uint32_t kNtlm = 1u << 9;
constexpr uint32_t kAlwaysSign = 1u << 15;
constexpr uint32_t kExtendedSecurity = 1u << 19;
constexpr uint32_t kTargetInfo = 1u << 23;
constexpr uint32_t kVersion = 1u << 25;
constexpr uint32_t k128 = 1u << 29;
constexpr uint32_t kKeyExchange = 1u << 30;
constexpr uint32_t k56 = 1u << 31;

constexpr size_t kChallengeHeadBytes = 48;
constexpr size_t kAuthenticateHeadBytes = 64;

void put(std::string& out, uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(number >> (8 * i));
}

uint32_t get(std::string_view from, size_t at, size_t bytes) {
  uint32_t out = 0;
  for (size_t i = bytes; i-- > 0;) out = out << 8 | static_cast<unsigned char>(from[at + i]);
  return out;
}

/// Of well-formed UTF-8.
std::u16string utf16(std::string_view bytes) {
  std::u16string out;
  const std::string text = read_utf8(bytes, /*last=*/true).text;
  for (std::string_view rest = text; !rest.empty();) {
    uint32_t rune = bia::codec::take_code_point(rest);
    if (rune >= 0x10000) {
      rune -= 0x10000;
      out += static_cast<char16_t>(0xd800 | rune >> 10);
      rune = 0xdc00 | (rune & 0x3ff);
    }
    out += static_cast<char16_t>(rune);
  }
  return out;
}

/// UTF-16LE.
std::string wide(std::string_view text) {
  std::string out;
  for (char16_t unit : utf16(text)) put(out, unit, 2);
  return out;
}

/// Unicode's simple mapping, whatever the process' locale is.
std::string upper_case_wide(std::string_view text) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string out;
  for (char16_t unit : utf16(text)) {
    const bool surrogate = unit >= 0xd800 && unit < 0xe000;
    put(out, surrogate ? unit : static_cast<uint32_t>(towupper_l(unit, unicode)), 2);
  }
  return out;
}

std::string md4(std::string_view bytes) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_MD* hash = EVP_MD_fetch(openssl_library(), "MD4", nullptr);
  if (hash != nullptr) EVP_Digest(bytes.data(), bytes.size(), out, &size, hash, nullptr);
  EVP_MD_free(hash);
  return std::string(reinterpret_cast<const char*>(out), size);
}

std::string hmac_md5(std::string_view key, std::initializer_list<std::string_view> parts) {
  std::string text;
  for (std::string_view part : parts) text += part;
  unsigned char out[EVP_MAX_MD_SIZE];
  size_t size = 0;
  EVP_Q_mac(openssl_library(), "HMAC", nullptr, "MD5", nullptr, key.data(), key.size(),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, sizeof(out),
            &size);
  return std::string(reinterpret_cast<const char*>(out), size);
}

/// Pairs of target information (2.2.2.1); false where they are cut.
bool find_timestamp(std::string_view pairs, std::string_view& timestamp) {
  constexpr uint32_t kEnd = 0;
  constexpr uint32_t kTimestamp = 7;
  while (pairs.size() >= 2) {
    const uint32_t id = get(pairs, 0, 2);
    if (id == kEnd) return true;
    if (pairs.size() < 4) return false;
    const size_t bytes = get(pairs, 2, 2);
    if (pairs.size() - 4 < bytes) return false;
    if (id == kTimestamp && bytes == 8) timestamp = pairs.substr(4, bytes);
    pairs.remove_prefix(4 + bytes);
  }
  return false;
}

}  // namespace

void NtlmOffers::add(std::string_view value) {
  const size_t space = std::min(value.find(' '), value.size());
  const std::string_view scheme = value.substr(0, space);
  if (scheme != "NTLM" && scheme != "Negotiate") return;
  if (best_ && (best_->scheme == "NTLM" || scheme != "NTLM")) return;
  best_ = NtlmOffer{std::string(scheme), ""};
  auto token = bia::grpc::base64_decode(value.substr(std::min(space + 1, value.size())));
  if (token) best_->token = std::move(*token);
}

std::string ntlm_negotiate() {
  std::string out(kSignature);
  put(out, 1, 4);
  put(out, kTargetInfo | k56 | k128 | kUnicode | kExtendedSecurity | kNtlm | kAlwaysSign, 4);
  constexpr uint32_t kHeadBytes = 40;
  for (int field = 0; field < 2; ++field) {  // domain and workstation: none
    put(out, 0, 4);
    put(out, kHeadBytes, 4);
  }
  // Windows 7, revision 15 of NTLM: what k6 says.
  put(out, 6, 1);
  put(out, 1, 1);
  put(out, 7601, 2);
  put(out, 15u << 24, 4);
  return out;
}

std::optional<NtlmChallenge> parse_ntlm_challenge(std::string_view message) {
  if (message.size() < kChallengeHeadBytes || !message.starts_with(kSignature) ||
      get(message, 8, 4) != 2)
    return std::nullopt;
  NtlmChallenge out;
  out.flags = get(message, 20, 4);
  out.nonce = message.substr(24, 8);
  if ((out.flags & (kLmKey | kKeyExchange)) != 0 || (out.flags & kUnicode) == 0)
    return std::nullopt;
  const size_t bytes = get(message, 40, 2);
  const size_t offset = get(message, 44, 4);
  if (bytes == 0) return out;
  if (offset > message.size() || message.size() - offset < bytes) return std::nullopt;
  out.target_info = message.substr(offset, bytes);
  if (!find_timestamp(out.target_info, out.timestamp)) return std::nullopt;
  return out;
}

std::string ntlm_key(std::string_view name, std::string_view domain, std::string_view password) {
  return hmac_md5(md4(wide(password)), {upper_case_wide(name), wide(domain)});
}

std::string ntlm_authenticate(const NtlmChallenge& challenge, const NtlmUser& user,
                              std::string_view nonce, uint64_t time) {
  if (user.name.empty() && user.password.empty()) return "";
  const size_t slash = user.name.find('\\');
  const bool has_domain = slash != std::string_view::npos;
  const std::string_view domain = has_domain ? user.name.substr(0, slash) : ""sv;
  const std::string_view name = has_domain ? user.name.substr(slash + 1) : user.name;
  const std::string key = ntlm_key(name, domain, user.password);

  std::string claims("\1\1\0\0\0\0\0\0"sv);  // 2.2.2.7
  if (challenge.timestamp.empty()) {
    put(claims, time, 8);
  } else {
    claims += challenge.timestamp;
  }
  claims += nonce;
  put(claims, 0, 4);
  claims += challenge.target_info;
  put(claims, 0, 4);
  const std::string nt = hmac_md5(key, {challenge.nonce, claims}) + claims;
  std::string lm;
  if (challenge.target_info.empty())
    lm = hmac_md5(key, {challenge.nonce, nonce}) + std::string(nonce);

  std::string out(kSignature);
  put(out, 3, 4);
  std::string payload;
  // LM's answer, NT's answer, domain, user, workstation, session key.
  for (const std::string& field :
       {lm, nt, wide(domain), wide(name), std::string(), std::string()}) {
    put(out, field.size(), 2);
    put(out, field.size(), 2);
    put(out, kAuthenticateHeadBytes + payload.size(), 4);
    payload += field;
  }
  put(out, challenge.flags & ~kVersion, 4);
  return out + payload;
}

}  // namespace zelus::modules
