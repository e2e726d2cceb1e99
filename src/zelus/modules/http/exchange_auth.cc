// The answers of an exchange to a 401: digest and NTLM.
#include <openssl/rand.h>

#include "base/base64.h"
#include "base/text.h"
#include "grpc/wire.h"
#include "zelus/modules/http/digest_auth.h"
#include "zelus/modules/http/exchange.h"
#include "zelus/modules/http/ntlm_auth.h"

namespace zelus::modules {

namespace {

constexpr std::string_view kAuthenticate = "WWW-Authenticate";

/// 100 ns since 1601, as Windows counts time.
uint64_t windows_time() {
  constexpr uint64_t kUnixEpoch = 116444736000000000;
  return kUnixEpoch + static_cast<uint64_t>(unix_now_ms()) * 10'000;
}

std::optional<NtlmOffer> ntlm_offer(const bia::http::Headers& headers) {
  NtlmOffers offers;
  for (const auto& [name, value] : headers) {
    if (bia::http::field_name_equals(name, kAuthenticate)) offers.add(value);
  }
  return offers.best();
}

}  // namespace

bool Exchange::answer_challenge(const Url& url, std::string_view method, bool with_body) {
  if (request.auth == HttpRequest::Auth::kNtlm) return answer_ntlm(url);
  return authorization_.empty() && answer_digest(url, method, with_body);
}

bool Exchange::answer_digest(const Url& url, std::string_view method, bool with_body) {
  DigestChallenge challenge;
  if (status != 401 || !parse_digest_challenge(response.headers.get(kAuthenticate), challenge))
    return false;
  std::string cnonce = digest_cnonce();
  authorization_ = digest_authorization(
      challenge, {url.has_user ? url.credentials() : digest_user_, method, url.target,
                  with_body ? std::string_view(request.body) : std::string_view(), cnonce});
  return true;
}

std::string Exchange::credentials(const Url& url) const {
  constexpr std::string_view kBasic = "basic ";
  const std::string_view own = foreign_ ? "" : request.headers.get("Authorization");
  if (own.empty()) return url.user.empty() ? "" : url.credentials();
  if (bia::lower_case(own.substr(0, kBasic.size())) != kBasic) return "";
  auto decoded = bia::grpc::base64_decode(own.substr(kBasic.size()));
  return decoded && decoded->find(':') != std::string::npos ? *decoded : "";
}

void Exchange::back_to_refusal() {
  response = std::move(*refusal_);
  refusal_.reset();
  status = response.status;
  log_error.clear();
}

bool Exchange::answer_ntlm(const Url& url) {
  const NtlmStep step = ntlm_step_;
  if (step == NtlmStep::kOff || step == NtlmStep::kAuthenticated || status != 401) return false;
  const auto offer = ntlm_offer(response.headers);
  if (step == NtlmStep::kAnonymous) {
    if (!offer) return false;
    authorization_ = offer->scheme + " " + bia::base64_encode(ntlm_negotiate());
    refusal_ = std::make_unique<bia::http::ClientResponse>(std::move(response));
    ntlm_step_ = NtlmStep::kNegotiated;
    return true;
  }
  const std::string user = credentials(url);
  const size_t colon = std::min(user.find(':'), user.size());
  unsigned char nonce[8];
  RAND_bytes(nonce, sizeof(nonce));
  std::string message;
  if (auto challenge = offer ? parse_ntlm_challenge(offer->token) : std::nullopt)
    message = ntlm_authenticate(
        *challenge,
        {std::string_view(user).substr(0, colon),
         std::string_view(user).substr(std::min(colon + 1, user.size()))},
        std::string_view(reinterpret_cast<const char*>(nonce), sizeof(nonce)), windows_time());
  if (message.empty()) {
    back_to_refusal();
    return false;
  }
  authorization_ = offer->scheme + " " + bia::base64_encode(message);
  ntlm_step_ = NtlmStep::kAuthenticated;
  return true;
}

}  // namespace zelus::modules
