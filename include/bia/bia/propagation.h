#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/bia/middleware.h"
#include "bia/grpc/client.h"
#include "bia/http/message.h"

namespace bia {

/// A request's id, from the header x-request-id or made here. `context.find<RequestId>()` has it
/// inside `request_id_middleware`; the access log shows it as request.id.
struct RequestId {
  std::string text;
};
/// Takes over the caller's x-request-id where it has 1 to 128 visible ASCII characters, else makes
/// one of 32 hex digits; the answer carries it too. On a ServiceClient: sends the server call's, or
/// a new one.
std::unique_ptr<Middleware> request_id_middleware();

/// Kratos' server metadata: the request's headers that begin with one of the prefixes, names in
/// lower case. `context.find<ServerMetadata>()` has it inside `metadata_middleware`.
struct ServerMetadata {
  std::vector<std::pair<std::string, std::string>> entries;
  /// The first of that name, which is in lower case; empty where there is none.
  std::string_view get(std::string_view name) const;
};
struct MetadataOptions {
  std::vector<std::string> prefixes = {"x-md-"};
  /// Added to every call's.
  std::vector<std::pair<std::string, std::string>> constants;
};
/// On a ServiceClient: sends the constants, and what of the server call's metadata begins with
/// x-md-global-.
std::unique_ptr<Middleware> metadata_middleware(MetadataOptions options = {});

/// What a handler's own calls pass on of the call that it is in: the trace (traceparent), the
/// request id and the metadata that begins with x-md-global- ; with its deadline. x-md-local- ends
/// here.
///
///     bia::Outgoing outgoing(context);
///     auto reply = users.GetUser(request, outgoing.grpc());
class Outgoing {
 public:
  explicit Outgoing(Context& context);
  /// Sent too, as Kratos' AppendToClientContext.
  void add(std::string_view name, std::string_view value);
  /// Live as long as this.
  grpc::CallOptions grpc() const;
  const http::Headers& http_headers() const { return headers_; }
  Deadline deadline() const { return deadline_; }

 private:
  grpc::Metadata metadata_;
  http::Headers headers_;
  Deadline deadline_;
};

}  // namespace bia
