#include "zelus/modules/virtual_user.h"

#include <fmt/format.h>

#include "zelus/modules/go_value.h"
#include "zelus/modules/http/http_user.h"
#include "zelus/modules/input_bytes.h"
#include "zelus/modules/json_check.h"
#include "zelus/modules/native.h"
#include "zelus/modules/setup_data.h"
#include "zelus/modules/source/gone_modules.h"
#include "zelus/modules/thread_state.h"

namespace zelus::modules {

using bia::js::Running;

namespace {
constexpr const char* kExitScriptException = "107";
constexpr std::string_view kUncaught = "Uncaught (in promise) ";

Error with_exit(std::string message, const char* exit, std::string_view reason) {
  return Error(Code::kInvalidArgument, reason, std::move(message)).with_metadata("exit", exit);
}
}  // namespace

VirtualUser::~VirtualUser() {
  function_.reset();
  setup_value_.reset();
  exports_.reset();
}

Result<void> VirtualUser::init() {
  bia::js::Runtime* runtime = BIA_TRY(vu_.thread().runtime());
  bia::js::Growing growing(*runtime);
  vu_.context_ = BIA_TRY(bia::js::Context::create(*runtime, &vu_, &vu_));
  vu_.begin_run();
  Running running(*vu_.context_, kScriptStackBytes);
  vu_.global_ = vu_.context_->global();
  set_up_globals(vu_);
  bia::js::Exception exception;
  auto wait = [](void* opaque) {
    return static_cast<Vu*>(opaque)->loop().step() == EventLoop::Step::kProgress;
  };
  bool rejected = false;
  bool ok = vu_.context_->import_module(vu_.script().source.url, wait, &vu_, exports_, exception);
  if (ok && !vu_.loop().run()) {
    ok = false;
    auto unhandled = vu_.take_unhandled();
    rejected = !unhandled.empty() && !JS_HasException(vu_.ctx());
    exception = unhandled.empty() ? bia::js::take_exception(vu_.ctx())
                                  : bia::js::describe_exception(vu_.ctx(), unhandled[0].get());
  }
  if (!ok) {
    if (vu_.aborted()) return with_exit(*vu_.aborted(), "108", "ABORTED");
    if (rejected) {
      return with_exit(
          std::string(kUncaught) + (exception.name.empty() ? exception.message : exception.text()),
          "255", "UNHANDLED_REJECTION");
    }
    if (exception.name == "SyntaxError") {
      // k6: "file:///s.js: Line 4:13 Unexpected token ;".
      std::string_view at = exception.stack;
      if (at.starts_with("\tat ")) at.remove_prefix(4);
      at = at.substr(0, at.find('\n'));
      size_t column = at.rfind(':');
      size_t line = column == std::string_view::npos || column == 0 ? std::string_view::npos
                                                                    : at.rfind(':', column - 1);
      std::string where = line == std::string_view::npos
                              ? std::string(at)
                              : fmt::format("{}: Line {}", at.substr(0, line), at.substr(line + 1));
      return with_exit(fmt::format("{} {}", where, exception.message), kExitScriptException,
                       "SYNTAX");
    }
    bool import = exception.name == "GoError" && exception.stack.empty() &&
                  !is_of_gone_module(exception.message);
    return with_exit(import ? exception.message : exception.text(), kExitScriptException,
                     import ? "IMPORT" : "SCRIPT_EXCEPTION");
  }
  vu_.set_phase(Vu::Phase::kIteration);
  return {};
}

Result<exec::ScriptInfo> VirtualUser::describe() {
  Running running(*vu_.context_, kScriptStackBytes);
  JSContext* ctx = vu_.ctx();
  exec::ScriptInfo info;
  std::string bad;
  std::string bad_options;
  each_property(ctx, exports_.get(), [&](JSAtom atom, const Value& value) {
    std::string name = atom_text(ctx, atom);
    bool callable = value.is_function();
    if (callable && name != "options") info.functions.push_back(name);
    if (name == "options") {
      if (value.is_nullish()) return true;
      bad_options = not_in_json(ctx, value.get());
      if (bad_options.empty()) info.options_json = bia::js::to_json(ctx, value.get());
    } else if (name == "setup" || name == "teardown" || name == "handleSummary") {
      if (!callable && !value.is_nullish() && name != "handleSummary") bad = name;
      (name == "setup"      ? info.has_setup
       : name == "teardown" ? info.has_teardown
                            : info.has_handle_summary) =
          callable || (name == "handleSummary" && !value.is_nullish());
    }
    return true;
  });
  if (!bad_options.empty())
    return with_exit("error parsing script options: " + bad_options, "255", "BAD_OPTIONS");
  if (!bad.empty())
    return with_exit(fmt::format("exported '{}' must be a function", bad), "255", "BAD_EXPORT");
  return info;
}

void VirtualUser::activate(const exec::Activation& activation) {
  vu_.activation = &activation;
  vu_.scenario_iteration = 0;
  vu_.metadata.reset();
  Running running(*vu_.context_, kScriptStackBytes);
  JSContext* ctx = vu_.ctx();
  auto& tags = vu_.shard().tags();
  const metrics::TagSet* set =
      tags.of({vu_.script().options.tags.begin(), vu_.script().options.tags.end()});
  for (const auto& [key, value] : activation.tags) set = tags.with(set, key, value);
  if (vu_.script().has(metrics::SystemTag::kScenario))
    set = tags.with(set, "scenario", activation.scenario);
  if (vu_.script().has(metrics::SystemTag::kGroup)) set = tags.with(set, "group", "");
  vu_.set_tags(set);
  vu_.group_path().clear();
  Value env = vu_.context().global().property("__ENV");
  for (const auto& [key, value] : activation.env)
    define(ctx, env.get(), key, new_string(ctx, value));
  function_ = exports_.property(activation.exec.c_str());
}

bia::js::Value VirtualUser::setup_data() {
  if (!setup_json_) return {};
  if (setup_value_.context() == nullptr) {
    setup_value_ = Value(vu_.ctx(), JS_ParseJSON(vu_.ctx(), setup_json_->c_str(),
                                                 setup_json_->size(), "setup data"));
    if (setup_value_.is_exception()) {
      JS_FreeValue(vu_.ctx(), JS_GetException(vu_.ctx()));
      setup_value_ = Value(vu_.ctx(), JS_UNDEFINED);
    }
  }
  return setup_value_;
}

VirtualUser::Call VirtualUser::call(const Value& function, JSValueConst argument) {
  JSContext* ctx = vu_.ctx();
  Call out;
  if (!function.is_function()) {
    out.outcome = {exec::Outcome::Kind::kException,
                   "TypeError: the script does not export that function\n"};
    return out;
  }
  JSValueConst arguments[] = {argument};
  out.result = Value(ctx, JS_Call(ctx, function.get(), JS_UNDEFINED, 1, arguments));
  if (out.result.is_exception()) return out.outcome = failure(out), out;
  if (!vu_.context().has_jobs() && vu_.loop().empty() && !JS_IsObject(out.result.get()) &&
      !vu_.has_unhandled())
    return out;
  if (!vu_.loop().run()) return out.outcome = failure(out), out;
  if (JS_IsPromise(out.result.get())) {
    if (JS_PromiseState(ctx, out.result.get()) == JS_PROMISE_PENDING) {
      out.result = Value(ctx, JS_UNDEFINED);
    } else {
      out.result = Value(ctx, JS_PromiseResult(ctx, out.result.get()));
    }
  }
  return out;
}

exec::Outcome VirtualUser::failure(Call& call) {
  exec::Outcome out;
  auto unhandled = vu_.take_unhandled();
  bia::js::Exception exception;
  if (JS_HasException(vu_.ctx())) {
    exception = bia::js::take_exception(vu_.ctx());
  } else if (!unhandled.empty()) {
    call.in_promise = true;
    exception = bia::js::describe_exception(vu_.ctx(), unhandled[0].get());
  }
  vu_.stop_helpers();
  if (vu_.phase() != Vu::Phase::kSummary) vu_.loop().interrupt();
  vu_.loop().clear();
  vu_.context().clear_unhandled();
  bia_js_drop_jobs(vu_.context().runtime().get());
  if (exception.interrupted || vu_.aborted()) {
    out.kind = exec::Outcome::Kind::kInterrupted;
    out.aborted_test = vu_.aborted().has_value();
    out.text = vu_.aborted().value_or("");
    return out;
  }
  out.kind = exec::Outcome::Kind::kException;
  std::string text =
      exception.name.empty() && call.in_promise ? exception.message : exception.text();
  out.rejection = call.in_promise;
  out.text = call.in_promise ? std::string(kUncaught) + text : text;
  return out;
}

void VirtualUser::log_exception(const exec::Outcome& outcome, bool in_promise) {
  const exec::Activation& activation = *vu_.activation;
  if (in_promise) {
    vu_.script().log(LogLevel::kError, outcome.text,
                     {{"executor", activation.executor}, {"scenario", activation.scenario}});
    return;
  }
  vu_.script().log(LogLevel::kError, outcome.text,
                   {{"executor", activation.executor},
                    {"hint", "script exception"},
                    {"scenario", activation.scenario},
                    {"source", "stacktrace"}});
}

void VirtualUser::record_bytes() {
  if (series_tags_ != vu_.tags()) {
    series_tags_ = vu_.tags();
    auto& shard = vu_.shard();
    sent_ = shard.resolve(metrics::kDataSent, series_tags_);
    received_ = shard.resolve(metrics::kDataReceived, series_tags_);
    if (vu_.phase() == Vu::Phase::kIteration) {
      duration_ = shard.resolve(metrics::kIterationDuration, series_tags_);
      iterations_ = shard.resolve(metrics::kIterations, series_tags_);
    }
  }
  auto [sent, received] = vu_.take_bytes();
  vu_.record(sent_, static_cast<double>(sent));
  vu_.record(received_, static_cast<double>(received));
}

exec::Outcome VirtualUser::run_iteration(const exec::IterationNumbers& numbers) {
  vu_.begin_run();
  vu_.numbers = numbers;
  Running running(*vu_.context_, kScriptStackBytes);
  vu_.begin_iteration();
  TimePoint start = vu_.slice_began_;
  const metrics::TagSet* tags = vu_.tags();
  vu_.start_delay = Duration(0);
  if (vu_.script().options.latency_from_due && numbers.due != TimePoint()) {
    vu_.start_delay = std::max(Duration(0), start - numbers.due);
    vu_.record(vu_.shard().registry().id_of("iteration_start_delay"), tags,
               static_cast<double>(vu_.start_delay.count()) / 1e6);
    start -= vu_.start_delay;
  }
  Value data = setup_data();
  Call done = call(function_, data.get());
  if (done.outcome.kind == exec::Outcome::Kind::kException)
    log_exception(done.outcome, done.in_promise);
  vu_.group_path().clear();
  // An exception inside a group leaves its tag behind.
  if (done.outcome.kind != exec::Outcome::Kind::kOk &&
      vu_.script().has(metrics::SystemTag::kGroup) && vu_.tags() != tags) {
    vu_.set_tags(vu_.shard().tags().with(vu_.tags(), "group", ""));
  }
  if (vu_.has_http()) vu_.http().end_iteration();
  record_bytes();
  ++vu_.iteration;
  ++vu_.scenario_iteration;
  if (done.outcome.kind == exec::Outcome::Kind::kInterrupted && !done.outcome.aborted_test)
    return done.outcome;
  vu_.record(duration_, static_cast<double>((bia::now() - start).count()) / 1e6);
  vu_.record(iterations_, 1);
  return done.outcome;
}

exec::Outcome VirtualUser::run_stage(std::string_view name, std::string_view group,
                                     std::optional<std::string>* json) {
  vu_.begin_run();
  Running running(*vu_.context_, kScriptStackBytes);
  auto& tags = vu_.shard().tags();
  const metrics::TagSet* set =
      tags.of({vu_.script().options.tags.begin(), vu_.script().options.tags.end()});
  if (vu_.script().has(metrics::SystemTag::kGroup)) set = tags.with(set, "group", group);
  vu_.set_tags(set);
  vu_.group_path() = group;
  Value data = name == "setup" ? Value() : setup_data();
  Call done = call(exports_.property(std::string(name).c_str()), data.get());
  if (vu_.has_http()) vu_.http().end_iteration();
  record_bytes();
  if (done.outcome.kind == exec::Outcome::Kind::kOk && json != nullptr &&
      !done.result.is_undefined()) {
    if (std::string why = not_in_json(vu_.ctx(), done.result.get()); !why.empty())
      return {exec::Outcome::Kind::kBadResult, "error marshaling setup() data to JSON: " + why};
    std::string text = exported_json(vu_.ctx(), done.result.get());
    if (JS_HasException(vu_.ctx())) {
      done.outcome = failure(done);
    } else {
      *json = text.empty() ? "null" : setup_data_json(std::move(text));
    }
  }
  return done.outcome;
}

exec::Outcome VirtualUser::run_setup(std::optional<std::string>& json) {
  vu_.set_phase(Vu::Phase::kSetup);
  return run_stage("setup", "::setup", &json);
}

exec::Outcome VirtualUser::run_teardown() {
  vu_.set_phase(Vu::Phase::kTeardown);
  return run_stage("teardown", "::teardown", nullptr);
}

namespace {
/// What handleSummary returned. k6's error text where it is no such thing.
std::string read_files(JSContext* ctx, const Value& result, exec::SummaryFiles& files) {
  if (!result.is_object() || result.is_function() || JS_IsArray(result.get()))
    return "handleSummary() should return a map with string keys";
  std::string bad;
  const bool ok = each_property(ctx, result.get(), [&](JSAtom atom, const Value& value) {
    std::string name = atom_text(ctx, atom);
    std::string text, why;
    std::string_view bytes;
    if (input_bytes(ctx, value.get(), text, bytes, why)) {
      files.emplace_back(std::move(name), bytes);
      return true;
    }
    bad = fmt::format(
        "error handling summary object {}: invalid type {}, it needs to be a string "
        "or ArrayBuffer",
        name, go_type_name(ctx, value.get()));
    return false;
  });
  if (!ok && bad.empty()) return bia::js::take_exception(ctx).text();
  return bad;
}
}  // namespace

exec::Outcome VirtualUser::handle_summary(std::string_view data_json,
                                          std::optional<exec::SummaryFiles>& files) {
  vu_.begin_run();
  vu_.set_phase(Vu::Phase::kSummary);
  Running running(*vu_.context_, kScriptStackBytes);
  JSContext* ctx = vu_.ctx();
  std::string text(data_json);
  Value data(ctx, JS_ParseJSON(ctx, text.c_str(), text.size(), "summary"));
  if (data.is_exception())
    return {exec::Outcome::Kind::kException, bia::js::take_exception(ctx).text()};
  // k6: the key is there even where setup gave nothing.
  if (!data.property("root_group").is_undefined() && data.property("setup_data").is_undefined())
    define(ctx, data.get(), "setup_data", JS_UNDEFINED);
  Value function = exports_.property("handleSummary");
  if (!function.is_function())
    return {exec::Outcome::Kind::kBadResult,
            "exported identifier handleSummary must be a function"};
  Call done = call(function, data.get());
  // k6 takes what was returned even where a promise was left rejected.
  const bool returned = !done.result.is_nullish() && !done.result.is_exception() &&
                        JS_ToBool(ctx, done.result.get()) > 0;
  if (done.outcome.kind != exec::Outcome::Kind::kOk && (!done.outcome.rejection || !returned))
    return done.outcome;
  if (returned) {
    files.emplace();
    if (std::string bad = read_files(ctx, done.result, *files); !bad.empty())
      return {exec::Outcome::Kind::kBadResult, std::move(bad)};
  }
  return done.outcome;
}

}  // namespace zelus::modules
