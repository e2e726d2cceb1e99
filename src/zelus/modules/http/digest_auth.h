#pragma once
#include <string>
#include <string_view>

namespace zelus::modules {

/// What a server asks for with `WWW-Authenticate: Digest …` (RFC 7616 section 3.3).
struct DigestChallenge {
  std::string realm, nonce, opaque;
  std::string algorithm;  ///< as written; empty: MD5
  std::string qop;        ///< "auth" where it is offered, "auth-int" where only that is, else empty
};
/// False for another scheme, a challenge without nonce, or an algorithm that is none of MD5,
/// SHA-256, SHA-512-256 and their `-sess`.
bool parse_digest_challenge(std::string_view header, DigestChallenge& out);

struct DigestRequest {
  std::string_view user;  ///< "name:password"
  std::string_view method, target, body;
  std::string_view cnonce;
};
/// The value of Authorization for the first request with that nonce (RFC 7616 section 3.4).
std::string digest_authorization(const DigestChallenge& challenge, const DigestRequest& request);
/// 32 random hexadecimal digits.
std::string digest_cnonce();

}  // namespace zelus::modules
