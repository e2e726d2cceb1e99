#include "zelus/output/sigv4.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>
#include <vector>

namespace zelus::output {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hex(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &size);
  return std::string(reinterpret_cast<char*>(digest), size);
}

// Parameters in order of name; one without a value gets "=".
std::string sorted_query(std::string_view query) {
  std::vector<std::string> parameters;
  while (!query.empty()) {
    size_t end = std::min(query.find('&'), query.size());
    std::string one(query.substr(0, end));
    if (!one.empty() && one.find('=') == std::string::npos) one += '=';
    if (!one.empty()) parameters.push_back(std::move(one));
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  std::sort(parameters.begin(), parameters.end());
  return fmt::format("{}", fmt::join(parameters, "&"));
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  return hex({reinterpret_cast<char*>(digest), size});
}

std::string sigv4_date(int64_t unix_seconds) {
  std::time_t at = static_cast<std::time_t>(unix_seconds);
  std::tm utc{};
  ::gmtime_r(&at, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

std::string sigv4_authorization(const SigV4Request& request, const SigV4Keys& keys,
                                std::string_view service, std::string_view date) {
  std::string names;
  std::string fields;
  for (const auto& [name, value] : request.headers) {
    names += (names.empty() ? "" : ";") + name;
    fields += fmt::format("{}:{}\n", name, value);
  }
  std::string canonical = fmt::format(
      "{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path.empty() ? "/" : request.path,
      sorted_query(request.query), fields, names, sha256_hex(request.body));
  std::string_view day = date.substr(0, 8);
  std::string scope = fmt::format("{}/{}/{}/aws4_request", day, keys.region, service);
  std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope, sha256_hex(canonical));
  std::string key = hmac("AWS4" + keys.secret_key, day);
  for (std::string_view step :
       {std::string_view(keys.region), service, std::string_view("aws4_request")})
    key = hmac(key, step);
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                     keys.access_key, scope, names, hex(hmac(key, to_sign)));
}

}  // namespace zelus::output
