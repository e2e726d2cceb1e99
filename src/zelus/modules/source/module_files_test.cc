// Modules as scripts use them: require, CommonJS, packages of node_modules, open.
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "zelus/modules/source/node_packages.h"
#include "zelus/modules/source/typescript.h"
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ModuleFilesTest : public ScriptTest {
 protected:
  ModuleFilesTest()
      : folder_(fmt::format("{}zelus_module_files_{}", ::testing::TempDir(), getpid())) {
    std::filesystem::remove_all(folder_);
  }
  ~ModuleFilesTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::path path = folder_ + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::string base() const { return "file://" + folder_ + "/script.js"; }
  std::string found(const std::string& name, bool require = false) {
    auto url = find_package_file(base(), name, require);
    if (!url) return "error: " + url.error().message();
    return url->starts_with("file://" + folder_) ? url->substr(7 + folder_.size()) : *url;
  }
  std::string folder_;
};

TEST_F(ModuleFilesTest, FindsWhatPackagesExport) {
  write("node_modules/plain/index.js", "");
  write("node_modules/plain/lib/x.js", "");
  write("node_modules/main/package.json", R"({"main": "lib/entry"})");
  write("node_modules/main/lib/entry.js", "");
  write("node_modules/both/package.json", R"({"main": "c.js", "module": "m.mjs"})");
  write("node_modules/both/c.js", "");
  write("node_modules/both/m.mjs", "");
  write("node_modules/@s/new/package.json", R"({"main": "old.js", "exports": {
    ".": [{"node": "./n.js", "import": {"types": "./t.d.ts", "default": "./i.js"}, "require": "./r.js"}],
    "./a": "./dist/a.js", "./f/*.js": "./dist/f/*.js", "./f/*": "./dist/f/*.js", "./f/no/*": null}})");
  write("node_modules/text/package.json", R"({"exports": "./only.js"})");
  write("node_modules/broken/package.json", "{");
  write("node_modules/empty/readme", "");
  EXPECT_EQ(found("plain"), "/node_modules/plain/index.js");
  EXPECT_EQ(found("plain/lib/x"), "/node_modules/plain/lib/x.js");
  EXPECT_EQ(found("main"), "/node_modules/main/lib/entry.js");
  EXPECT_EQ(found("both"), "/node_modules/both/m.mjs");
  EXPECT_EQ(found("both", true), "/node_modules/both/c.js");
  EXPECT_EQ(found("@s/new"), "/node_modules/@s/new/i.js");
  EXPECT_EQ(found("@s/new", true), "/node_modules/@s/new/r.js");
  EXPECT_EQ(found("@s/new/a"), "/node_modules/@s/new/dist/a.js");
  EXPECT_EQ(found("@s/new/f/deep/x"), "/node_modules/@s/new/dist/f/deep/x.js");
  EXPECT_EQ(found("@s/new/f/x.js"), "/node_modules/@s/new/dist/f/x.js");
  EXPECT_EQ(found("text"), "/node_modules/text/only.js");
  EXPECT_THAT(found("text/other"), HasSubstr("does not export \"text/other\" for import"));
  EXPECT_THAT(found("@s/new/f/no/x"), HasSubstr("does not export"));
  EXPECT_THAT(found("broken"), HasSubstr("broken/package.json is not a JSON object"));
  EXPECT_THAT(found("empty"), HasSubstr("names no file"));
  EXPECT_EQ(found("gone"), "");
  EXPECT_EQ(found("@s"), "error: \"@s\" names no file in " + folder_ + "/node_modules/@s");
}

TEST_F(ModuleFilesTest, CompletesPaths) {
  write("a.js", "");
  write("t.ts", "");
  write("dir/index.js", "");
  auto completed = [&](const std::string& name) {
    return complete_file_url("file://" + folder_ + "/" + name).substr(8 + folder_.size());
  };
  EXPECT_EQ(completed("a"), "a.js");
  EXPECT_EQ(completed("a.js"), "a.js");
  EXPECT_EQ(completed("t"), "t.ts");
  EXPECT_EQ(completed("dir"), "dir/index.js");
  EXPECT_EQ(completed("gone"), "gone");
}

TEST_F(ModuleFilesTest, ScriptsUsePackagesRequireAndOpen) {
  write("node_modules/lib/package.json", R"({"main": "./main.js"})");
  write("node_modules/lib/main.js",
        "const data = require('./data'); module.exports = { sum: (a, b) => a + b + data.k, "
        "deep: require('inner') };");
  write("node_modules/lib/data.json", R"({"k": 100})");
  write("node_modules/lib/node_modules/inner/index.js", "module.exports = 'inner';");
  write("sub/o.js", "export const t = open('f.txt'); export const b = open('./f.txt', 'b');");
  write("sub/f.txt", "there");
  std::string dir = folder_;
  EXPECT_THAT(run("import lib, { sum } from '" + dir +
                  "/node_modules/lib/main.js'; const http = "
                  "require('k6/http'); import { t, b } from '" +
                  dir + R"(/sub/o.js';
    export default function () {
      console.log(lib.sum(1, 2), sum(1, 2), lib.deep, typeof http.get, t, b.byteLength);
      for (const f of [() => module, () => exports, () => require('./x.js'), () => open('x')])
        try { f(); } catch (e) { console.log(e.name, e.message.slice(0, 50)); }
    })"),
              ElementsAre("info: 103 103 inner function there 5 source=console",
                          "info: GoError you are trying to access identifier \"module\", this "
                          "source=console",
                          "info: GoError you are trying to access identifier \"exports\", thi "
                          "source=console",
                          "info: GoError the \"require\" function is only available in the in "
                          "source=console",
                          "info: GoError the \"open\" function is only available in the init  "
                          "source=console"));
}

TEST_F(ModuleFilesTest, AScriptMayBeCommonJs) {
  EXPECT_THAT(
      run("const { sleep } = require('k6'); const n = require('./t'); exports.options = { "
          "vus: 3 }; exports.default = function () { console.log(typeof sleep, typeof module); };"),
      ElementsAre(HasSubstr("load: GoError: The moduleSpecifier \"./t\" couldn't be found")));
  logger_.lines.clear();
  EXPECT_THAT(
      run("const { sleep } = require('k6'); exports.options = { vus: 3 }; exports.default = "
          "function () { console.log(typeof sleep, typeof module); };"),
      ElementsAre("info: function object source=console"));
  EXPECT_EQ(info_.options_json, R"({"vus":3})");
}

class TypeScriptTest : public ModuleFilesTest {
 protected:
  void SetUp() override {
    auto empty = TypeScript().strip("file:///t.ts", "");
    if (!empty && empty.error().code() == bia::Code::kUnimplemented)
      GTEST_SKIP() << empty.error().message();
  }
  std::string strip(const std::string& text) {
    TypeScript types;
    auto out = types.strip("file:///t.ts", text);
    return out ? *out : "error: " + out.error().message();
  }
};

TEST_F(TypeScriptTest, BlanksTypesInPlace) {
  EXPECT_EQ(strip("const a: number = <any>b as string;\nlet c = d!.e;"),
            "const a         =      b          ;\nlet c = d .e;");
  EXPECT_EQ(strip("function f<T>(this: X, a?: T): a is T { return g<T>(a); }"),
            "function f   (         a    )         { return g   (a); }");
  EXPECT_EQ(strip("interface I { a: string }\ndeclare const z: number;\nx();"),
            "                         \n                        \nx();");
  EXPECT_EQ(strip("import type { A } from 'a'; import { B } from 'b'; let b: B;"),
            "                                                   let b   ;");
}

TEST_F(TypeScriptTest, WritesOutWhatRuns) {
  EXPECT_EQ(
      strip("enum K { A = 1, B }"),
      "      var K; (function (K) {  const A = 1; K[K[\"A\"] = A] = \"A\";   const B = A + 1; "
      "K[K[\"B\"] = B] = \"B\"; })(K || (K = {}));");
  EXPECT_THAT(strip("class C { constructor(private a: number) {} }"), HasSubstr("this.a = a;"));
}

TEST_F(TypeScriptTest, TellsWhatIsWrongAndWritesOutNamespaces) {
  EXPECT_EQ(strip("const a: = 1;"), "error: file:///t.ts: Line 1:9 Unexpected \"=\"");
  EXPECT_EQ(strip("namespace N { export const x = 1; x() }"),
            "var N; ((N) => {        const x = 1; N.x = x; x() })(N || (N = {}));");
  EXPECT_EQ(strip("namespace N {\n  export { x };\n}"),
            "error: file:///t.ts: Line 2:9 Unexpected \"{\"");
  EXPECT_THAT(strip("\n @dec class A {}"), HasSubstr("Line 2:1 decorators are not supported"));
  EXPECT_THAT(strip("namespace T { export type A = string } // a @b\nlet x: T.A;"),
              HasSubstr("\nlet x     ;"));
}

TEST_F(TypeScriptTest, ScriptsImportItAndStacksKeepTheirPlace) {
  write("lib.ts",
        "export type T = string;\nexport enum K { A = 5 }\nexport function boom(a: "
        "number): never { throw new Error('b' + a); }\n");
  run("import { boom, K } from '" + folder_ +
      "/lib'; export default function () { console.log(K.A); "
      "boom(1); }");
  ASSERT_EQ(logger_.lines.size(), 2u);
  EXPECT_EQ(logger_.lines[0], "info: 5 source=console");
  EXPECT_THAT(logger_.lines[1], HasSubstr("at boom (file://" + folder_ + "/lib.ts:3:64)"));
  logger_.lines.clear();
  write("bad.ts", "let x: = 1;");
  EXPECT_THAT(run("import '" + folder_ + "/bad.ts'; export default () => {};"),
              ElementsAre(HasSubstr("bad.ts: Line 1:7 Unexpected \"=\"")));
}

}  // namespace
}  // namespace zelus::modules
