#pragma once
#include <string>

#include "bia/http/client.h"
#include "zelus/metrics/tags.h"
#include "zelus/modules/vu.h"

namespace zelus::modules {

/// --http-debug: writes requests and responses to the log, bodies too with "full" (k6: source
/// http-debug). Does nothing, and costs nothing, where the option is off.
class HttpDebug {
 public:
  HttpDebug(Vu& vu, const metrics::TagSet* tags);
  void request(const bia::http::ClientRequest& request);
  /// Before the body is decoded.
  void response(const bia::http::ClientResponse& response);

 private:
  void log(const std::string& text);
  Vu& vu_;
  const metrics::TagSet* tags_;
  bool on_;
  bool full_;
  std::string id_;  ///< what a request and its response have in common
};

}  // namespace zelus::modules
