// `k6/execution` (parity/k6.md 5.5): getters over what the executors and the user know.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zelus/modules/execution_metadata.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

constexpr std::string_view kScenarioInInit =
    "getting scenario information outside of the VU context is not supported";
constexpr std::string_view kVuInInit =
    "getting VU information in the init context is not supported";
constexpr std::string_view kInstanceInInit =
    "getting instance information in the init context is not supported";
constexpr std::string_view kOptionsInInit =
    "getting test options in the init context is not supported";

enum Property {
  kName,
  kExecutor,
  kStartTime,
  kProgress,
  kIterationInInstance,
  kIterationInTest,
  kIterationsInterrupted,
  kIterationsCompleted,
  kVusActive,
  kVusInitialized,
  kRunDuration,
  kVuIdInInstance,
  kVuIdInTest,
  kVuIterationInInstance,
  kVuIterationInScenario,
  kOptions,
};

JSValue scenario_property(Vu& vu, int property) {
  JSContext* ctx = vu.ctx();
  if (vu.activation == nullptr) return throw_go_error(ctx, kScenarioInInit);
  const exec::Activation& activation = *vu.activation;
  switch (property) {
    case kName:
      return new_string(ctx, activation.scenario);
    case kExecutor:
      return new_string(ctx, activation.executor);
    case kStartTime:
      return JS_NewFloat64(ctx,
                           std::floor(vu.script().run->scenario_start_ms(activation.scenario)));
    case kProgress:
      return JS_NewFloat64(ctx, vu.script().run->scenario_progress(activation.scenario));
    case kIterationInInstance:
      return JS_NewInt64(ctx, static_cast<int64_t>(vu.numbers.in_scenario_instance));
    default:
      return JS_NewInt64(ctx, static_cast<int64_t>(vu.numbers.in_scenario_test));
  }
}

/// As k6: teardown and handleSummary have none.
bool has_instance(const Vu& vu) {
  return !vu.in_init() && vu.phase() != Vu::Phase::kTeardown && vu.phase() != Vu::Phase::kSummary &&
         vu.script().run != nullptr;
}

JSValue instance_property(Vu& vu, int property) {
  JSContext* ctx = vu.ctx();
  exec::RunView* run = vu.script().run;
  if (!has_instance(vu)) return throw_go_error(ctx, kInstanceInInit);
  switch (property) {
    case kIterationsInterrupted:
      return JS_NewInt64(ctx, static_cast<int64_t>(run->iterations_interrupted()));
    case kIterationsCompleted:
      return JS_NewInt64(ctx, static_cast<int64_t>(run->iterations_completed()));
    case kVusActive:
      return JS_NewInt64(ctx, run->vus_active());
    case kVusInitialized:
      return JS_NewInt64(ctx, run->vus_initialized());
    default:
      return JS_NewFloat64(ctx, run->run_duration_ms());
  }
}

JSValue vu_property(Vu& vu, int property) {
  JSContext* ctx = vu.ctx();
  if (vu.in_init()) return throw_go_error(ctx, kVuInInit);
  switch (property) {
    case kVuIterationInInstance:
      return JS_NewInt64(ctx, static_cast<int64_t>(vu.iteration));
    case kVuIterationInScenario:
      return JS_NewInt64(ctx, static_cast<int64_t>(vu.scenario_iteration));
    case kVuIdInTest:
      return JS_NewInt64(ctx, static_cast<int64_t>(vu.id_in_test()));
    default:
      return JS_NewInt64(ctx, static_cast<int64_t>(vu.id()));
  }
}

/// A property that scripts cannot replace.
void define_fixed(JSContext* ctx, JSValueConst object, const char* name, JSValue value) {
  JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_ENUMERABLE);
}

/// Frozen through and through: k6's options cannot be changed by scripts.
void freeze(JSContext* ctx, JSValueConst value) {
  if (!JS_IsObject(value)) return;
  each_property(ctx, value, [&](JSAtom, const Value& member) {
    freeze(ctx, member.get());
    return true;
  });
  JS_FreezeObject(ctx, value);
}

JSValue get(JSContext* ctx, JSValueConst, int, JSValueConst*, int property) {
  Vu& vu = Vu::of(ctx);
  if (property <= kIterationInTest) return scenario_property(vu, property);
  if (property <= kRunDuration) return instance_property(vu, property);
  if (property <= kVuIterationInScenario) return vu_property(vu, property);
  if (vu.in_init()) return throw_go_error(ctx, kOptionsInInit);
  const std::string& json = vu.script().options.options_json;
  Value options(ctx, JS_ParseJSON(ctx, json.c_str(), json.size(), "options"));
  freeze(ctx, options.get());
  return options.release();
}

void define_getter(JSContext* ctx, JSValueConst object, const char* name, Property property) {
  JSCFunctionType function;
  function.generic_magic = get;
  JSValue getter =
      JS_NewCFunction2(ctx, function.generic, name, 0, JS_CFUNC_generic_magic, property);
  JSAtom atom = JS_NewAtom(ctx, name);
  JS_DefinePropertyGetSet(ctx, object, atom, getter, JS_UNDEFINED,
                          JS_PROP_ENUMERABLE | JS_PROP_CONFIGURABLE);
  JS_FreeAtom(ctx, atom);
}

// The objects of the default export, and what exec.vu holds: k6 makes them anew at each reading and
// refuses where there is nothing to show.

enum Part { kInstance, kScenario, kTest, kVu, kPartOfVu };

JSValue read_part(JSContext* ctx, JSValueConst, int, JSValueConst*, int part, JSValueConst* data) {
  const Vu& vu = Vu::of(ctx);
  if (part == kInstance && !has_instance(vu)) return throw_go_error(ctx, kInstanceInInit);
  if (part == kScenario && vu.in_init()) return throw_go_error(ctx, kScenarioInInit);
  if (part >= kVu && vu.in_init()) return throw_go_error(ctx, kVuInInit);
  return JS_DupValue(ctx, data[0]);
}

JSValue write_part(JSContext* ctx, JSValueConst, int, JSValueConst*, int part, JSValueConst* data) {
  if (part == kPartOfVu) return JS_UNDEFINED;
  return throw_type_error(
      ctx, fmt::format("Cannot assign to read only property '{}'", to_text(ctx, data[0])));
}

void define_part(JSContext* ctx, JSValueConst object, const char* name, Part part,
                 const Value& value) {
  JSValueConst held = value.get();
  JSValue getter = JS_NewCFunctionData(ctx, read_part, 0, part, 1, &held);
  const Value text(ctx, new_string(ctx, name));
  held = text.get();
  JSValue setter = JS_NewCFunctionData(ctx, write_part, 1, part, 1, &held);
  JSAtom atom = JS_NewAtom(ctx, name);
  JS_DefinePropertyGetSet(ctx, object, atom, getter, setter, JS_PROP_ENUMERABLE);
  JS_FreeAtom(ctx, atom);
}

/// "default (file:///s.js:3:86)": where the script called; empty outside of it.
std::string where(JSContext* ctx) {
  Value error(ctx, JS_NewError(ctx));
  std::string stack =
      bia::js::k6_stack(ctx, to_text(ctx, Value(ctx, bia_js_error_stack(ctx, error.get())).get()));
  std::string first = stack.substr(0, stack.find('\n'));
  return first.starts_with("\tat ") ? first.substr(4) : first;
}

JSValue abort_test(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  std::string text = "test aborted";
  if (argc > 0 && !is_nullish(argv[0])) text += ": " + to_text(ctx, argv[0]);
  // As k6: no place for setup and teardown.
  const bool placed = vu.phase() != Vu::Phase::kSetup && vu.phase() != Vu::Phase::kTeardown;
  if (std::string at = placed ? where(ctx) : ""; !at.empty()) text += " at " + at;
  if (vu.script().run != nullptr) vu.script().run->abort(text);
  vu.set_aborted(std::move(text));
  return vu.throw_interrupted();
}

JSValue fail_test(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init())
    return throw_go_error(ctx, "execution.test.fail() called outside of VU context");
  std::string text = "test marked as failed";
  if (argc > 0 && !is_nullish(argv[0])) text += ": " + to_text(ctx, argv[0]);
  vu.script().log(LogLevel::kError, text);
  vu.script().run->mark_failed(text);
  return JS_UNDEFINED;
}

// exec.vu.metrics.tags: a live view of the user's tags.

int tags_get(JSContext* ctx, JSPropertyDescriptor* descriptor, JSValueConst, JSAtom name) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init() || vu.tags() == nullptr) return 0;
  const std::string* value = vu.tags()->find(atom_text(ctx, name));
  if (value == nullptr) return 0;
  if (descriptor != nullptr) {
    descriptor->flags = JS_PROP_C_W_E;
    descriptor->getter = JS_UNDEFINED;
    descriptor->setter = JS_UNDEFINED;
    descriptor->value = new_string(ctx, *value);
  }
  return 1;
}

int tags_names(JSContext* ctx, JSPropertyEnum** names, uint32_t* count, JSValueConst) {
  Vu& vu = Vu::of(ctx);
  size_t size = vu.in_init() || vu.tags() == nullptr ? 0 : vu.tags()->tags().size();
  auto* out = static_cast<JSPropertyEnum*>(
      js_malloc(ctx, sizeof(JSPropertyEnum) * std::max<size_t>(size, 1)));
  if (out == nullptr) return -1;
  for (size_t i = 0; i < size; ++i) {
    const std::string& key = vu.tags()->tags()[i].first;
    out[i].atom = JS_NewAtomLen(ctx, key.data(), key.size());
    out[i].is_enumerable = true;
  }
  *names = out;
  *count = static_cast<uint32_t>(size);
  return 0;
}

int tags_set(JSContext* ctx, JSValueConst, JSAtom name, JSValueConst value, JSValueConst, int) {
  Vu& vu = Vu::of(ctx);
  std::string key = atom_text(ctx, name);
  if (!JS_IsString(value) && !JS_IsNumber(value) && !JS_IsBool(value)) {
    throw_type_error(ctx, fmt::format("invalid value for metric tag '{}': only String, Boolean and "
                                      "Number types are accepted as a metric tag values",
                                      key));
    return -1;
  }
  vu.set_tags(vu.shard().tags().with(vu.tags(), key, to_text(ctx, value)));
  return 1;
}

int tags_delete(JSContext* ctx, JSValueConst, JSAtom name) {
  Vu& vu = Vu::of(ctx);
  vu.set_tags(vu.shard().tags().without(vu.tags(), atom_text(ctx, name)));
  return 1;
}

JSClassExoticMethods tags_exotic = {tags_get, tags_names, tags_delete, nullptr,
                                    nullptr,  nullptr,    tags_set};
const JSClassDef kTagsClass = {"Tags", nullptr, nullptr, nullptr, &tags_exotic};

bool fill(JSContext* ctx, JSValueConst object) {
  JSValue instance = JS_NewObject(ctx);
  define_getter(ctx, instance, "iterationsInterrupted", kIterationsInterrupted);
  define_getter(ctx, instance, "iterationsCompleted", kIterationsCompleted);
  define_getter(ctx, instance, "vusActive", kVusActive);
  define_getter(ctx, instance, "vusInitialized", kVusInitialized);
  define_getter(ctx, instance, "currentTestRunDuration", kRunDuration);
  define(ctx, object, "instance", instance);
  JSValue scenario = JS_NewObject(ctx);
  define_getter(ctx, scenario, "name", kName);
  define_getter(ctx, scenario, "executor", kExecutor);
  define_getter(ctx, scenario, "startTime", kStartTime);
  define_getter(ctx, scenario, "progress", kProgress);
  define_getter(ctx, scenario, "iterationInInstance", kIterationInInstance);
  define_getter(ctx, scenario, "iterationInTest", kIterationInTest);
  define(ctx, object, "scenario", scenario);
  JSValue test = JS_NewObject(ctx);
  define_fixed(ctx, test, "abort", JS_NewCFunction(ctx, abort_test, "abort", 1));
  define_fixed(ctx, test, "fail", JS_NewCFunction(ctx, fail_test, "fail", 1));
  define_getter(ctx, test, "options", kOptions);
  define(ctx, object, "test", test);
  JSValue vu = JS_NewObject(ctx);
  define_getter(ctx, vu, "idInInstance", kVuIdInInstance);
  define_getter(ctx, vu, "idInTest", kVuIdInTest);
  define_getter(ctx, vu, "iterationInInstance", kVuIterationInInstance);
  define_getter(ctx, vu, "iterationInScenario", kVuIterationInScenario);
  JS_SetClassProto(ctx, kClassTags, JS_NewObject(ctx));
  JSValue tags = JS_NewObjectClass(ctx, kClassTags);
  const Value metrics(ctx, JS_NewObject(ctx));
  define_part(ctx, vu, "tags", kPartOfVu, Value::dup(ctx, tags));
  define_fixed(ctx, metrics.get(), "tags", tags);
  define_fixed(ctx, metrics.get(), "metadata", new_metadata_object(ctx));
  define_part(ctx, vu, "metrics", kPartOfVu, metrics);
  define(ctx, object, "vu", vu);
  return true;
}

/// Named imports are the objects themselves, which are there at any time; their members tell.
bool guard(JSContext* ctx, JSValueConst object) {
  constexpr std::pair<const char*, Part> kParts[] = {
      {"instance", kInstance}, {"scenario", kScenario}, {"test", kTest}, {"vu", kVu}};
  for (const auto& [name, part] : kParts)
    define_part(ctx, object, name, part, Value(ctx, JS_GetPropertyStr(ctx, object, name)));
  return true;
}

}  // namespace

void add_execution_module(bia::js::ModuleSet& modules) {
  modules.add_native({"k6/execution", {"instance", "scenario", "test", "vu"}, &fill, &guard});
}
void register_execution_class(JSRuntime* rt) {
  JS_NewClass(rt, kClassTags, &kTagsClass);
  register_metadata_class(rt);
}

}  // namespace zelus::modules
