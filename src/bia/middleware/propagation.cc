#include "bia/bia/propagation.h"

#include <openssl/rand.h>

#include <algorithm>

#include "bia/bia/tracing.h"
#include "bia/grpc/server.h"
#include "bia/http/server.h"
#include "bia/middleware/header_fields.h"

namespace bia {
namespace {

constexpr size_t kRequestIdMax = 128;
constexpr std::string_view kGlobalPrefix = "x-md-global-";

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdMax &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

class RequestIds final : public Middleware {
 public:
  Result<Reply> handle(Context& context, Request, Next next) override {
    RequestId id;
    const RequestId* of_server = context.find<RequestId>();
    const std::string_view given = context.header("x-request-id");
    if (is_request_id(given)) {
      id.text = given;
    } else if (context.outgoing() && of_server) {
      id.text = of_server->text;
    } else {
      unsigned char bytes[16];
      if (RAND_bytes(bytes, sizeof bytes) == 1)
        id.text = hex_of({reinterpret_cast<char*>(bytes), sizeof bytes});
    }
    if (OutgoingCall* call = context.outgoing()) {
      call->set_header("x-request-id", id.text);
    } else {
      context.add_reply_header("x-request-id", id.text);
    }
    const ContextValue<RequestId> value(context, id);
    return next();
  }
};

class PassMetadata final : public Middleware {
 public:
  explicit PassMetadata(MetadataOptions options) : options_(std::move(options)) {
    for (std::string& prefix : options_.prefixes) prefix = lower_case(prefix);
  }

  Result<Reply> handle(Context& context, Request, Next next) override {
    if (OutgoingCall* call = context.outgoing()) {
      send(context, *call);
      return next();
    }
    ServerMetadata metadata;
    metadata.entries = options_.constants;
    for_each_header(context, [&](std::string_view name, std::string_view text) {
      for (const std::string& prefix : options_.prefixes) {
        if (!starts_with_ignoring_case(name, prefix)) continue;
        metadata.entries.emplace_back(lower_case(name), text);
        break;
      }
    });
    const ContextValue<ServerMetadata> value(context, metadata);
    return next();
  }

 private:
  void send(const Context& context, OutgoingCall& call) const {
    for (const auto& [name, value] : options_.constants)
      call.headers.emplace_back(lower_case(name), value);
    const auto* metadata = context.find<ServerMetadata>();
    if (!metadata) return;
    for (const auto& [name, value] : metadata->entries) {
      if (!name.starts_with(kGlobalPrefix)) continue;
      if (call.transport == Transport::kHttp || grpc::is_metadata(name, value))
        call.headers.emplace_back(name, value);
    }
  }

  MetadataOptions options_;
};

}  // namespace

std::string_view ServerMetadata::get(std::string_view name) const {
  for (const auto& [key, value] : entries) {
    if (key == name) return value;
  }
  return {};
}

std::unique_ptr<Middleware> request_id_middleware() { return std::make_unique<RequestIds>(); }
std::unique_ptr<Middleware> metadata_middleware(MetadataOptions options) {
  return std::make_unique<PassMetadata>(std::move(options));
}

Outgoing::Outgoing(Context& context) : deadline_(context.deadline()) {
  if (const auto* span = context.find<SpanContext>()) add("traceparent", span->traceparent());
  for (std::string_view name : {"tracestate", "baggage"}) {
    if (const std::string_view value = header_to_pass(context, name); !value.empty())
      add(name, value);
  }
  if (const auto* id = context.find<RequestId>()) add("x-request-id", id->text);
  if (const auto* metadata = context.find<ServerMetadata>()) {
    for (const auto& [name, value] : metadata->entries) {
      if (!name.starts_with(kGlobalPrefix)) continue;
      if (grpc::is_metadata(name, value)) metadata_.emplace_back(name, value);
      headers_.add(name, value);
    }
  }
}

void Outgoing::add(std::string_view name, std::string_view value) {
  metadata_.emplace_back(lower_case(name), value);
  headers_.add(name, value);
}

grpc::CallOptions Outgoing::grpc() const {
  grpc::CallOptions options;
  options.deadline = deadline_;
  options.metadata = &metadata_;
  return options;
}

}  // namespace bia
