#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace zelus::modules {

// NTLMv2 over HTTP (MS-NLMP, RFC 4559): what k6's client of it does. No session keys, no signing:
// only who the user is.

/// What a server says in the scheme NTLM or Negotiate of `WWW-Authenticate`; of several, NTLM.
struct NtlmOffer {
  std::string scheme;
  std::string token;  ///< decoded; empty in the first answer
};
/// Is given every WWW-Authenticate of an answer.
class NtlmOffers {
 public:
  void add(std::string_view value);
  /// Nullopt where the server offers neither.
  const std::optional<NtlmOffer>& best() const { return best_; }

 private:
  std::optional<NtlmOffer> best_;
};

/// The first message (MS-NLMP 2.2.1.1): Unicode, NTLMv2, no domain and no workstation.
std::string ntlm_negotiate();

/// Server's challenge (2.2.1.2). Views into the message.
struct NtlmChallenge {
  uint32_t flags = 0;
  std::string_view nonce;        ///< 8 bytes
  std::string_view target_info;  ///< pairs of 2.2.2.1; empty: the server sent none
  std::string_view timestamp;    ///< 8 bytes of target_info, or empty
};
/// Nullopt for what is no challenge, and for one that asks for what is not spoken here: LM's key or
/// an exchange of keys.
std::optional<NtlmChallenge> parse_ntlm_challenge(std::string_view message);

struct NtlmUser {
  std::string_view name;  ///< "DOMAIN\\name", "name@domain" or "name"
  std::string_view password;
};
/// The third message (2.2.1.3). `nonce`: 8 random bytes of ours; `time`: 100 ns since 1601, for a
/// server that sends none. Empty for a user without name and password.
std::string ntlm_authenticate(const NtlmChallenge& challenge, const NtlmUser& user,
                              std::string_view nonce, uint64_t time);

/// NTOWFv2 (3.3.2): the key of the answers.
std::string ntlm_key(std::string_view name, std::string_view domain, std::string_view password);

}  // namespace zelus::modules
