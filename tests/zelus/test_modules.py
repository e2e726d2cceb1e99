"""Scripts of several files, as users have them: CommonJS, npm packages, TypeScript, stdin."""
import os
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.dirname(__file__)))
from conftest import BIN  # noqa: E402


def run(folder, script="script.js", stdin=None):
    return subprocess.run([BIN / "zelus", "run", "--quiet", "--log-format=raw", "--summary-mode=disabled", script], input=stdin, text=True,
                          capture_output=True, timeout=60, cwd=folder)


def write(folder, **files):
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_js", ".js").replace("_ts", ".ts").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_commonjs_and_packages(tmp_path):
    write(tmp_path,
          script_js="const { check } = require('k6'); const { add } = require('./lib');"
                    "exports.options = { vus: 3, iterations: 3 };"
                    "exports.default = function () { console.log(add(1, 2), check(1, { one: (x) => x === 1 })); };",
          lib_js="module.exports = require('adder');",
          node_modules__adder__package_json='{"exports": {"import": "./wrong.js", "require": "./right.js"}}',
          node_modules__adder__right_js="exports.add = (a, b) => a + b;")
    done = run(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["3 true"] * 3, "every virtual user reads the same bytecode"


def test_typescript_with_imports_and_stacks(tmp_path):
    write(tmp_path,
          script_ts="import { boom, Kind } from './lib';\nimport type { Options } from 'k6/options';\n"
                    "export const options: Options = { vus: 2, iterations: 2 };\nexport default (): void => boom(Kind.B as number);\n",
          lib_ts="export enum Kind { A, B }\nexport function boom<T>(kind: T): never {\n  throw new Error(`kind ${kind}`);\n}\n")
    done = run(tmp_path, "script.ts")
    if "built without TypeScript" in done.stderr:
        pytest.skip("zelus was built without Sucrase: run scripts/setup with npm's registry configured")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("Error: kind 1") == 2
    assert re.search(r"at boom \(file://.*/lib\.ts:3:\d+\)", done.stderr) and "script.ts:4:" in done.stderr


def test_typescript_from_stdin_and_its_errors(tmp_path):
    done = run(tmp_path, "-", "let x: number = 41;\nexport default function () { console.log(x + 1); }")
    if "built without TypeScript" in done.stderr or "SyntaxError" in done.stderr and "number" in done.stderr:
        pytest.skip("zelus was built without Sucrase: run scripts/setup with npm's registry configured")
    assert done.stderr.strip() == "42" and done.returncode == 0
    write(tmp_path, bad_ts="export default function (): void {\n  const x: = 1;\n}\n", dec_ts="@sealed class A {}\nexport default () => {};\n")
    bad = run(tmp_path, "bad.ts")
    assert bad.returncode == 107 and "bad.ts: Line 2:11 Unexpected \"=\"" in bad.stderr, bad.stderr
    decorated = run(tmp_path, "dec.ts")
    assert decorated.returncode == 107 and "decorators are not supported" in decorated.stderr


@pytest.mark.parametrize("text,told", [
    ("import x from 'nowhere'; export default () => {};", "The moduleSpecifier \"nowhere\" couldn't be recognised"),
    ("import x from 'https://127.0.0.1:1/x.js'; export default () => {};", "couldn't be retrieved from the resolved url"),
    ("import x from './d.json'; export default () => {};", "JSON cannot be imported"),
    ("import x from 'broken'; export default () => {};", "does not export \"broken\" for import"),
])
def test_what_cannot_be_imported(tmp_path, text, told):
    write(tmp_path, script_js=text, d_json="{}", node_modules__broken__package_json='{"exports": {"./other": "./x.js"}}')
    done = run(tmp_path)
    assert done.returncode == 107 and told in done.stderr, done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm to install lodash")
def test_lodash_from_npm(tmp_path):
    installed = subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "lodash@4.17.21"], cwd=tmp_path, capture_output=True,
                               timeout=120)
    if installed.returncode != 0:
        pytest.skip("npm cannot reach its registry")
    write(tmp_path, script_js="import _, { chunk } from 'lodash'; import fp from 'lodash/fp';"
                              "export default function () { console.log(_.sum([1, 2, 3]), chunk([1, 2, 3], 2).length, fp.VERSION || typeof fp.map); }")
    done = run(tmp_path)
    assert done.returncode == 0 and done.stderr.startswith("6 2 "), done.stderr


def test_what_differs_from_k6(tmp_path):
    write(tmp_path, script_js="function own(a) { return a; }\nexport default async function () {\n"
                              "  console.log(String(own).includes('[native code]'), own.toString().startsWith('function own('));\n"
                              "  try { await import('./other.js'); console.log('imported'); } catch (e) { console.log('refused'); }\n}\n",
          other_js="export const one = 1;\n")
    done = run(tmp_path)
    assert done.returncode == 0 and done.stderr.splitlines() == ["true true", "refused"], done.stderr


def test_source_maps_come_along_in_archives(tmp_path):
    write(tmp_path, script_js="export default function () { throw new Error('no'); }\n//# sourceMappingURL=script.js.map\n")
    (tmp_path / "script.js.map").write_text('{"version":3,"sources":["src/script.ts"],"mappings":"AAoBI"}')
    subprocess.run([BIN / "zelus", "archive", "-O", "a.tar", "script.js"], check=True, timeout=60, cwd=tmp_path, capture_output=True)
    (tmp_path / "script.js").unlink()
    (tmp_path / "script.js.map").unlink()
    done = run(tmp_path, "a.tar")
    assert f"file://{tmp_path}/src/script.ts:21:4" in done.stderr, done.stderr


def test_a_broken_map_inside_the_script_is_an_error(tmp_path):
    write(tmp_path, script_js="export default function () {}\n//# sourceMappingURL=data:application/json;base64,@\n")
    done = run(tmp_path)
    assert done.returncode == 107
    assert f"file://{tmp_path}/script.js: Line 3:1 Could not load source map: illegal base64 data at input byte 0" in done.stderr


@pytest.mark.parametrize("line, code, told", [
    ("use k6 >= 1.0", 0, "ran"), ("use k6 >= 99", 107, "runs scripts of k6 1.8.1 and 2.2.0"), ("use k6 with k6/x/sql", 107, "no extensions"), ("use k6 newest", 255, "improper constraint: newest"),
])
@pytest.mark.parametrize("file", ["script.js", "lib.js"])
def test_use_directives(tmp_path, monkeypatch, file, line, code, told):
    (tmp_path / "script.js").write_text("import './lib.js';\nexport default function () { console.log('ran'); }\n")
    (tmp_path / "lib.js").write_text("console.log('lib');\nexport const a = 1;\n")
    (tmp_path / file).write_text(f'"{line}";\n' + (tmp_path / file).read_text())
    done = run(tmp_path)
    assert done.returncode == code and told in done.stderr, done.stderr
    assert code == 0 or "lib\n" not in done.stderr, "nothing ran"
    monkeypatch.setenv("K6_AUTO_EXTENSION_RESOLUTION", "false")
    assert run(tmp_path).returncode == (255 if code == 255 else 0)


def test_use_directives_of_what_is_required(tmp_path):
    # k6 looks at what is imported, before anything runs.
    (tmp_path / "script.js").write_text("const { a } = require('./lib.js');\nexport default function () { console.log('ran', a); }\n")
    (tmp_path / "lib.js").write_text('"use k6 with k6/x/nosuch";\nexports.a = require("./deeper.js").b;\n')
    (tmp_path / "deeper.js").write_text('"use k6 >= 99";\nexports.b = 2;\n')
    done = run(tmp_path)
    assert done.returncode == 0 and "ran 2" in done.stderr, done.stderr
