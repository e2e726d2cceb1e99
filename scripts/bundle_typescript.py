#!/usr/bin/env python3
"""Makes one script of Sucrase's modules: bundle_typescript.py DIST OUT. Its value is a function (code, path) -> JavaScript.

Only what strips TypeScript is taken; source maps, option checks and the command line are left out. Removed tokens become blanks, so that
what stays keeps its line and column: stack traces then need no source map."""
import pathlib
import sys

dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
LEFT_OUT = {"cli", "register", "Options", "Options-gen-types", "computeSourceMap", "util/formatTokens"}
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
const Tokens = load('TokenProcessor').default.prototype;
const blank = (text) => text.replace(/[^\\r\\n]/g, ' ');
Tokens.blankToken = function (keepBefore) {
  const token = this.currentToken();
  const before = this.previousWhitespaceAndComments();
  this.resultCode += keepBefore ? before : blank(before);
  this.resultMappings[this.tokenIndex] = this.resultCode.length;
  this.resultCode += blank(this.code.slice(token.start, token.end));
  this.tokenIndex++;
};
Tokens.removeToken = function () { this.blankToken(false); };
Tokens.removeInitialToken = function () { this.blankToken(true); };
const { transform } = load('index');
const { parse } = load('parser/index');
const Types = load('parser/tokenizer/types').TokenType;
const Keywords = load('parser/tokenizer/keywords').ContextualKeyword;

/// What Sucrase would drop or leave as it is, without a word.
function refuse(code) {
  const tokens = parse(code, false, true, false).tokens;
  const fail = (token, text) => {
    const lines = code.slice(0, token.start).split('\\n');
    const error = new SyntaxError(text + ' (' + lines.length + ':' + (lines[lines.length - 1].length + 1) + ')');
    throw error;
  };
  const values = [Types._const, Types._let, Types._var, Types._function, Types._class, Types._enum];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i].type === Types.at) fail(tokens[i], 'decorators are not built yet in zelus');
    const word = tokens[i].contextualKeyword;
    if (word !== Keywords._namespace && word !== Keywords._module) continue;
    if (i > 0 && code.slice(tokens[i - 1].start, tokens[i - 1].end) === 'declare') continue;
    let at = i, depth = 0;
    while (at < tokens.length && tokens[at].type !== Types.braceL) at++;
    for (let j = at; j < tokens.length; j++) {
      if (tokens[j].type === Types.braceL) depth++;
      if (tokens[j].type === Types.braceR && --depth === 0) break;
      if (values.includes(tokens[j].type)) fail(tokens[i], 'namespaces with values are not built yet in zelus; use a module');
    }
  }
}
return function (code) {
  if (/\\b(namespace|module)\\s+[\\w$.]+\\s*\\{|(^|\\s)@[A-Za-z_$(]/.test(code)) refuse(code);
  return transform(code, { transforms: ['typescript'], disableESTransforms: true }).code;
};
})()
"""

parts = [HEAD]
for path in sorted(dist.rglob("*.js")):
    name = path.relative_to(dist).with_suffix("").as_posix()
    if name in LEFT_OUT or name.split("/")[0] in ("esm", "types"):
        continue
    parts.append(f'"{name}": function (module, exports, require) {{\n{path.read_text()}\n}},\n')
parts.append(TAIL)
out.write_text("".join(parts))
