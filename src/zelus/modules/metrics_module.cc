// `k6/metrics`: Counter, Gauge, Rate, Trend (parity/k6.md 5.5).
#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

struct MetricHandle {
  metrics::MetricId id;
  // The series of the last tags: a script's `add` mostly repeats them.
  const metrics::TagSet* tags = nullptr;
  metrics::SeriesId series = 0;
};

const JSClassDef kMetricClass = {"Metric", nullptr, nullptr, nullptr, nullptr};

/// What JavaScript makes a number of; false for null and what is none. As k6, what is zero but true
/// counts as one: `[]` and '0'.
bool metric_value(JSContext* ctx, JSValueConst value, double& out) {
  if (JS_IsNumber(value)) return JS_ToFloat64(ctx, &out, value) == 0 && !std::isnan(out);
  if (JS_IsNull(value)) return false;
  if (JS_ToFloat64(ctx, &out, value) < 0) {
    JS_FreeValue(ctx, JS_GetException(ctx));
    return false;
  }
  if (out == 0 && JS_ToBool(ctx, value) > 0) out = 1;
  return !std::isnan(out);
}

/// Owns its metric, as k6's does: `const { add } = trend` works.
JSValue add(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv, int, void* opaque) {
  Vu& vu = Vu::of(ctx);
  auto* handle = static_cast<MetricHandle*>(opaque);
  if (vu.in_init())
    return vu.throw_in_init("Adding to metrics in the init context is not supported");
  double value = 0;
  if (argc < 1 || !metric_value(ctx, argv[0], value)) {
    const std::string& name = vu.registry()[handle->id].name;
    std::string text =
        argc < 1
            ? fmt::format(
                  "no value was provided for metric '{}', a number or a boolean value is expected",
                  name)
            : fmt::format(
                  "'{}' is an invalid value for metric '{}', a number or a boolean value is "
                  "expected",
                  to_text(ctx, argv[0]), name);
    if (vu.script().options.throw_on_failed_request) return throw_go_error(ctx, text);
    vu.script().log(LogLevel::kWarning, text);
    return JS_FALSE;
  }
  const metrics::TagSet* tags = vu.tags();
  if (argc > 1 && !is_nullish(argv[1])) {
    std::string error;
    if (!add_tags(vu, argv[1], tags, error)) {
      return throw_go_error(ctx, fmt::format("cannot add tags for the '{}' custom metric: {}",
                                             vu.registry()[handle->id].name, error));
    }
  }
  if (handle->tags != tags) {
    handle->series = vu.shard().resolve(handle->id, tags);
    handle->tags = tags;
  }
  vu.record(handle->series, value);
  return JS_TRUE;
}

JSValue construct(JSContext* ctx, JSValueConst new_target, int argc, JSValueConst* argv,
                  int magic) {
  Vu& vu = Vu::of(ctx);
  if (!vu.in_init()) return throw_go_error(ctx, "metrics must be declared in the init context");
  std::string name = argc > 0 && !JS_IsUndefined(argv[0]) ? to_text(ctx, argv[0]) : "";
  bool is_time = argc > 1 && JS_ToBool(ctx, argv[1]) > 0;
  auto contains = is_time ? metrics::Contains::kTime : metrics::Contains::kDefault;
  auto id = vu.registry().define(name, static_cast<metrics::MetricType>(magic), contains);
  if (!id) return throw_go_error(ctx, id.error().message());
  Value prototype(ctx, JS_GetPropertyStr(ctx, new_target, "prototype"));
  if (prototype.is_exception()) return JS_EXCEPTION;
  JSValue object = JS_NewObjectProtoClass(ctx, prototype.get(), kClassMetric);
  if (JS_IsException(object)) return object;
  define(ctx, object, "name", new_string(ctx, name));
  auto free = [](void* opaque) { delete static_cast<MetricHandle*>(opaque); };
  define(ctx, object, "add", JS_NewCClosure(ctx, add, "add", free, 2, 0, new MetricHandle{*id}));
  return object;
}

bool fill(JSContext* ctx, JSValueConst object) {
  constexpr const char* kNames[] = {"Counter", "Gauge", "Rate", "Trend"};
  constexpr metrics::MetricType kTypes[] = {metrics::MetricType::kCounter,
                                            metrics::MetricType::kGauge, metrics::MetricType::kRate,
                                            metrics::MetricType::kTrend};
  for (size_t i = 0; i < std::size(kNames); ++i) {
    JSCFunctionType function;
    function.constructor_magic = construct;
    JSValue constructor = JS_NewCFunction2(ctx, function.generic, kNames[i], 1,
                                           JS_CFUNC_constructor_magic, static_cast<int>(kTypes[i]));
    JSValue prototype = JS_NewObject(ctx);
    JS_SetConstructor(ctx, constructor, prototype);
    JS_FreeValue(ctx, prototype);
    define(ctx, object, kNames[i], constructor);
  }
  return true;
}

}  // namespace

void add_metrics_module(bia::js::ModuleSet& modules) {
  modules.add_native({"k6/metrics", {"Counter", "Gauge", "Rate", "Trend"}, &fill});
}
void register_metric_class(JSRuntime* rt) { JS_NewClass(rt, kClassMetric, &kMetricClass); }

}  // namespace zelus::modules
