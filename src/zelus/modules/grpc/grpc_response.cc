// What client.invoke gives: fields become JavaScript values when they are read.
#include <array>

#include "zelus/modules/grpc/grpc_client.h"

namespace zelus::modules {

namespace {

/// In the order in which k6 lists them.
enum Field : uint8_t { kMessage, kErrorField, kHeadersField, kTrailers, kStatusField };
constexpr const char* kNames[Vu::kGrpcFields] = {"message", "error", "headers", "trailers",
                                                 "status"};

struct Handle {
  std::unique_ptr<GrpcCall> call;
  std::array<JSValue, Vu::kGrpcFields> made;
};

Handle* handle_of(JSValueConst value) {
  return static_cast<Handle*>(JS_GetOpaque(value, kClassGrpcResponse));
}

void finalize(JSRuntime* rt, JSValueConst value) {
  Handle* handle = handle_of(value);
  if (handle == nullptr) return;
  for (JSValue made : handle->made) JS_FreeValueRT(rt, made);
  delete handle;
}
void mark(JSRuntime* rt, JSValueConst value, JS_MarkFunc* mark_function) {
  if (Handle* handle = handle_of(value)) {
    for (JSValue made : handle->made) JS_MarkValue(rt, made, mark_function);
  }
}

JSValue make_message(JSContext* ctx, const GrpcCall& call) {
  bool ok = call.reply.status.code == Code::kOk;
  if (call.discard && ok) return JS_NULL;
  std::string json;
  bia::codec::WireToJsonOptions options;
  options.unpopulated = bia::codec::Unpopulated::kEmitDefaults;
  // After an error the message holds the defaults.
  auto converted = call.method->output->wire_to_json(
      ok ? std::string_view(call.reply.message) : std::string_view(), json, options);
  if (!converted)
    return throw_go_error(ctx,
                          "unable to deserialise the response: " + converted.error().message());
  return JS_ParseJSON(ctx, json.c_str(), json.size(), "message");
}

JSValue make_error(JSContext* ctx, const GrpcCall& call) {
  if (call.reply.status.code == Code::kOk) return JS_NULL;
  JSValue out = JS_NewObject(ctx);
  define(ctx, out, "code", JS_NewInt32(ctx, static_cast<int>(call.reply.status.code)));
  define(ctx, out, "message", new_string(ctx, call.reply.status.message));
  define(ctx, out, "details", JS_NewArray(ctx));
  return out;
}

int get_own_property(JSContext* ctx, JSPropertyDescriptor* descriptor, JSValueConst object,
                     JSAtom name) {
  const auto& atoms = Vu::of(ctx).grpc_atoms;
  size_t field = 0;
  while (field < atoms.size() && atoms[field] != name) ++field;
  Handle* handle = handle_of(object);
  if (field == atoms.size() || handle == nullptr) return 0;
  if (descriptor == nullptr) return 1;
  descriptor->flags = JS_PROP_C_W_E;
  descriptor->getter = JS_UNDEFINED;
  descriptor->setter = JS_UNDEFINED;
  if (field == kStatusField) {
    descriptor->value = JS_NewInt32(ctx, static_cast<int>(handle->call->reply.status.code));
    return 1;
  }
  JSValue& made = handle->made[field];
  if (JS_IsUndefined(made)) {
    const GrpcCall& call = *handle->call;
    made = field == kMessage ? make_message(ctx, call)
           : field == kErrorField
               ? make_error(ctx, call)
               : lists_by_name(ctx, field == kTrailers ? call.reply.trailers : call.reply.headers);
    if (JS_IsException(made)) {
      made = JS_UNDEFINED;
      return -1;
    }
  }
  descriptor->value = JS_DupValue(ctx, made);
  return 1;
}

int get_own_names(JSContext* ctx, JSPropertyEnum** names, uint32_t* count, JSValueConst) {
  const auto& atoms = Vu::of(ctx).grpc_atoms;
  auto* out = static_cast<JSPropertyEnum*>(js_malloc(ctx, sizeof(JSPropertyEnum) * atoms.size()));
  if (out == nullptr) return -1;
  for (size_t i = 0; i < atoms.size(); ++i) {
    out[i].atom = JS_DupAtom(ctx, atoms[i]);
    out[i].is_enumerable = true;
  }
  *names = out;
  *count = static_cast<uint32_t>(atoms.size());
  return 0;
}

JSClassExoticMethods exotic = {get_own_property, get_own_names, nullptr, nullptr,
                               nullptr,          nullptr,       nullptr};
const JSClassDef kResponseClass = {"GrpcResponse", &finalize, &mark, nullptr, &exotic};

}  // namespace

void register_grpc_response_class(JSRuntime* rt) {
  JS_NewClass(rt, kClassGrpcResponse, &kResponseClass);
}

void define_grpc_response(JSContext* ctx) {
  auto& atoms = Vu::of(ctx).grpc_atoms;
  if (atoms[0] != JS_ATOM_NULL) return;
  for (size_t i = 0; i < atoms.size(); ++i) atoms[i] = JS_NewAtom(ctx, kNames[i]);
  JS_SetClassProto(ctx, kClassGrpcResponse, JS_NewObject(ctx));
}

JSValue new_grpc_response(JSContext* ctx, std::unique_ptr<GrpcCall> call) {
  JSValue object = JS_NewObjectClass(ctx, kClassGrpcResponse);
  if (JS_IsException(object)) return object;
  auto* handle = new Handle{std::move(call), {}};
  handle->made.fill(JS_UNDEFINED);
  JS_SetOpaque(object, handle);
  return object;
}

}  // namespace zelus::modules
