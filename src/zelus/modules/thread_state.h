#pragma once
#include <memory>
#include <vector>

#include "js/runtime.h"
#include "zelus/modules/dialer.h"
#include "zelus/modules/grpc/grpc_tls.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

class HttpThread;
struct Script;

/// What the users of one thread share.
struct ThreadState {
  explicit ThreadState(Script& shared);
  ~ThreadState();
  /// A runtime with room for one more context. Errors: kResourceExhausted.
  bia::Result<bia::js::Runtime*> runtime();

  Script& script;
  UrlCache urls;
  std::unique_ptr<HttpThread> http;
  NameCache names;
  GrpcTlsCache grpc_tls;
  /// A script's object holds connections, which end with it.
  bool holds_connections = false;
  /// The last member: objects that a runtime's end frees reach back into the others.
  std::vector<std::unique_ptr<bia::js::Runtime>> runtimes;
};

/// Registers the classes of all modules in a runtime.
void register_classes(JSRuntime* rt);

}  // namespace zelus::modules
