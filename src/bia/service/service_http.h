#pragma once
#include "bia/base/time.h"
#include "bia/bia/codec.h"
#include "bia/bia/middleware.h"
#include "bia/bia/server_binding.h"
#include "bia/bia/service.h"
#include "bia/content/operation_codecs.h"
#include "bia/http/router.h"
#include "bia/service/http_envelope.h"
#include "bia/service/service_exchange.h"

namespace bia {

/// The metadata key whose value a 3xx error has as its Location.
inline constexpr std::string_view kRedirectLocation = "location";

/// What one operation's routes go by.
struct HttpPolicy {
  Duration timeout = Duration::zero();
  std::string_view deadline_header;
  size_t body_bytes_max = 0;  ///< zero: the server's own
  HttpJsonOptions json;
  const HttpEnvelopeParsed* envelope = nullptr;
  const HttpContent* content = nullptr;     ///< null: bia's own codecs alone
  const OperationCodecs* codecs = nullptr;  ///< null: all
};

/// "/api", "/a/b"; or nothing.
bool is_path_prefix(std::string_view text);

/// One HTTP route of a method: decode, middleware and handler, encode.
class HttpRoute {
 public:
  /// `path_template`: the rule's, with what stands before it.
  HttpRoute(BoundMethod method, const HttpRule& rule, std::string path_template, const Chain& chain,
            const HttpPolicy& policy)
      : method_(method),
        rule_(rule),
        path_template_(std::move(path_template)),
        chain_(chain),
        policy_(policy),
        plain_json_(rule.raw_reply == nullptr && policy.json.is_default() &&
                    policy.content == nullptr && json_first(policy.codecs) &&
                    (policy.envelope == nullptr || policy.envelope->reply.empty())),
        own_body_(rule.take_raw != nullptr || policy.content != nullptr) {}
  std::string_view path_template() const { return path_template_; }
  void serve(http::ServerRequest& request, const http::PathParams& params,
             http::ServerResponse& response) const;

 private:
  static bool json_first(const OperationCodecs* codecs) {
    return codecs == nullptr || codecs->first().format == Format::kJson;
  }
  /// What the caller takes, for an error.
  Format error_format(std::string_view accept) const;
  Result<Deadline> deadline_of(const http::ServerRequest& request, TimePoint start) const;
  Result<void> call(http::ServerRequest& request, const http::PathParams& params, Context& context,
                    Exchange& exchange, Result<void> decoded) const;
  Result<void> decode(http::ServerRequest& request, const http::PathParams& params,
                      Exchange& exchange) const;
  Result<void> decode_body(http::ServerRequest& request, Exchange& exchange) const;
  Result<void> decode_own(http::ServerRequest& request, std::string_view content_type,
                          std::string_view body, Exchange& exchange) const;
  Result<void> decode_builtin(std::string_view content_type, std::string_view body,
                              Exchange& exchange) const;
  Result<void> decode_message(std::string_view content_type, std::string_view body,
                              google::protobuf::Message& request) const;
  Result<void> write_plain(const google::protobuf::Message& reply,
                           http::ServerResponse& response) const;
  Result<void> write_reply(http::ServerRequest& request, const google::protobuf::Message& reply,
                           http::ServerResponse& response) const;
  Result<void> write_builtin(Format format, const google::protobuf::Message& reply,
                             http::ServerResponse& response) const;
  Result<void> write_json(const google::protobuf::Message& reply, std::string& body) const;
  Result<void> write_enveloped(const google::protobuf::Message& reply, std::string& body) const;
  void write_error(http::ServerRequest& request, const Error& error,
                   http::ServerResponse& response) const;
  void write_builtin_error(const http::ServerRequest& request, const Error& error,
                           http::ServerResponse& response) const;

  BoundMethod method_;
  const HttpRule& rule_;
  const std::string path_template_;
  const Chain& chain_;
  HttpPolicy policy_;
  /// A caller that asks for nothing else gets what `write_plain` writes.
  const bool plain_json_;
  /// The body is not for bia's own codecs alone.
  const bool own_body_;
};

}  // namespace bia
