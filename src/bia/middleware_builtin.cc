// Recovery and access log, as Kratos 2.7.2's middleware/recovery and middleware/logging have them.
#include <chrono>
#include <exception>
#include <typeinfo>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "bia/bia/middleware.h"

namespace bia {
namespace {

class Recovery final : public Middleware {
 public:
  Result<Reply> handle(Context& context, Request request, Next next) override {
    std::string thrown;
    try {
      return next();
    } catch (const std::exception& exception) {
      thrown = fmt::format("{}: {}", typeid(exception).name(), exception.what());
    } catch (...) {
      thrown = "an exception that is no std::exception";
    }
    spdlog::error("{} threw {}: {}", context.operation(), thrown, request.text());
    return Error::from_http(500, "UNKNOWN", "unknown request error");
  }
};

class AccessLog final : public Middleware {
 public:
  Result<Reply> handle(Context& context, Request request, Next next) override {
    Result<Reply> reply = next();
    auto level = reply.ok() ? spdlog::level::info : spdlog::level::err;
    if (!spdlog::should_log(level)) return reply;
    double latency = std::chrono::duration<double>(now() - context.started_at()).count();
    int code = reply.ok() ? 0 : reply.error().http_status();
    std::string_view reason = reply.ok() ? std::string_view() : reply.error().reason();
    std::string stack = reply.ok() ? std::string() : error_text(reply.error());
    spdlog::log(level, "kind=server component={} operation={} args={} code={} reason={} stack={} latency={}",
                transport_name(context.transport()), context.operation(), request.text(), code, reason, stack, latency);
    return reply;
  }

 private:
  static std::string error_text(const Error& error) {
    std::string metadata;
    for (const auto& [key, value] : error.metadata()) {
      if (!metadata.empty()) metadata += ' ';
      metadata += key + ":" + value;
    }
    return fmt::format("error: code = {} reason = {} message = {} metadata = map[{}] cause = <nil>", error.http_status(), error.reason(),
                       error.message(), metadata);
  }
};

}  // namespace

std::unique_ptr<Middleware> recovery_middleware() { return std::make_unique<Recovery>(); }
std::unique_ptr<Middleware> access_log_middleware() { return std::make_unique<AccessLog>(); }

}  // namespace bia
