#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/bia/codec.h"
#include "bia/bia/middleware.h"
#include "bia/bia/service.h"

namespace bia::http {
class Router;
class ServerRequest;
class ServerResponse;
}  // namespace bia::http
namespace bia::grpc {
class Server;
}

namespace bia {

/// How replies become JSON. The defaults are Kratos': every field, lowerCamelCase, enums by name.
/// Any other choice leaves the generated encoder for protobuf's own, which is several times slower.
struct HttpJsonOptions {
  bool omit_unset = false;
  bool proto_names = false;
  bool enum_numbers = false;
  bool is_default() const { return !omit_unset && !proto_names && !enum_numbers; }
};

/// For one rpc over HTTP: what differs from the server's own.
struct HttpOperationOptions {
  std::optional<Duration> timeout = {};  ///< zero: none
  /// Zero: the server's. One above that needs `http::Limits::body_bytes_asked_max`, which an App
  /// sets.
  size_t body_bytes_max = 0;
  std::optional<HttpJsonOptions> json = {};
  /// What bodies are coded as, by name: json, proto, xml, yaml, form, multipart (requests alone),
  /// or one of HttpContent's codecs. Others are refused as types that nobody knows, and a caller
  /// that accepts none of these gets the first. Empty: all.
  std::vector<std::string> codecs = {};
};

/// JSON round every reply and every error of the services, as a company has it:
/// `{"code":0,"msg":"ok","data":$reply}`, `{"code":$code,"msg":$message,"reason":$reason}`. Empty:
/// the reply and Kratos' error body as they are. `$metadata` is an object. Errors are those of
/// handlers, middleware and decoding, what a handler throws, deadlines, and where an App has no
/// route (404, 405); not what is no HTTP request at all (a bad head, a length too large), of which
/// the connection ends.
struct HttpEnvelope {
  std::string reply = {};
  std::string error = {};
  int error_status = 0;  ///< the status of all errors but redirects; zero: each its own
};

struct ServerBindingOptions {
  /// Of an HTTP request, from the end of its head to its answer: 504 when it runs out. Zero: none.
  /// Config key server.http.timeout. gRPC's is the gRPC server's own.
  Duration http_timeout = std::chrono::seconds(1);
  /// A header in which callers say how long they wait ("1.5s", Go's durations): the call ends at
  /// the earlier of that and the timeout. Empty: none. Config key server.http.deadline_header.
  std::string deadline_header = {};
  /// Before the templates of all services' routes: "/api". Empty: none. Config key
  /// server.http.path_prefix.
  std::string path_prefix = {};
  HttpJsonOptions json = {};
  HttpEnvelope envelope = {};
  HttpContent content = {};
  /// By operation: "/helloworld.v1.Greeter/SayHello". Config key server.http.operations.
  std::map<std::string, HttpOperationOptions, std::less<>> operations = {};
};

/// Puts services on the transports, behind one chain of middleware. Must outlive both servers;
/// complete before they start.
class ServerBinding {
 public:
  explicit ServerBinding(ServerBindingOptions options = {});
  ~ServerBinding();

  Chain& middleware();
  /// In place of the options' own. Errors: kFailedPrecondition once a service was added.
  Result<void> set_content(HttpContent content);
  /// Adds the service's HTTP routes to `router` and its methods to `grpc`; either may be null. The
  /// service must outlive the servers. Errors: kAlreadyExists for a route or a method twice;
  /// kInvalidArgument for a bad template or path_prefix, or a codec that its operation cannot have.
  Result<void> add(Service& service, http::Router* router, grpc::Server* grpc);
  /// Errors: kNotFound for the options of an operation that no service added has; kInvalidArgument
  /// for an envelope that makes no JSON.
  Result<void> check() const;
  /// Answers a request that no service takes (404, 405) as the services' errors are answered: in
  /// the envelope, by `HttpContent::encode_error`; without either in JSON.
  void write_error(http::ServerRequest& request, http::ServerResponse& response,
                   const Error& error) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia
