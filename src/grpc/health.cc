#include "grpc/health.h"

#include "grpc/proto_wire.h"

namespace bia::grpc {
namespace {

// HealthCheckResponse.ServingStatus
enum class ServingStatus : uint64_t { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };

std::string response(ServingStatus status) {
  std::string bytes;
  put_uint(bytes, 1, static_cast<uint64_t>(status));
  return bytes;
}

Result<std::string> service_of(std::string_view request) {
  return only_string(request, "HealthCheckRequest");
}

}  // namespace

HealthService::HealthService(fiber::ThreadGroup& threads)
    : threads_(threads), states_(std::make_shared<std::vector<States>>(threads.size())) {}

void HealthService::on_each_thread(const std::function<void(States&)>& change) {
  for (size_t i = 0; i < threads_.size(); ++i) {
    // Before the server starts no thread reads them, and `start` happens after.
    if (&threads_.scheduler(i) == fiber::Scheduler::current_or_null()) {
      change((*states_)[i]);
    } else {
      threads_.scheduler(i).post([states = states_, i, change] { change((*states)[i]); });
    }
  }
}

void HealthService::set(std::string_view service, Server::Health health) {
  on_each_thread([name = std::string(service), health](States& states) {
    if (states.shut_down) return;
    states.services[name] = health;
    states.changed.wake_all();
  });
}

void HealthService::shut_down() {
  on_each_thread([](States& states) {
    states.shut_down = true;
    for (auto& [service, health] : states.services) health = Server::Health::kNotServing;
    states.changed.wake_all();
  });
}

void HealthService::end() {
  shut_down();
  on_each_thread([](States& states) {
    states.ended = true;
    states.changed.wake_all();
  });
}

HealthService::States& HealthService::here() {
  fiber::Scheduler* current = fiber::Scheduler::current_or_null();
  size_t i = 0;
  while (i + 1 < threads_.size() && &threads_.scheduler(i) != current) ++i;
  return (*states_)[i];
}

Result<void> HealthService::add_methods(MethodTable& methods) {
  MethodHandler check_method;
  check_method.path = "/grpc.health.v1.Health/Check";
  check_method.unary = [this](ServerCall&, std::string_view request, std::string& reply) {
    return check(request, reply);
  };
  BIA_TRY(methods.add(std::move(check_method)));
  MethodHandler watch_method;
  watch_method.path = "/grpc.health.v1.Health/Watch";
  watch_method.stream = [this](ServerCall& call) { return watch(call); };
  return methods.add(std::move(watch_method));
}

Result<void> HealthService::check(std::string_view request, std::string& reply) {
  std::string service = BIA_TRY(service_of(request));
  States& states = here();
  auto found = states.services.find(service);
  if (found == states.services.end()) return Error(Code::kNotFound, "", "unknown service");
  reply += response(found->second == Server::Health::kServing ? ServingStatus::kServing
                                                              : ServingStatus::kNotServing);
  return {};
}

Result<void> HealthService::watch(ServerCall& call) {
  std::string request;
  if (!BIA_TRY(call.read(request))) return Error(Code::kInternal, "", "unexpected EOF");
  std::string service = BIA_TRY(service_of(request));
  States& states = here();
  std::optional<ServingStatus> sent;
  for (;;) {
    auto found = states.services.find(service);
    ServingStatus status = found == states.services.end() ? ServingStatus::kServiceUnknown
                           : found->second == Server::Health::kServing ? ServingStatus::kServing
                                                                       : ServingStatus::kNotServing;
    if (sent != status) {
      sent = status;
      BIA_TRY(call.write(response(status)));
    }
    if (states.ended) return Error(Code::kUnavailable, "", "the server is stopping");
    BIA_TRY(states.changed.wait());
  }
}

}  // namespace bia::grpc
