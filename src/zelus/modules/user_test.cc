// The life of a script: init, setup, iterations, teardown, handleSummary; console, timers,
// promises, interruption.
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Kind = exec::Outcome::Kind;
using bia::TimePoint;

class UserTest : public ScriptTest {};

TEST_F(UserTest, DescribesTheScript) {
  in_user([&] {
    EXPECT_EQ(load("export const options = { vus: 2, thresholds: { a: ['rate>0.5'] } }; export "
                   "function setup() {} export default () => {}; export function x() {}"),
              "");
    EXPECT_EQ(info_.options_json, R"({"vus":2,"thresholds":{"a":["rate>0.5"]}})");
    EXPECT_THAT(info_.functions, ::testing::UnorderedElementsAre("default", "setup", "x"));
    EXPECT_TRUE(info_.has_setup);
    EXPECT_FALSE(info_.has_teardown);
  });
}

TEST_F(UserTest, NamesWhatIsWrongWithAScript) {
  in_user([&] {
    EXPECT_EQ(load("console.log('x')"), "");
    EXPECT_THAT(info_.functions, ::testing::IsEmpty());
    EXPECT_EQ(load("export const setup = 1; export default () => {}"),
              "exported 'setup' must be a function");
    EXPECT_THAT(load("\n\nconst a = ;"), StartsWith("file:///t/script.js: Line 3:"));
    EXPECT_THAT(load("import { x } from './helper.js'; export default () => {}"),
                StartsWith("The moduleSpecifier \"./helper.js\" couldn't be found on local disk."));
    EXPECT_THAT(load("import ws from 'k6/ws'; export default () => {}"),
                HasSubstr("\"k6/ws\" is not built yet"));
    EXPECT_THAT(
        load("null.x; export default () => {}"),
        StartsWith(
            "TypeError: Cannot read property 'x' of undefined\n\tat file:///t/script.js:1:"));
    EXPECT_THAT(load("require('x'); export default () => {}"),
                StartsWith("GoError: The moduleSpecifier \"x\" couldn't be recognised"));
  });
}

TEST_F(UserTest, RunsTheLifeCycle) {
  in_user([&] {
    ASSERT_EQ(load(R"(
      console.log('init', __VU, typeof __ITER);
      export function setup() { console.log('setup', __VU, typeof __ITER); return { n: 1 }; }
      export default function (data) { data.n += 1; console.log('vu', __VU, 'iter', __ITER, 'n', data.n); }
      export function teardown(data) { console.log('teardown', JSON.stringify(data)); }
      export function handleSummary(data) { return { stdout: 'sum ' + data.a, 'b.bin': new Uint8Array([65]).buffer }; })"),
              "");
    auto extra = ready_user();
    std::optional<std::string> json;
    EXPECT_EQ(extra->run_setup(json).kind, Kind::kOk);
    EXPECT_EQ(json.value_or(""), R"({"n":1})");
    auto data = std::make_shared<const std::string>(*json);
    auto user = make_user(7);
    user->set_setup_data(data);
    EXPECT_EQ(user->run_iteration({0, 0}).kind, Kind::kOk);
    EXPECT_EQ(user->run_iteration({1, 1}).kind, Kind::kOk);
    extra->set_setup_data(data);
    EXPECT_EQ(extra->run_teardown().kind, Kind::kOk);
    std::optional<exec::SummaryFiles> files;
    EXPECT_EQ(extra->handle_summary(R"({"a":5})", files).kind, Kind::kOk);
    EXPECT_THAT(*files, ElementsAre(std::pair<std::string, std::string>("stdout", "sum 5"),
                                    std::pair<std::string, std::string>("b.bin", "A")));
    EXPECT_THAT(logger_.lines, ElementsAre("info: init 0 undefined source=console",
                                           "info: init 0 undefined source=console",
                                           "info: setup 0 undefined source=console",
                                           "info: init 7 undefined source=console",
                                           "info: vu 7 iter 0 n 2 source=console",
                                           "info: vu 7 iter 1 n 3 source=console",
                                           "info: teardown {\"n\":1} source=console"));
    EXPECT_THAT(series("iterations"), ElementsAre("group=,scenario=default 2 2"));
    EXPECT_THAT(series("data_sent"), ElementsAre("group=::setup 1 0", "group=,scenario=default 2 0",
                                                 "group=::teardown 1 0"));
  });
}

TEST_F(UserTest, SetupDataIsWhatGoExports) {
  in_user([&] {
    ASSERT_EQ(load(R"(
      class Own { constructor() { this.a = 1; } toJSON() { return 'other'; } }
      export function setup() { return [new Date('bad'), { at: new Date(NaN) }, new Own()]; }
      export default () => {})"),
              "");
    auto extra = ready_user();
    std::optional<std::string> json;
    EXPECT_EQ(extra->run_setup(json).kind, Kind::kOk);
    EXPECT_EQ(json.value_or(""), R"([null,{"at":null},{"a":1}])");
  });
}

TEST_F(UserTest, SetupMayReturnWhatModulesMake) {
  in_user([&] {
    ASSERT_EQ(load(R"(
      import http from 'k6/http';
      import { Counter } from 'k6/metrics';
      const counter = new Counter('mine');
      export function setup() {
        if (globalThis.again) return [counter];
        globalThis.again = true;
        return [http.get('http://127.0.0.1:1/'), http.url`http://u:p@h/${1}`, http.file('a', 'n', 't/x'), new Proxy({ a: 1 }, {})];
      }
      export default () => {})"),
              "");
    auto extra = ready_user();
    std::optional<std::string> json;
    EXPECT_EQ(extra->run_setup(json).kind, Kind::kOk);
    EXPECT_THAT(json.value_or(""),
                AllOf(HasSubstr(R"([{"body":null,"cookies":{},"error":"dial: connection refused")"),
                      HasSubstr(R"({"CleanURL":"http://****:****@h/1","Name":"http://u:p@h/${}",)"
                                R"("URL":"http://u:p@h/1"},)"
                                R"({"ContentType":"t/x","Data":"a","Filename":"n"},{}])")));
    auto refused = extra->run_setup(json);
    EXPECT_EQ(refused.kind, Kind::kBadResult);
    EXPECT_THAT(refused.text,
                HasSubstr("unsupported type: func(sobek.Value, sobek.Value) (bool, error)"));
  });
}

TEST_F(UserTest, ExceptionsAreLoggedAndTheIterationCounts) {
  run(R"(function inner(x) {
  return x.missing.field;
}
export default function () {
  inner({});
})");
  ASSERT_EQ(logger_.lines.size(), 1u);
  EXPECT_THAT(logger_.lines[0], StartsWith("error: TypeError: Cannot read property 'field' of "
                                           "undefined\n\tat inner (file:///t/script.js:2:"));
  EXPECT_THAT(logger_.lines[0], HasSubstr("\n\tat default (file:///t/script.js:5:"));
  EXPECT_THAT(logger_.lines[0], HasSubstr("\n executor=shared-iterations hint=script exception "
                                          "scenario=default source=stacktrace"));
  EXPECT_EQ(outcome_.kind, Kind::kException);
  EXPECT_THAT(series("iterations"), ElementsAre("group=,scenario=default 1 1"));
}

TEST_F(UserTest, RejectionsNobodyHandlesAreLogged) {
  run("export default async function () { if (__ITER === 0) Promise.reject(new Error('nobody "
      "listens')); else throw { code: 7 }; }",
      2);
  ASSERT_EQ(logger_.lines.size(), 2u);
  EXPECT_THAT(logger_.lines[0], StartsWith("error: Uncaught (in promise) Error: nobody "
                                           "listens\n\tat default (file:///t/script.js:1:"));
  EXPECT_THAT(logger_.lines[0],
              ::testing::EndsWith("\n executor=shared-iterations scenario=default"));
  EXPECT_EQ(
      logger_.lines[1],
      "error: Uncaught (in promise) [object Object] executor=shared-iterations scenario=default");
}

TEST_F(UserTest, FormatsTheConsoleAsK6) {
  EXPECT_THAT(run_default("", R"(
  console.log('plain', 1, 2.5, true, null, undefined, -0, NaN, 10n);
  console.info({ a: 1, b: 'two', c: [1, 'x', null], d: { e: {} }, f: undefined, g: () => 1, h: new Date(0) });
  console.warn([], {}, [[]], [undefined, null], new Error('boom'), /re/g, Symbol('s'));
  console.error(new Uint8Array([1, 2]), new ArrayBuffer(2), new Map([[1, 2]]), new Set([1]));
  console.debug('debug', function named() {}, class K {});
  const cyc = { n: 1 }; cyc.self = cyc;
  console.log(cyc);
  console.log(Object.create({ inherited: 1 }), new (class P { constructor() { this.q = 1; } })());)"),
              ElementsAre("info: plain 1 2.5 true null undefined 0 NaN 10 source=console",
                          "info: { a: 1, b: \"two\", c: [ 1, \"x\", null ], d: { e: {} }, f: null, "
                          "g: [object Function], h: \"1970-01-01T00:00:00.000Z\" } source=console",
                          "warning: [] {} [ [] ] [ null, null ] Error: boom {} s source=console",
                          "error: Uint8Array(2) [ 1, 2 ] ArrayBuffer { [Uint8Contents]: <00 00>, "
                          "byteLength: 2 } {} {} source=console",
                          "debug: debug [object Function] [object Function] source=console",
                          "info: { n: 1, self: [Circular] } source=console",
                          "info: {} { q: 1 } source=console"));
}

TEST_F(UserTest, TimersAndPromisesEndBeforeTheIterationDoes) {
  EXPECT_THAT(run(R"(export default async function () {
    setTimeout((a) => console.log('later', a), 2, 'x');
    const id = setTimeout(() => console.log('never'), 1); clearTimeout(id);
    let n = 0; const each = setInterval(() => { console.log('tick'); if (++n == 2) clearInterval(each); }, 3);
    await new Promise((done) => setTimeout(done, 1));
    console.log('awaited');
  })"),
              ElementsAre("info: awaited source=console", "info: later x source=console",
                          "info: tick source=console", "info: tick source=console"));
}

TEST_F(UserTest, TimersThatAreLeftWhenAnIterationFailsAreNamed) {
  auto lines = run(R"(export default function () {
    setTimeout(() => {}, 20000); setInterval(() => {}, 10000); clearTimeout(setTimeout(() => {}, 5000));
    throw new Error('x');
  })");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0],
            "warning: setInterval 2 was stopped because the VU iteration was interrupted");
  EXPECT_EQ(lines[1], "warning: setTimeout 1 was stopped because the VU iteration was interrupted");
}

TEST_F(UserTest, TimersRefuseWhatCannotBeCalled) {
  EXPECT_THAT(
      run_default("",
                  "for (const f of [undefined, 1]) { try { setTimeout(f, 1); } catch (e) { "
                  "console.log(String(e)); } }"),
      ElementsAre("info: GoError: setTimeout's callback isn't a callable function source=console",
                  "info: TypeError: could not convert function call parameter 0: could not convert "
                  "1 to sobek.Callable source=console"));
}

TEST_F(UserTest, EndlessLoopsEndAtTheStopTime) {
  in_user([&] {
    ASSERT_EQ(load("export default function () { for (;;) { try { for (;;) {} } catch (e) {} } } "
                   "export function again() { console.log('alive'); }"),
              "");
    auto user = make_user();
    user->set_stop_at(bia::now() + std::chrono::milliseconds(30));
    EXPECT_EQ(user->run_iteration({0, 0}).kind, Kind::kInterrupted);
    EXPECT_TRUE(series("iterations").empty());
    user->set_stop_at(TimePoint::max());
    activation_.exec = "again";
    user->activate(activation_);
    EXPECT_EQ(user->run_iteration({1, 1}).kind, Kind::kOk);
    EXPECT_THAT(logger_.lines, ElementsAre("info: alive source=console"));
  });
}

TEST_F(UserTest, WaitsEndAtTheStopTimeAndByInterruption) {
  in_user([&] {
    ASSERT_EQ(load("import { sleep } from 'k6'; export default function () { sleep(30); } export "
                   "async function timer() { await new Promise((r) => setTimeout(r, 30000)); }"),
              "");
    auto user = make_user();
    user->set_stop_at(bia::now() + std::chrono::milliseconds(5));
    EXPECT_EQ(user->run_iteration({0, 0}).kind, Kind::kInterrupted);
    user->set_stop_at(TimePoint::max());
    activation_.exec = "timer";
    user->activate(activation_);
    Kind kind = Kind::kOk;
    auto fiber =
        bia::fiber::Scheduler::current().spawn([&] { kind = user->run_iteration({1, 1}).kind; },
                                               {.stack_bytes = bia::fiber::kStackBytesUser});
    ASSERT_TRUE(fiber.ok());
    bia::fiber::yield();
    user->interrupt();
    fiber->cancel();
    EXPECT_TRUE(fiber->join().ok());
    EXPECT_EQ(kind, Kind::kInterrupted);
    EXPECT_THAT(logger_.lines,
                ElementsAre("warning: setTimeout 1 was stopped because the VU iteration was "
                            "interrupted"));
  });
}

TEST_F(UserTest, ABusyUserLetsOthersOfItsThreadRun) {
  in_user([&] {
    ASSERT_EQ(load("export default function () { for (;;) {} } export function quick() { "
                   "console.log('quick'); }"),
              "");
    auto busy = make_user(1);
    auto quick = make_user(2);
    exec::Activation other = activation_;
    other.exec = "quick";
    quick->activate(other);
    busy->set_stop_at(bia::now() + std::chrono::milliseconds(200));
    TimePoint ran;
    auto fiber = bia::fiber::Scheduler::current().spawn(
        [&] {
          quick->run_iteration({0, 0});
          ran = bia::now();
        },
        {.stack_bytes = bia::fiber::kStackBytesUser});
    ASSERT_TRUE(fiber.ok());
    EXPECT_EQ(busy->run_iteration({0, 0}).kind, Kind::kInterrupted);
    EXPECT_LT(ran + std::chrono::milliseconds(50), bia::now());
    EXPECT_THAT(logger_.lines, ElementsAre("info: quick source=console"));
  });
}

TEST_F(UserTest, RecursionOfTenThousandFramesFits) {
#if defined(__SANITIZE_ADDRESS__)
  // Red zones make the engine's frames about four times as large.
  const std::string depth = "2000";
#else
  const std::string depth = "10000";
#endif
  EXPECT_THAT(
      run_default("", "const f = (n) => n === 0 ? 0 : 1 + f(n - 1); console.log(f(" + depth +
                          ")); try { const g = () => g() + 1; g(); } catch (e) { "
                          "console.log(e.name); }"),
      ElementsAre("info: " + depth + " source=console", "info: RangeError source=console"));
}

TEST_F(UserTest, EnvironmentIsLaidOver) {
  runtime_options_.env = {{"A", "1"}, {"B", "2"}};
  activation_.env = {{"B", "3"}};
  EXPECT_THAT(run_default("", "console.log(__ENV.A, __ENV.B, __ENV.C, global === globalThis);"),
              ElementsAre("info: 1 3 undefined true source=console"));
}

TEST_F(UserTest, OpenIsForInit) {
  std::string path = ::testing::TempDir() + "/zelus_open_test.txt";
  FILE* file = fopen(path.c_str(), "w");
  fputs("inhalt", file);
  fclose(file);
  EXPECT_THAT(
      run("const t = open('" + path + "'); const b = open('file://" + path +
          "', 'b'); export default function () { console.log(t, b.byteLength); try { open('x'); } "
          "catch (e) { console.log(e.message.slice(0, 60)); } }"),
      ElementsAre(
          "info: inhalt 6 source=console",
          "info: the \"open\" function is only available in the init stage (i.e source=console"));
  logger_.lines.clear();
  in_user([&] {
    EXPECT_THAT(load("open('/nosuch/file'); export default () => {}"),
                StartsWith("GoError: stat /nosuch/file: no such file or directory"));
    EXPECT_THAT(load("open(''); export default () => {}"), HasSubstr("empty filename"));
    EXPECT_THAT(load("open('/tmp'); export default () => {}"),
                HasSubstr("can't be used with directories"));
    EXPECT_THAT(load("if (__VU > 0) open('/etc/hostname'); export default () => {}"), "");
    auto user = std::move(factory_->make_user(1, *shard_).value());
    auto ready = user->init();
    ASSERT_FALSE(ready.ok());
    EXPECT_THAT(ready.error().message(),
                HasSubstr("weren't previously opened during initialization"));
  });
}

TEST_F(UserTest, StacksReadAsInK6) {
  EXPECT_THAT(
      run_default("",
                  "try { throw new Error('m'); } catch (e) { console.log(e.stack.split('\\n')[0], "
                  "e.stack.split('\\n')[1].slice(0, 34)); }"),
      ElementsAre("info: Error: m \tat default (file:///t/script.js:3 source=console"));
}

}  // namespace
}  // namespace zelus::modules
