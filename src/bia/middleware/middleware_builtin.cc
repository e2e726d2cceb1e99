// Recovery and access log, as Kratos' middleware/recovery and middleware/logging have them (a
// success is 200, as since 2.8).
#include <fmt/format.h>

#include <chrono>
#include <exception>

#include "bia/bia/log.h"
#include "bia/bia/middleware.h"
#include "bia/bia/propagation.h"
#include "bia/bia/tracing.h"

namespace bia {
namespace {

class Recovery final : public Middleware {
 public:
  explicit Recovery(RecoveryHandler handler) : handler_(std::move(handler)) {}

  Result<Reply> handle(Context& context, Request request, Next next) override {
    std::string what;
    std::exception_ptr thrown;
    try {
      return next();
    } catch (const std::exception& exception) {
      what = exception.what();
      thrown = std::current_exception();
    } catch (...) {
      what = "an exception that is no std::exception";
      thrown = std::current_exception();
    }
    log::error(fmt::format("{} threw: {}: {}", context.operation(), what, request.text()));
    return told(context, request, std::move(thrown));
  }

 private:
  Error told(Context& context, Request request, std::exception_ptr thrown) const {
    if (handler_) {
      try {
        return handler_(context, request, std::move(thrown));
      } catch (...) {
        log::error(fmt::format("{}: the handler of recovery threw too", context.operation()));
      }
    }
    return Error::from_http(500, "UNKNOWN", "unknown request error");
  }

  RecoveryHandler handler_;
};

class AccessLog final : public Middleware {
 public:
  Result<Reply> handle(Context& context, Request request, Next next) override {
    Result<Reply> reply = next();
    const LogLevel level = reply.ok() ? LogLevel::kInfo : LogLevel::kError;
    if (!log::enabled(level)) return reply;
    double latency =
        std::chrono::duration<double>(context.ended_at() - context.started_at()).count();
    int code = reply.ok() ? 200 : reply.error().http_status();
    std::string_view reason = reply.ok() ? std::string_view() : reply.error().reason();
    std::string stack = reply.ok() ? std::string() : error_text(reply.error());
    std::string ids;
    if (const auto* span = context.find<SpanContext>())
      ids = fmt::format("trace.id={} span.id={} ", span->trace_id_text(), span->span_id_text());
    if (const auto* id = context.find<RequestId>()) ids += fmt::format("request.id={} ", id->text);
    log::write(level, {{ids + "kind", context.side() == Side::kClient ? "client" : "server"},
                       {"component", transport_name(context.transport())},
                       {"operation", context.operation()},
                       {"args", request.text()},
                       {"code", fmt::format("{}", code)},
                       {"reason", reason},
                       {"stack", stack},
                       {"latency", fmt::format("{}", latency)}});
    return reply;
  }

 private:
  static std::string error_text(const Error& error) {
    std::string metadata;
    for (const auto& [key, value] : error.metadata()) {
      if (!metadata.empty()) metadata += ' ';
      metadata += key + ":" + value;
    }
    return fmt::format("error: code = {} reason = {} message = {} metadata = map[{}] cause = <nil>",
                       error.http_status(), error.reason(), error.message(), metadata);
  }
};

class Validation final : public Middleware {
 public:
  Result<Reply> handle(Context& context, Request request, Next next) override {
    if (request.rules() == nullptr) return next();
    if (request.message() == nullptr) {
      StreamRules each{request.rules()};
      const ContextValue<StreamRules> scope(context, each);
      return next();
    }
    if (Result<void> valid = request.validate(); !valid.ok()) return std::move(valid).error();
    return next();
  }
};

}  // namespace

std::unique_ptr<Middleware> validation_middleware() { return std::make_unique<Validation>(); }
std::unique_ptr<Middleware> recovery_middleware(RecoveryHandler handler) {
  return std::make_unique<Recovery>(std::move(handler));
}
std::unique_ptr<Middleware> access_log_middleware() { return std::make_unique<AccessLog>(); }

}  // namespace bia
