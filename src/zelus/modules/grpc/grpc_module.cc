// `k6/net/grpc` (parity/k6.md 5.6): Client; Stream is an error that names it.
#include <fmt/format.h>

#include "zelus/modules/grpc/grpc_client.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

GrpcClient* grpc_client_of(JSContext* ctx, JSValueConst self) {
  return static_cast<GrpcClient*>(JS_GetOpaque2(ctx, self, kClassGrpcClient));
}

namespace {

void finalize(JSRuntime*, JSValueConst value) {
  delete static_cast<GrpcClient*>(JS_GetOpaque(value, kClassGrpcClient));
}
const JSClassDef kClientClass = {"Client", &finalize, nullptr, nullptr, nullptr};

/// A call ready to be sent; null with an exception pending.
struct Ready {
  GrpcClient* client = nullptr;
  GrpcClient::Method* method = nullptr;
  std::unique_ptr<GrpcCall> call;
};

bool encode(JSContext* ctx, JSValueConst request, GrpcCall& call) {
  Value json(ctx, JS_JSONStringify(ctx, request, JS_UNDEFINED, JS_UNDEFINED));
  if (json.is_exception()) return false;
  CString text(ctx, json.get());
  auto encoded = call.method->input->json_to_wire(text.view(), call.request);
  if (encoded) return true;
  throw_go_error(ctx,
                 fmt::format("unable to serialise request object to protocol buffer: proto: {}",
                             encoded.error().message()));
  return false;
}

bool prepare_call(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv,
                  const char* function, Ready& out) {
  Vu& vu = Vu::of(ctx);
  out.client = grpc_client_of(ctx, self);
  if (out.client == nullptr) return false;
  auto refuse = [ctx](std::string_view text) {
    throw_go_error(ctx, text);
    return false;
  };
  if (vu.in_init()) return refuse("invoking RPC methods in the init context is not supported");
  if (!out.client->connection) return refuse("no gRPC connection, you must call connect first");
  CString name(ctx, argument(argc, argv, 0));
  if (!name.ok()) return false;
  if (argc == 0 || name.view().empty()) return refuse("method to invoke cannot be empty");
  out.method = out.client->find(name.view());
  if (out.method == nullptr)
    return refuse(fmt::format("method \"{}{}\" not found in file descriptors",
                              name.view().starts_with('/') ? "" : "/", name.view()));
  if (JS_IsUndefined(argument(argc, argv, 1))) return refuse("request cannot be nil");
  if (JS_IsNull(argv[1])) {
    throw_type_error(ctx, "Cannot convert undefined or null to object");
    return false;
  }
  out.call = std::make_unique<GrpcCall>();
  out.call->method = out.method->method;
  out.call->owner = out.method->owner;
  std::string error;
  if (!read_call_params(vu, argument(argc, argv, 2), *out.call, error))
    return refuse(fmt::format("invalid GRPC's client.{}() parameters: {}", function, error));
  return encode(ctx, argv[1], *out.call);
}

JSValue invoke(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  Ready ready;
  if (!prepare_call(ctx, self, argc, argv, "invoke", ready)) return JS_EXCEPTION;
  {
    Wait wait(vu);
    perform(vu, *ready.client, *ready.method, *ready.call);
  }
  if (ready.call->interrupted) return vu.throw_interrupted();
  return new_grpc_response(ctx, std::move(ready.call));
}

JSValue async_invoke(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  JSValue functions[2];
  Value promise(ctx, JS_NewPromiseCapability(ctx, functions));
  if (promise.is_exception()) return JS_EXCEPTION;
  Value resolve(ctx, functions[0]);
  Value reject(ctx, functions[1]);
  Ready ready;
  if (!prepare_call(ctx, self, argc, argv, "asyncInvoke", ready)) {
    Value thrown(ctx, JS_GetException(ctx));
    JSValueConst value = thrown.get();
    Value called(ctx, JS_Call(ctx, reject.get(), JS_UNDEFINED, 1, &value));
    return promise.release();
  }
  auto call = std::make_shared<std::unique_ptr<GrpcCall>>(std::move(ready.call));
  auto inbox = vu.loop().begin();
  Value client = Value::dup(ctx, self);  // The client lives until the answer is there.
  auto settle = [&vu, resolve, client, call] {
    if ((*call)->interrupted) return;
    Value response(vu.ctx(), new_grpc_response(vu.ctx(), std::move(*call)));
    JSValueConst value = response.get();
    Value called(vu.ctx(), JS_Call(vu.ctx(), resolve.get(), JS_UNDEFINED, 1, &value));
  };
  auto spawned =
      vu.spawn_helper([&vu, call, inbox, settle, grpc = ready.client, method = ready.method] {
        bia::fiber::ScopedDeadline deadline{bia::Deadline(vu.stop_at())};
        perform(vu, *grpc, *method, **call);
        inbox->finish(settle);
      });
  if (!spawned) {
    inbox->finish([] {});
    return throw_go_error(ctx, spawned.error().message());
  }
  return promise.release();
}

/// grpc.health.v1.Health/Check, whose two messages are one field each.
JSValue health_check(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  GrpcClient* client = grpc_client_of(ctx, self);
  if (client == nullptr) return JS_EXCEPTION;
  if (vu.in_init())
    return vu.throw_in_init("invoking RPC methods in the init context is not supported");
  if (!client->connection)
    return throw_go_error(ctx, "no gRPC connection, you must call connect first");
  static const GrpcMethod kCheck{"grpc.health.v1",
                                 "Health",
                                 "Check",
                                 "/grpc.health.v1.Health/Check",
                                 "grpc.health.v1.Health",
                                 false,
                                 false,
                                 nullptr,
                                 nullptr};
  GrpcCall call;
  call.method = &kCheck;
  call.tags = vu.tags();
  std::string service = argc > 0 && !is_nullish(argv[0]) ? to_text(ctx, argv[0]) : "";
  if (service.size() > 127)
    return throw_go_error(ctx, "the name of a service has at most 127 bytes");
  if (!service.empty())
    call.request = fmt::format("\x0a{}{}", static_cast<char>(service.size()), service);
  GrpcClient::Method method{&kCheck, nullptr, {}};
  {
    Wait wait(vu);
    perform(vu, *client, method, call);
  }
  if (call.interrupted) return vu.throw_interrupted();
  if (call.reply.status.code != Code::kOk) {
    return throw_go_error(
        ctx, fmt::format("rpc error: code = {} desc = {}",
                         bia::code_camel_name(call.reply.status.code), call.reply.status.message));
  }
  const std::string& reply = call.reply.message;
  JSValue out = JS_NewObject(ctx);
  define(ctx, out, "status", JS_NewInt32(ctx, reply.size() == 2 && reply[0] == 8 ? reply[1] : 0));
  return out;
}

JSValue close(JSContext* ctx, JSValueConst self, int, JSValueConst*) {
  GrpcClient* client = grpc_client_of(ctx, self);
  if (client == nullptr) return JS_EXCEPTION;
  if (!client->connection) return JS_UNDEFINED;
  Vu& vu = Vu::of(ctx);
  client->count_bytes(vu);
  Wait wait(vu);
  client->connection->channel->close();
  client->connection.reset();
  end_channels(vu, Channels::kUnused);
  return JS_UNDEFINED;
}

JSValue construct_client(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  JSValue object = JS_NewObjectClass(ctx, kClassGrpcClient);
  if (!JS_IsException(object)) JS_SetOpaque(object, new GrpcClient());
  Vu::of(ctx).thread().holds_connections = true;
  return object;
}

JSValue construct_stream(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  return throw_go_error(ctx, "Stream of k6/net/grpc is not built yet in zelus; Client.invoke is");
}

struct Constant {
  const char* name;
  int value;
};
constexpr Constant kConstants[] = {
    {"StatusOK", 0},
    {"StatusCanceled", 1},
    {"StatusUnknown", 2},
    {"StatusInvalidArgument", 3},
    {"StatusDeadlineExceeded", 4},
    {"StatusNotFound", 5},
    {"StatusAlreadyExists", 6},
    {"StatusPermissionDenied", 7},
    {"StatusResourceExhausted", 8},
    {"StatusFailedPrecondition", 9},
    {"StatusAborted", 10},
    {"StatusOutOfRange", 11},
    {"StatusUnimplemented", 12},
    {"StatusInternal", 13},
    {"StatusUnavailable", 14},
    {"StatusDataLoss", 15},
    {"StatusUnauthenticated", 16},
    {"HealthCheckUnknown", 0},
    {"HealthCheckServing", 1},
    {"HealthCheckNotServing", 2},
    {"HealthCheckServiceUnkown", 3},
};

bool fill(JSContext* ctx, JSValueConst object) {
  define_grpc_response(ctx);
  JSValue prototype = JS_NewObject(ctx);
  define_functions(ctx, prototype,
                   {{"load", grpc_load, 1},
                    {"loadProtoset", grpc_load_protoset, 1},
                    {"connect", grpc_connect, 2},
                    {"invoke", invoke, 3},
                    {"asyncInvoke", async_invoke, 3},
                    {"healthCheck", health_check, 1},
                    {"close", close, 0}});
  JSValue client = JS_NewCFunction2(ctx, construct_client, "Client", 0, JS_CFUNC_constructor, 0);
  JS_SetConstructor(ctx, client, prototype);
  JS_SetClassProto(ctx, kClassGrpcClient, prototype);
  define(ctx, object, "Client", client);
  define(ctx, object, "Stream",
         JS_NewCFunction2(ctx, construct_stream, "Stream", 3, JS_CFUNC_constructor, 0));
  for (const Constant& constant : kConstants)
    define(ctx, object, constant.name, JS_NewInt32(ctx, constant.value));
  return true;
}

}  // namespace

void add_grpc_module(bia::js::ModuleSet& modules) {
  std::vector<std::string> names = {"Client", "Stream"};
  for (const Constant& constant : kConstants) names.emplace_back(constant.name);
  modules.add_native({"k6/net/grpc", std::move(names), &fill});
}

void register_grpc_response_class(JSRuntime* rt);
void register_grpc_classes(JSRuntime* rt) {
  JS_NewClass(rt, kClassGrpcClient, &kClientClass);
  register_grpc_response_class(rt);
}

}  // namespace zelus::modules
