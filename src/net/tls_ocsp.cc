#include "net/tls_ocsp.h"

#include <fmt/format.h>
#include <openssl/ocsp.h>

#include <ctime>
#include <memory>

#include "net/tls_context.h"

namespace bia::net {
namespace {

using Response = std::unique_ptr<OCSP_RESPONSE, decltype(&OCSP_RESPONSE_free)>;
using Basic = std::unique_ptr<OCSP_BASICRESP, decltype(&OCSP_BASICRESP_free)>;

int64_t unix_time(const ASN1_GENERALIZEDTIME* at) {
  tm parts{};
  if (at == nullptr || ASN1_TIME_to_tm(at, &parts) != 1) return INT64_MAX;
  return timegm(&parts);
}

/// Null where the response is not about it.
OCSP_SINGLERESP* find(OCSP_BASICRESP* basic, const X509* certificate) {
  const ASN1_INTEGER* wanted = X509_get0_serialNumber(certificate);
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* one = OCSP_resp_get0(basic, i);
    ASN1_INTEGER* serial = nullptr;
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial,
                      const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(one)));
    if (serial != nullptr && ASN1_INTEGER_cmp(serial, wanted) == 0) return one;
  }
  return nullptr;
}

}  // namespace

Result<OcspStaple> load_ocsp(const std::string& path, const X509* certificate) {
  OcspStaple staple;
  staple.der = BIA_TRY(read_file(path));
  const auto* bytes = reinterpret_cast<const unsigned char*>(staple.der.data());
  const Response response(d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(staple.der.size())),
                          OCSP_RESPONSE_free);
  const auto bad = [&](std::string_view why) {
    return tls_config_error("TLS_OCSP", fmt::format("{}: {}", path, why))
        .with_hint("openssl ocsp … -respout FILE writes one");
  };
  if (!response) {
    openssl_text();
    return bad("is no OCSP response in DER");
  }
  const int status = OCSP_response_status(response.get());
  if (status != OCSP_RESPONSE_STATUS_SUCCESSFUL)
    return bad(fmt::format("the OCSP response says \"{}\"", OCSP_response_status_str(status)));
  const Basic basic(OCSP_response_get1_basic(response.get()), OCSP_BASICRESP_free);
  OCSP_SINGLERESP* one = basic ? find(basic.get(), certificate) : nullptr;
  if (one == nullptr) {
    openssl_text();
    return bad("the OCSP response is not about the certificate that it stands beside");
  }
  ASN1_GENERALIZEDTIME* next = nullptr;
  OCSP_single_get0_status(one, nullptr, nullptr, nullptr, &next);
  staple.until = unix_time(next);
  return staple;
}

}  // namespace bia::net
