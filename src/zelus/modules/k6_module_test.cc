// check, group, sleep, fail, k6/metrics: texts and samples are those of k6
// (parity/k6-golden/47-group-check-errors).
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class K6ModuleTest : public ScriptTest {
 protected:
  /// Prints what a call gives or throws.
  std::string tried(const std::string& call) {
    logger_.lines.clear();
    run_default(
        "import { check, group, sleep, fail, randomSeed } from 'k6'; import { Counter, Gauge, "
        "Rate, Trend } from 'k6/metrics'; const t = new Trend('tt');",
        "try { console.log('->', " + call + "); } catch (e) { console.log(String(e)); }");
    std::string out;
    for (const std::string& line : logger_.lines)
      out += line.substr(0, line.find(" source=")) + "|";
    return out;
  }
};

TEST_F(K6ModuleTest, ChecksAreSampledByName) {
  EXPECT_THAT(run_default("import { check } from 'k6';", R"(
    console.log(check({ s: 200 }, { 'is 200': (r) => r.s === 200, 'is odd': (r) => r.s % 2, yes: true }));
    console.log(check(1, { 'is 200': () => true }, { a: 'b', n: 1 }), check(1, {}));)"),
              ElementsAre("info: false source=console", "info: true true source=console"));
  EXPECT_THAT(series("checks"), ElementsAre("check=is 200,group=,scenario=default 1 1",
                                            "check=is odd,group=,scenario=default 1 0",
                                            "check=yes,group=,scenario=default 1 1",
                                            "a=b,check=is 200,group=,n=1,scenario=default 1 1"));
}

TEST_F(K6ModuleTest, ThrowingChecksCountAsFailed) {
  EXPECT_EQ(tried("check(1, { boom: () => { throw new Error('in check'); } })"),
            "info: Error: in check|");
  EXPECT_THAT(series("checks"), ElementsAre("check=boom,group=,scenario=default 1 0"));
}

TEST_F(K6ModuleTest, MetricsKnowThemselvesWhenTakenApart) {
  EXPECT_THAT(run_default("import { Trend } from 'k6/metrics'; const t = new Trend('tt'); const { "
                          "add } = t;",
                          "console.log(add(1), [2, 3].map((x) => add.call(5, x)), t.add(4), "
                          "Object.keys(t), add.length, typeof Trend.prototype.add);"),
              ElementsAre("info: true [ true, true ] true [ \"name\", \"add\" ] 2 undefined "
                          "source=console"));
  EXPECT_THAT(series("tt"), ElementsAre("group=,scenario=default 4 10"));
}

TEST_F(K6ModuleTest, GroupsNest) {
  EXPECT_THAT(run_default("import { check, group } from 'k6';", R"(
    const r = group('outer', () => { check(1, { ok: true }); return group('inner', () => { check(1, { ok: true }); return 5; }); });
    check(1, { ok: true });
    try { group('bad', () => { throw new Error('x'); }); } catch (e) { check(1, { after: true }); }
    console.log(r);)"),
              ElementsAre("info: 5 source=console"));
  EXPECT_THAT(series("checks"), ElementsAre("check=ok,group=::outer,scenario=default 1 1",
                                            "check=ok,group=::outer::inner,scenario=default 1 1",
                                            "check=ok,group=,scenario=default 1 1",
                                            "check=after,group=,scenario=default 1 1"));
  EXPECT_THAT(series("group_duration"),
              ElementsAre(HasSubstr("group=::outer::inner,scenario=default 1 "),
                          HasSubstr("group=::outer,scenario=default 1 "),
                          HasSubstr("group=::bad,scenario=default 1 ")));
}

TEST_F(K6ModuleTest, TextsAreThoseOfK6) {
  EXPECT_EQ(tried("check(1, { 'a::b': true })"),
            "info: GoError: group and check names may not contain '::'|");
  EXPECT_EQ(tried("group('a::b', () => {})"),
            "info: GoError: group and check names may not contain '::'|");
  EXPECT_THAT(tried("group('x', async () => {})"),
              HasSubstr("GoError: group() does not support async functions as arguments"));
  EXPECT_THAT(tried("check(1, { x: async () => true })"),
              HasSubstr("GoError: the built-in check() does not support async functions"));
  EXPECT_EQ(tried("check(1)"), "info: GoError: no checks provided to `check`|");
  EXPECT_THAT(tried("check(1, null)"),
              HasSubstr("TypeError: Cannot convert undefined or null to object"));
  EXPECT_EQ(tried("[sleep(), check(1, { a: true }, 5)]"), "info: -> [ null, true ]|");
  EXPECT_EQ(tried("group('a')"),
            "info: GoError: group() requires a callback as a second argument|");
  EXPECT_EQ(tried("fail('because')"), "info: GoError: because|");
  EXPECT_EQ(tried("fail()"), "info: GoError|");
  EXPECT_EQ(tried("new Counter('late')"),
            "info: GoError: metrics must be declared in the init context|");
  EXPECT_EQ(tried("t.add('abc')"),
            "warning: 'abc' is an invalid value for metric 'tt', a number or a boolean value is "
            "expected|info: -> false|");
  EXPECT_EQ(tried("t.add(null)"),
            "warning: 'null' is an invalid value for metric 'tt', a number or a boolean value is "
            "expected|info: -> false|");
  EXPECT_EQ(tried("t.add()"),
            "warning: no value was provided for metric 'tt', a number or a boolean value is "
            "expected|info: -> false|");
  EXPECT_EQ(tried("t.add('12')"), "info: -> true|");
  EXPECT_EQ(tried("t.add(1, { a: {} })"),
            "info: GoError: cannot add tags for the 'tt' custom metric: invalid value for metric "
            "tag 'a': only String, Boolean and Number types are accepted "
            "as a metric tag values|");
  EXPECT_EQ(tried("t.add.call({}, 1)"), "info: -> true|");
}

TEST_F(K6ModuleTest, InitRefusesWhatNeedsAnIteration) {
  in_user([&] {
    EXPECT_THAT(load("import { check } from 'k6'; check(1, { a: true }); export default () => {}"),
                HasSubstr("GoError: Using check() in the init context is not supported\n"));
    EXPECT_THAT(load("import { group } from 'k6'; group('a', () => {}); export default () => {}"),
                HasSubstr("Using group() in the init context is not supported"));
    EXPECT_THAT(load("import { Counter } from 'k6/metrics'; new Counter('cc').add(1); export "
                     "default () => {}"),
                HasSubstr("Adding to metrics in the init context is not supported"));
    EXPECT_THAT(
        load("import { Counter } from 'k6/metrics'; new Counter('a b'); export default () => {}"),
        HasSubstr("Invalid metric name: 'a b'. Metric names must only include up to 128 ASCII "
                  "letters, numbers, or underscores and start with a letter or an underscore."));
    EXPECT_THAT(load("import { Counter, Rate } from 'k6/metrics'; new Counter('cc'); new "
                     "Rate('cc'); export default () => {}"),
                HasSubstr("metric 'cc' already exists"));
  });
}

TEST_F(K6ModuleTest, CustomMetricsOfAllTypes) {
  run(R"(import { Counter, Gauge, Rate, Trend } from 'k6/metrics';
    const c = new Counter('cc'), g = new Gauge('gg'), r = new Rate('rr'), t = new Trend('tt', true);
    export default function () { c.add(2); c.add(3, { x: 'y' }); g.add(5 - __ITER); r.add(__ITER === 0); t.add(1.5 + __ITER); console.log(c.name); })",
      2);
  EXPECT_THAT(series("cc"),
              ElementsAre("group=,scenario=default 2 4", "group=,scenario=default,x=y 2 6"));
  EXPECT_THAT(series("gg"), ElementsAre("group=,scenario=default 2 4"));
  EXPECT_THAT(series("rr"), ElementsAre("group=,scenario=default 2 1"));
  EXPECT_THAT(series("tt"), ElementsAre("group=,scenario=default 2 4"));
  EXPECT_EQ(shard_->registry().find("tt")->contains, metrics::Contains::kTime);
  EXPECT_EQ(logger_.lines[0], "info: cc source=console");
}

TEST_F(K6ModuleTest, RandomSeedRepeats) {
  EXPECT_THAT(run_default("import { randomSeed } from 'k6';",
                          "randomSeed(5); const a = Math.random(); randomSeed(5); console.log(a "
                          "=== Math.random(), a >= 0 && a < 1);"),
              ElementsAre("info: true true source=console"));
}

}  // namespace
}  // namespace zelus::modules
