#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bia/http/client.h"
#include "zelus/metrics/shard.h"
#include "zelus/modules/source/script.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

class Exchange;

/// The series that one request adds to.
struct HttpSeries {
  /// In k6's order: http_reqs, duration, blocked, connecting, tls_handshaking, sending, waiting,
  /// receiving.
  std::array<metrics::SeriesId, 8> timed{};
  metrics::SeriesId failed = 0;
};

/// What a request's tags follow from.
struct HttpOutcome {
  const metrics::TagSet* base =
      nullptr;  ///< the user's tags with those of the request, `name` too where it was set
  std::shared_ptr<const Url> url;  ///< its address stands for its text
  std::string_view method;
  int status = 0;
  int error_code = 0;
  int proto_minor = 1;                 ///< 0 and 1: HTTP/1's; 2: HTTP/2.0
  bia::net::TlsVersion tls_version{};  ///< zero: cleartext
  std::string_view error;
  std::string ip;  ///< where the system tag is on
  bool expected = false;
  bool has_expected = true;  ///< responseCallback is not null
};

/// What the HTTP calls of one thread's users share: series by outcome, default headers, exchanges
/// for reuse.
class HttpThread {
 public:
  static constexpr size_t kSeriesMax = 8192;
  static constexpr size_t kSpareMax = 64;
  explicit HttpThread(Script& script) : script_(script) {}
  ~HttpThread();

  /// Resolved once for an outcome; then a look-up by pointers.
  const HttpSeries& series(metrics::Shard& shard, const HttpOutcome& outcome);
  /// Of a request without headers of its own.
  const bia::http::Headers& default_headers();
  Exchange* take();
  void give_back(Exchange* exchange);

 private:
  struct Key {
    const metrics::TagSet* base;
    const Url* url;
    uint32_t method;
    int32_t status;
    int32_t error_code;
    uint32_t flags;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const {
      size_t h = reinterpret_cast<size_t>(key.base) * 0x9e3779b97f4a7c15ull ^
                 reinterpret_cast<size_t>(key.url);
      return (h ^ h >> 29) * 0xbf58476d1ce4e5b9ull ^
             (static_cast<size_t>(key.status) << 20 | key.method << 8 | key.flags) ^
             static_cast<size_t>(key.error_code) << 40;
    }
  };
  struct Entry {
    HttpSeries series;
    std::shared_ptr<const Url> url;  ///< holds the address that the key names
  };
  uint32_t method_number(std::string_view method);
  HttpSeries resolve(metrics::Shard& shard, const HttpOutcome& outcome);

  Script& script_;
  bia::http::Headers default_headers_;
  std::vector<std::string> methods_;
  std::unordered_map<Key, Entry, KeyHash> series_;
  Key last_key_{};
  Entry* last_ = nullptr;
  std::vector<Exchange*> spare_;
};

}  // namespace zelus::modules
