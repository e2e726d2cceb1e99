#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

namespace zelus::modules {

/// The fields of a Response; the one that scripts ask for most comes first.
enum ResponseField : uint8_t {
  kStatus,
  kBody,
  kHeaders,
  kTimings,
  kError,
  kErrorCode,
  kUrl,
  kStatusText,
  kCookies,
  kJson,
  kRemoteIp,
  kRemotePort,
  kProto,
  kTlsVersion,
  kTlsCipherSuite,
  kOcsp,
  kRequest,
  kClickLink,
  kHtml,
  kSubmitForm,
  kResponseFields,
};
inline constexpr const char* kResponseFieldNames[] = {
    "status",     "body",        "headers",     "timings",     "error",
    "error_code", "url",         "status_text", "cookies",     "json",
    "remote_ip",  "remote_port", "proto",       "tls_version", "tls_cipher_suite",
    "ocsp",       "request",     "clickLink",   "html",        "submitForm"};
static_assert(sizeof(kResponseFieldNames) / sizeof(char*) == kResponseFields);
/// As k6 lists them.
inline constexpr ResponseField kResponseOrder[] = {
    kRemoteIp,  kRemotePort, kUrl,       kStatus,     kStatusText,     kProto,     kHeaders,
    kCookies,   kBody,       kTimings,   kTlsVersion, kTlsCipherSuite, kOcsp,      kError,
    kErrorCode, kRequest,    kClickLink, kHtml,       kJson,           kSubmitForm};
static_assert(sizeof(kResponseOrder) == kResponseFields);

}  // namespace zelus::modules
