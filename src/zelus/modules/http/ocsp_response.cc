#include "zelus/modules/http/ocsp_response.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>

#include <ctime>
#include <iterator>
#include <memory>

namespace zelus::modules {

namespace {

/// Of Go's time.Time where nothing was set: the year 1.
constexpr int64_t kNoTime = -62135596800;

int64_t unix_time(const ASN1_GENERALIZEDTIME* at) {
  tm parts{};
  if (at == nullptr || ASN1_TIME_to_tm(at, &parts) != 1) return kNoTime;
  return timegm(&parts);
}

/// By the numbers of RFC 5280 section 5.3.1.
std::string_view reason_text(int reason) {
  constexpr std::string_view kReasons[] = {
      "unspecified",     "key_compromise",         "ca_compromise",    "affiliation_changed",
      "superseded",      "cessation_of_operation", "certificate_hold", "",
      "remove_from_crl", "privilege_withdrawn",    "aa_compromise"};
  // Where none is given, Go has 0.
  if (reason < 0) return kReasons[0];
  return static_cast<size_t>(reason) < std::size(kReasons) ? kReasons[reason] : "";
}

/// k6 does not know the issuer here: an answer with a certificate is one if that signed it, and one
/// without is not checked. Nor does it take extensions that must be understood, or hashes that Go
/// does not have.
bool is_accepted(OCSP_BASICRESP* basic) {
  const STACK_OF(X509)* certificates = OCSP_resp_get0_certs(basic);
  if (sk_X509_num(certificates) > 0) {
    EVP_PKEY* key = X509_get0_pubkey(sk_X509_value(certificates, 0));
    if (key == nullptr ||
        ASN1_item_verify(ASN1_ITEM_rptr(OCSP_RESPDATA), OCSP_resp_get0_tbs_sigalg(basic),
                         OCSP_resp_get0_signature(basic), OCSP_resp_get0_respdata(basic), key) != 1)
      return false;
  }
  const OCSP_SINGLERESP* one = OCSP_resp_get0(basic, 0);
  if (OCSP_SINGLERESP_get_ext_by_critical(const_cast<OCSP_SINGLERESP*>(one), 1, -1) >= 0)
    return false;
  ASN1_OBJECT* hash = nullptr;
  OCSP_id_get0_info(nullptr, &hash, nullptr, nullptr,
                    const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(one)));
  const int number = OBJ_obj2nid(hash);
  return number == NID_sha1 || number == NID_sha256 || number == NID_sha384 || number == NID_sha512;
}

}  // namespace

OcspAnswer read_ocsp(std::string_view der) {
  OcspAnswer out;
  out.status = "unknown";
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)> response(
      d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())), OCSP_RESPONSE_free);
  const std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)> basic(
      response && OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL
          ? OCSP_response_get1_basic(response.get())
          : nullptr,
      OCSP_BASICRESP_free);
  const bool whole = bytes == reinterpret_cast<const unsigned char*>(der.data()) + der.size();
  if (!basic || !whole || OCSP_resp_count(basic.get()) != 1 || !is_accepted(basic.get())) {
    ERR_clear_error();
    return out;
  }
  int reason = -1;
  ASN1_GENERALIZEDTIME *revoked = nullptr, *from = nullptr, *until = nullptr;
  const int status =
      OCSP_single_get0_status(OCSP_resp_get0(basic.get(), 0), &reason, &revoked, &from, &until);
  out.status = status == V_OCSP_CERTSTATUS_GOOD      ? "good"
               : status == V_OCSP_CERTSTATUS_REVOKED ? "revoked"
                                                     : "unknown";
  out.revocation_reason = reason_text(reason);
  out.produced_at = unix_time(OCSP_resp_get0_produced_at(basic.get()));
  out.this_update = unix_time(from);
  out.next_update = unix_time(until);
  out.revoked_at = status == V_OCSP_CERTSTATUS_REVOKED ? unix_time(revoked) : kNoTime;
  return out;
}

}  // namespace zelus::modules
