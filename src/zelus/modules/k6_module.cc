// `k6`: check, group, sleep, fail, randomSeed (parity/k6.md 5.1).
#include <fmt/format.h>

#include <cmath>

#include "bia/fiber/scheduler.h"
#include "zelus/modules/check_series.h"
#include "zelus/modules/native.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

namespace {

constexpr std::string_view kBadName = "group and check names may not contain '::'";

/// One entry of a check. False with an exception pending.
bool check_one(Vu& vu, JSValueConst subject, JSAtom name, const Value& condition,
               const metrics::TagSet* tags, bool& all) {
  JSContext* ctx = vu.ctx();
  metrics::SeriesId series;
  if (!vu.check_series().find(vu, name, tags, series)) {
    throw_go_error(ctx, kBadName);
    return false;
  }
  int passed = 0;
  if (JS_IsFunction(ctx, condition.get())) {
    JSValueConst arguments[] = {subject};
    Value result(ctx, JS_Call(ctx, condition.get(), JS_UNDEFINED, 1, arguments));
    if (result.is_exception()) {
      Value thrown(ctx, JS_GetException(ctx));
      if (!JS_IsUncatchableError(thrown.get())) vu.record(series, 0);
      bia_js_throw_again(ctx, thrown.release());
      return false;
    }
    if (JS_IsPromise(result.get()) && is_async_function(ctx, condition.get())) {
      throw_go_error(
          ctx,
          "the built-in check() does not support async functions as arguments. Use the JavaScript "
          "utils library as a "
          "replacement. Refer to "
          "https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info");
      return false;
    }
    passed = JS_ToBool(ctx, result.get());
  } else {
    passed = JS_ToBool(ctx, condition.get());
  }
  vu.record(series, passed != 0 ? 1 : 0);
  all = all && passed != 0;
  return true;
}

/// An object of the same shape as these conditions, for the next call's.
void keep_shape(Vu& vu, JSValueConst conditions) {
  JSContext* ctx = vu.ctx();
  Value keeper(ctx, JS_NewObject(ctx));
  bool same = each_property(ctx, conditions, [&](JSAtom name, const Value&) {
    return JS_DefinePropertyValue(ctx, keeper.get(), name, JS_UNDEFINED, JS_PROP_C_W_E) >= 0;
  });
  if (same) return vu.keep_shape_of(std::move(keeper));
  JS_FreeValue(ctx, JS_GetException(ctx));
}

JSValue check(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init()) return vu.throw_in_init("Using check() in the init context is not supported");
  if (argc < 2) return throw_go_error(ctx, "no checks provided to `check`");
  const metrics::TagSet* tags = vu.tags();
  if (argc > 2 && !is_nullish(argv[2])) {
    std::string error;
    if (!add_tags(vu, argv[2], tags, error)) return throw_go_error(ctx, error);
  }
  if (is_nullish(argv[1]))
    return throw_type_error(ctx, "Cannot convert undefined or null to object");
  if (!JS_IsObject(argv[1])) return JS_TRUE;
  bool all = true;
  const size_t known = vu.check_series().count();
  if (!each_property(ctx, argv[1], [&](JSAtom name, const Value& condition) {
        return check_one(vu, argv[0], name, condition, tags, all);
      })) {
    return JS_EXCEPTION;
  }
  if (vu.check_series().count() != known) keep_shape(vu, argv[1]);
  return JS_NewBool(ctx, all);
}

JSValue group(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  if (vu.in_init()) return vu.throw_in_init("Using group() in the init context is not supported");
  JSValueConst body = argument(argc, argv, 1);
  std::string name = to_text(ctx, argument(argc, argv, 0));
  if (!JS_IsFunction(ctx, body))
    return throw_go_error(ctx, "group() requires a callback as a second argument");
  if (is_async_function(ctx, body)) {
    return throw_go_error(
        ctx,
        "group() does not support async functions as arguments, please see "
        "https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info");
  }
  if (name.find("::") != std::string::npos) return throw_go_error(ctx, kBadName);
  const metrics::TagSet* outer = vu.tags();
  size_t outer_size = vu.group_path().size();
  vu.group_path() += "::" + name;
  const metrics::TagSet* inner = outer;
  if (vu.script().has(metrics::SystemTag::kGroup))
    inner = vu.shard().tags().with(outer, "group", vu.group_path());
  vu.set_tags(inner);
  TimePoint start = bia::now();
  Value result(ctx, JS_Call(ctx, body, JS_UNDEFINED, 0, nullptr));
  // As k6: an iteration that was interrupted leaves nothing of the groups that it is in.
  const bool interrupted = result.is_exception() && !vu.aborted() && vu.should_stop();
  if (!interrupted) {
    vu.record(metrics::kGroupDuration, vu.tags(),
              static_cast<double>((bia::now() - start).count()) / 1e6);
  }
  vu.group_path().resize(outer_size);
  // Tags that the body set itself stay.
  const metrics::TagSet* left =
      vu.tags() == inner ? outer : vu.shard().tags().with(vu.tags(), "group", vu.group_path());
  vu.set_tags(left);
  return result.release();
}

JSValue sleep(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Vu& vu = Vu::of(ctx);
  double seconds = 0;
  if (argc > 0 && JS_ToFloat64(ctx, &seconds, argv[0]) < 0) return JS_EXCEPTION;
  if (!(seconds > 0)) return JS_UNDEFINED;
  bia::TimePoint until = bia::now() + Duration(static_cast<int64_t>(std::min(seconds, 9e9) * 1e9));
  bool ended = false;
  {
    Wait wait(vu);
    ended = !bia::fiber::sleep_until(until).ok();
  }
  if (ended || vu.should_stop()) return vu.throw_interrupted();
  return JS_UNDEFINED;
}

JSValue fail(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string message = argc > 0 && !JS_IsUndefined(argv[0]) ? to_text(ctx, argv[0]) : "";
  return throw_go_error(ctx, message);
}

/// Math.random of this user from a seed on: splitmix64, kept by the user.
JSValue seeded_random(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  uint64_t& state = Vu::of(ctx).random_state;
  uint64_t z = state += 0x9e3779b97f4a7c15ull;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  z ^= z >> 31;
  return JS_NewFloat64(ctx, static_cast<double>(z >> 11) * 0x1p-53);
}

JSValue random_seed(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  int64_t seed = 0;
  if (JS_ToInt64(ctx, &seed, argument(argc, argv, 0)) < 0) return JS_EXCEPTION;
  Vu::of(ctx).random_state = static_cast<uint64_t>(seed);
  Value math = Value(ctx, JS_GetGlobalObject(ctx)).property("Math");
  define(ctx, math.get(), "random", JS_NewCFunction(ctx, seeded_random, "random", 0));
  return JS_UNDEFINED;
}

bool fill(JSContext* ctx, JSValueConst object) {
  define_functions(ctx, object,
                   {{"check", check, 2},
                    {"group", group, 2},
                    {"sleep", sleep, 1},
                    {"fail", fail, 1},
                    {"randomSeed", random_seed, 1}});
  return true;
}

}  // namespace

void add_k6_module(bia::js::ModuleSet& modules) {
  modules.add_native({"k6", {"check", "group", "sleep", "fail", "randomSeed"}, &fill});
}

}  // namespace zelus::modules
