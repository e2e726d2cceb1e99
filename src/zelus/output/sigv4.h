#pragma once
#include <map>
#include <string>
#include <string_view>

namespace zelus::output {

struct SigV4Keys {
  std::string region;
  std::string access_key;
  std::string secret_key;
};

/// A request as AWS signs it (Signature Version 4).
struct SigV4Request {
  std::string_view method;
  std::string_view path;   ///< as sent, "/" where it is empty
  std::string_view query;  ///< as sent, without "?"
  /// All of them are signed; names in lower case. "host" and "x-amz-date" belong to them.
  std::map<std::string, std::string> headers;
  std::string_view body;
};

/// The field Authorization. `date` is that of "x-amz-date": "20150830T123600Z".
std::string sigv4_authorization(const SigV4Request& request, const SigV4Keys& keys,
                                std::string_view service, std::string_view date);
/// The moment as "x-amz-date" has it.
std::string sigv4_date(int64_t unix_seconds);
std::string sha256_hex(std::string_view bytes);

}  // namespace zelus::output
