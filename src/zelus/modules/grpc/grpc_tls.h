#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bia/net/tls.h"
#include "zelus/modules/native.h"
#include "zelus/modules/source/script.h"

namespace zelus::modules {

/// `tls` of client.connect's parameters.
struct GrpcTls {
  std::string cert;
  std::string key;
  std::string password;
  std::vector<std::string> cacerts;
  bool has_keys = false;
  /// An empty object is as none, in k6 too.
  bool given() const { return has_keys; }
};

/// False with k6's text. Keys that k6 does not know are ignored, as it ignores them.
bool read_grpc_tls(JSContext* ctx, const Value& value, GrpcTls& into, std::string& error);

/// What scripts gave to `tls`, made once a thread: the system's roots take 10 ms to read.
class GrpcTlsCache {
 public:
  /// Errors: with k6's text.
  Result<std::shared_ptr<const bia::net::TlsClient>> find(const Script& script, const GrpcTls& tls);

 private:
  std::map<std::string, std::shared_ptr<const bia::net::TlsClient>, std::less<>> made_;
};

}  // namespace zelus::modules
