// k6/execution, k6/data, k6/encoding.
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ExecutionTest : public ScriptTest {
 protected:
  std::vector<std::string> shown(const std::string& init, const std::string& body,
                                 int iterations = 1) {
    run(init + "\nexport default function () {\n" + body + "\n}", iterations);
    std::vector<std::string> out;
    for (const std::string& line : logger_.lines) {
      size_t end = line.find(" source=console");
      out.push_back(end == std::string::npos
                        ? line
                        : line.substr(line.find(": ") + 2, end - line.find(": ") - 2));
    }
    return out;
  }
};

TEST_F(ExecutionTest, ShowsRunScenarioAndUser) {
  options_.options_json = R"({"rps":5})";
  EXPECT_THAT(shown("import exec from 'k6/execution'; import { scenario } from 'k6/execution';", R"(
    console.log(exec.scenario.name, exec.scenario.executor, scenario.iterationInTest, exec.scenario.startTime, exec.scenario.progress);
    console.log(exec.instance.vusActive, exec.instance.vusInitialized, exec.instance.iterationsCompleted, exec.instance.iterationsInterrupted, exec.instance.currentTestRunDuration);
    console.log(exec.vu.idInTest, exec.vu.idInInstance, exec.vu.iterationInInstance, exec.vu.iterationInScenario, exec.test.options.rps);)",
                    2),
              ElementsAre("default shared-iterations 0 1000 0.5", "1 2 3 4 5.5", "1 1 0 0 5",
                          "default shared-iterations 1 1000 0.5", "1 2 3 4 5.5", "1 1 1 1 5"));
}

TEST_F(ExecutionTest, TagsOfTheUserAreLive) {
  EXPECT_THAT(shown("import exec from 'k6/execution'; import { check } from 'k6';", R"(
    exec.vu.metrics.tags.mine = 'x'; exec.vu.tags['n'] = 1; check(1, { a: true }); console.log(exec.vu.metrics.tags.mine, JSON.stringify(exec.vu.tags));
    delete exec.vu.metrics.tags.mine; try { exec.vu.metrics.tags.bad = {}; } catch (e) { console.log(String(e)); } check(1, { a: true });)"),
              ElementsAre("x {\"group\":\"\",\"mine\":\"x\",\"n\":\"1\",\"scenario\":\"default\"}",
                          "TypeError: invalid value for metric tag 'bad': only String, Boolean and "
                          "Number types are accepted as a metric tag values"));
  EXPECT_THAT(series("checks"), ElementsAre("check=a,group=,mine=x,n=1,scenario=default 1 1",
                                            "check=a,group=,n=1,scenario=default 1 1"));
}

TEST_F(ExecutionTest, MetadataIsLiveAndStaysBetweenIterations) {
  options_.system_tags = {"iter", "scenario"};
  EXPECT_THAT(
      shown("import exec from 'k6/execution';", R"(const m = exec.vu.metrics.metadata;
    if (__ITER === 0) { m.trace = 'x'; m.n = 5; }
    console.log(JSON.stringify(m), m.trace, Object.keys(m).join()); delete m.n;
    try { m.bad = {}; } catch (e) { console.log(String(e)); }
    for (const f of [() => { exec.vu.metrics.metadata = 5; }, () => { exec.vu.metrics.tags = 5; }, () => { exec.test.options.x = 5; }]) try { f(); console.log('set'); } catch (e) { console.log(e.name); })",
            2),
      ElementsAre(R"({"iter":"0","trace":"x","n":"5"} x iter,trace,n)",
                  HasSubstr("TypeError: invalid value for metric metadata 'bad'"), "TypeError",
                  "TypeError", "TypeError", R"({"iter":"1","trace":"x"} x iter,trace)",
                  HasSubstr("TypeError: invalid value for metric metadata 'bad'"), "TypeError",
                  "TypeError", "TypeError"));
}

TEST_F(ExecutionTest, OptionsAreFrozen) {
  options_.options_json = R"({"a":{"b":[1]}})";
  EXPECT_THAT(shown("import exec from 'k6/execution';", R"(const o = exec.test.options;
    for (const f of [() => { o.a.b[0] = 2; }, () => { o.a.b.push(2); }, () => { o.c = 1; }]) try { f(); } catch (e) { console.log(e.name); }
    console.log(JSON.stringify(o));)"),
              ElementsAre("TypeError", "TypeError", "TypeError", R"({"a":{"b":[1]}})"));
}

TEST_F(ExecutionTest, AbortAndFail) {
  EXPECT_THAT(shown("import exec from 'k6/execution';",
                    "exec.test.fail('not good'); try { exec.test.abort('enough'); } catch (e) { "
                    "console.log('caught'); } console.log('never');"),
              ElementsAre("error: test marked as failed: not good"));
  EXPECT_EQ(run_.failed, "test marked as failed: not good");
  EXPECT_THAT(run_.aborted, StartsWith("test aborted: enough at default (file:///t/script.js:3:"));
  EXPECT_EQ(outcome_.kind, exec::Outcome::Kind::kInterrupted);
  EXPECT_TRUE(outcome_.aborted_test);
  EXPECT_EQ(series("iterations").size(), 1u);
}

TEST_F(ExecutionTest, InitHasNoUser) {
  in_user([&] {
    EXPECT_THAT(load("import exec from 'k6/execution'; exec.vu.idInTest; export default () => {}"),
                HasSubstr("getting VU information in the init context is not supported"));
    EXPECT_THAT(
        load("import exec from 'k6/execution'; exec.scenario.name; export default () => {}"),
        HasSubstr("getting scenario information outside of the VU context"));
    EXPECT_THAT(
        load("import exec from 'k6/execution'; exec.test.abort('now'); export default () => {}"),
        StartsWith("test aborted: now at "));
    for (const char* use :
         {"exec.vu", "exec.vu.metrics.tags.a = 'x'", "delete exec.vu.metrics.tags.a",
          "exec.vu.tags.a = 1", "exec.vu.metrics.metadata.a = 'x'", "vu.metrics", "vu.tags"}) {
      EXPECT_THAT(load(fmt::format("import exec, {{ vu }} from 'k6/execution'; {}; export default "
                                   "() => {{}}",
                                   use)),
                  HasSubstr("GoError: getting VU information in the init context is not supported"))
          << use;
    }
    EXPECT_THAT(load("import exec from 'k6/execution'; exec.instance; export default () => {}"),
                HasSubstr("getting instance information in the init context is not supported"));
    EXPECT_THAT(load("import exec from 'k6/execution'; exec.scenario; export default () => {}"),
                HasSubstr("getting scenario information outside of the VU context"));
  });
}

TEST_F(ExecutionTest, ItsPartsStay) {
  EXPECT_THAT(shown("import exec, { vu } from 'k6/execution';", R"(
    for (const name of ['vu', 'scenario', 'instance', 'test']) try { exec[name] = 5; } catch (e) { console.log(String(e)); }
    exec.vu.tags = 5; exec.vu.metrics = 5;
    console.log(Object.keys(exec).join(), Object.keys(exec.vu).join(), typeof vu.metrics.tags, typeof exec.vu.tags, exec.vu.idInTest);)"),
              ElementsAre("TypeError: Cannot assign to read only property 'vu'",
                          "TypeError: Cannot assign to read only property 'scenario'",
                          "TypeError: Cannot assign to read only property 'instance'",
                          "TypeError: Cannot assign to read only property 'test'",
                          "instance,scenario,test,vu "
                          "idInInstance,idInTest,iterationInInstance,iterationInScenario,tags,"
                          "metrics object object 1"));
}

TEST_F(ExecutionTest, SharedArrayActsAsAnArray) {
  EXPECT_THAT(shown("import { SharedArray } from 'k6/data'; const a = new SharedArray('users', () "
                    "=> [{ n: 1 }, { n: 2 }, 3]); const b = new SharedArray('users', () => []);",
                    R"(
    console.log(a.length, a[0].n, a[2], a[3], b.length, Array.isArray(a), a instanceof Array, a.map((x) => x.n || x).join());
    let sum = 0; for (const x of a) sum += x.n || x; console.log(sum, a.find((x) => x.n === 2).n, JSON.stringify(a), Object.keys(a).join());
    try { a[0] = 1; } catch (e) { console.log(String(e)); } try { a.push(1); } catch (e) { console.log(e.name); } try { 'use strict'; a[0].n = 5; } catch (e) { console.log(e.name); })"),
              ElementsAre("3 1 3 undefined 3 true true 1,2,3", "6 2 [{\"n\":1},{\"n\":2},3] 0,1,2",
                          "TypeError: SharedArray is immutable", "TypeError", "TypeError"));
}

TEST_F(ExecutionTest, SharedArrayIsShownAsAnArray) {
  EXPECT_THAT(
      shown("import { SharedArray } from 'k6/data'; const a = new SharedArray('u', () => [{ n: "
            "1 }, 'x']);",
            "console.log(a, { s: Symbol('q') }, Symbol('q'), new Proxy({ k: 1 }, {}));"),
      ElementsAre("[ { n: 1 }, \"x\" ] { s: \"q\" } q { k: 1 }"));
}

TEST_F(ExecutionTest, SharedArrayRefuses) {
  in_user([&] {
    auto error = [&](const std::string& call) {
      return load("import { SharedArray } from 'k6/data'; " + call + "; export default () => {}");
    };
    EXPECT_THAT(error("new SharedArray('', () => [])"),
                HasSubstr("empty name provided to SharedArray's constructor"));
    EXPECT_THAT(
        error("new SharedArray('a')"),
        HasSubstr("a function is expected as the second argument of SharedArray's constructor"));
    EXPECT_THAT(error("new SharedArray('a', () => 1)"),
                HasSubstr("only arrays can be made into SharedArray"));
    EXPECT_THAT(error("new SharedArray('a', async () => [])"),
                HasSubstr("does not support async functions"));
  });
}

TEST_F(ExecutionTest, Base64) {
  EXPECT_THAT(shown("import enc from 'k6/encoding';", R"(
    console.log(enc.b64encode('hi?>'), enc.b64encode('hi?>', 'url'), enc.b64encode('h', 'rawstd'), enc.b64encode(new Uint8Array([255, 254]).buffer, 'rawurl'));
    console.log(enc.b64decode('aGk/Pg==', 'std', 's'), new Uint8Array(enc.b64decode('__4', 'rawurl')).join());
    for (const bad of ['a', 'a$==']) { try { enc.b64decode(bad); } catch (e) { console.log(String(e)); } })"),
              ElementsAre("aGk/Pg== aGk_Pg== aA __4", "hi?> 255,254",
                          "GoError: illegal base64 data at input byte 0",
                          "GoError: illegal base64 data at input byte 1"));
}

TEST_F(ExecutionTest, Base64NamesTheByteThatGoNames) {
  EXPECT_THAT(shown("import enc from 'k6/encoding';", R"(
    const told = (t, v) => { try { return enc.b64decode(t, v || 'std').byteLength; } catch (e) { return e.message.replace(/\D/g, '').slice(2); } };
    console.log(['a$==', 'aGk/P', 'aGk/Pg=', 'aGk/Pg', '%%', 'aGk/%%%%', '=aaa', 'aG=/', 'aGk/Pg==aaaa', 'aMO'].map((t) => told(t)).join());
    console.log(told('aGk/Pg=', 'rawstd'), told('a\nGk/'), told(''), told('aGk/Pg==\n'), told('aGk/Pg', 'rawstd'), told('aGk', 'rawurl'));
    for (const bad of [5, null, {}]) { try { enc.b64encode(bad); } catch (e) { console.log(e.message); } })"),
              ElementsAre("1,4,7,4,0,4,0,2,8,0", "6 3 0 4 4 2",
                          "invalid type int64, expected string, []byte or ArrayBuffer",
                          "invalid type <nil>, expected string, []byte or ArrayBuffer",
                          "invalid type map[string]interface {}, expected string, []byte or "
                          "ArrayBuffer"));
}

}  // namespace
}  // namespace zelus::modules
