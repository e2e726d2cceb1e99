#!/usr/bin/env python3
"""Makes one script of Sucrase's modules: bundle_typescript.py DIST OUT. Its value is a function (code) -> JavaScript.

Only what strips TypeScript is taken; source maps, option checks and the command line are left out. What is added is in
typescript_bundle.js: removed tokens become blanks, so that what stays keeps its line and column (stack traces then need no source map),
and namespaces become functions."""
import pathlib
import sys

dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
LEFT_OUT = {"cli", "register", "Options", "Options-gen-types", "computeSourceMap", "util/formatTokens"}
#: Sucrase takes a namespace for a type, all of it. Here its block is code, with a scope of its own, and tells where its statements begin.
NAMESPACE = """{0}const oldIsType = _index.pushTypeContext.call(void 0, isBeforeToken ? 2 : 1);
{0}tsParseModuleOrNamespaceDeclaration();
{0}_index.popTypeContext.call(void 0, oldIsType);
"""
CHANGES = {"parser/plugins/typescript": [
    (NAMESPACE.format(" " * 10), "          tsParseModuleOrNamespaceDeclaration();\n"),
    (NAMESPACE.format(" " * 8), "        tsParseModuleOrNamespaceDeclaration();\n"),
    ("""  _util.expect.call(void 0, _types.TokenType.braceL);
  _statement.parseBlockBody.call(void 0, /* end */ _types.TokenType.braceR);
""", """  const { tokens, scopes } = _base.state;
  const open = tokens.length;
  const statements = [];
  _base.state.scopeDepth++;
  _util.expect.call(void 0, _types.TokenType.braceL);
  while (!_index.eat.call(void 0, _types.TokenType.braceR) && !_base.state.error) {
    statements.push(tokens.length);
    _statement.parseStatement.call(void 0, true);
  }
  if (!_base.state.error) Object.assign(tokens[open], { statements, closeIndex: tokens.length - 1 });
  scopes.push(new (require('../tokenizer/state').Scope)(open, tokens.length, true));
  _base.state.scopeDepth--;
"""),
]}
HEAD = """(function () {
'use strict';
const files = {
"""
TAIL = """};
const loaded = {};
function load(name) {
  if (loaded[name]) return loaded[name].exports;
  const module = loaded[name] = { exports: {} };
  if (!files[name]) { module.exports.default = module.exports.validateOptions = function () {}; return module.exports; }
  files[name](module, module.exports, function (wanted) {
    const path = name.split('/').slice(0, -1);
    for (const part of wanted.split('/')) {
      if (part === '..') path.pop(); else if (part !== '.') path.push(part);
    }
    let found = path.join('/');
    if (!files[found] && files[found + '/index']) found += '/index';
    return load(found);
  });
  return module.exports;
}
"""

parts = [HEAD]
for path in sorted(dist.rglob("*.js")):
    name = path.relative_to(dist).with_suffix("").as_posix()
    if name in LEFT_OUT or name.split("/")[0] in ("esm", "types"):
        continue
    text = path.read_text()
    for old, new in CHANGES.get(name, []):
        if text.count(old) != 1:
            sys.exit(f"{path}: is not the pinned Sucrase: the place to change is there {text.count(old)} times:\n{old}")
        text = text.replace(old, new)
    parts.append(f'"{name}": function (module, exports, require) {{\n{text}\n}},\n')
parts.append(TAIL + (pathlib.Path(__file__).parent / "typescript_bundle.js").read_text() + "})()\n")
out.write_text("".join(parts))
