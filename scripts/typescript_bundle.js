// What is put behind Sucrase's modules (bundle_typescript.py): its value is a function (code) -> JavaScript.
'use strict';
const { transform } = load('index');
const { parse } = load('parser/index');
const { TokenType: Types } = load('parser/tokenizer/types');
const { ContextualKeyword: Keywords } = load('parser/tokenizer/keywords');
const { IdentifierRole: Roles, isDeclaration, isFunctionScopedDeclaration, isObjectShorthandDeclaration } =
  load('parser/tokenizer/index');

// Removed tokens become blanks, so that what stays keeps its line and column.
const Tokens = load('TokenProcessor').default.prototype;
const blank = (text) => text.replace(/[^\r\n]/g, ' ');
const newlines = (text) => text.replace(/[^\r\n]/g, '');
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

// Members of an enum whose value is a constant text have no mapping back, as in TypeScript; Sucrase knows those of one literal only.
const Enums = load('transformers/TypeScriptTransformer').default.prototype;
const enumText = Enums.processStringLiteralEnumMember;
const enumValue = Enums.processExplicitValueEnumMember;
const enumBody = Enums.processEnumBody;
Enums.processEnumBody = function (name) {
  this.textMembers = new Set();
  enumBody.call(this, name);
};
Enums.processStringLiteralEnumMember = function (name, key, variable) {
  this.textMembers.add(key.slice(1, -1));
  enumText.call(this, name, key, variable);
};
Enums.isConstantText = function (name, from, to) {
  const tokens = this.tokens.tokens.slice(from, to).filter((token) => !token.isType);
  const plain = [Types.template, Types.dollarBraceL, Types.braceR, Types.plus, Types.num, Types.parenL, Types.parenR];
  let texts = 0;
  for (let i = 0; i < tokens.length; i++) {
    const { type } = tokens[i];
    if (type === Types.string || type === Types.backQuote) texts++;
    else if (type === Types.name) {
      let key = this.tokens.identifierNameForToken(tokens[i]);
      if (key === name && tokens[i + 1]?.type === Types.dot) key = this.tokens.identifierNameForToken(tokens[i += 2]);
      else if (key === name && tokens[i + 1]?.type === Types.bracketL && tokens[i + 2]?.type === Types.string) {
        key = this.tokens.stringValueForToken(tokens[i + 2]);
        i += 3;
      }
      if (!this.textMembers.has(key)) return false;
      texts++;
    } else if (!plain.includes(type)) return false;
  }
  return texts > 0;
};
Enums.processExplicitValueEnumMember = function (name, key, variable) {
  const end = this.tokens.currentToken().rhsEndIndex;
  if (!this.isConstantText(name, this.tokens.currentIndex() + 1, end)) return enumValue.call(this, name, key, variable);
  this.textMembers.add(key.slice(1, -1));
  this.tokens.appendCode(variable ? `const ${variable}` : `${name}[${key}]`);
  this.tokens.copyToken();
  while (this.tokens.currentIndex() < end) this.rootTransformer.processToken();
  this.tokens.appendCode(variable ? `; ${name}[${key}] = ${variable};` : ';');
};

/// Namespaces with values become functions that fill an object, as esbuild writes them; those of types alone become blanks. The parser
/// (with the changes of bundle_typescript.py) leaves in a block's brace where its statements begin.
class Namespaces {
  constructor(code) {
    this.code = code;
    const file = parse(code, false, true, false);
    this.tokens = file.tokens;
    this.edits = [];
    this.groups = new Map();  // by path: what blocks of one name export together
    this.readScopes(file.scopes);
    this.readBlocks();
  }

  text(token) { return this.code.slice(token.start, token.end); }

  fail(token, text) {
    const lines = this.code.slice(0, token.start).split('\n');
    throw new SyntaxError(`${text} (${lines.length}:${lines[lines.length - 1].length + 1})`);
  }

  edit(from, to, text) { this.edits.push({ from, to, text }); }

  readScopes(scopes) {
    const ordered = [...scopes].sort((a, b) => a.startTokenIndex - b.startTokenIndex || b.endTokenIndex - a.endTokenIndex);
    const stack = [];
    let next = 0;
    this.scopeOf = this.tokens.map((token, i) => {
      while (stack.length && stack[stack.length - 1].endTokenIndex <= i) stack.pop();
      while (next < ordered.length && ordered[next].startTokenIndex <= i) {
        const scope = ordered[next++];
        if (scope.endTokenIndex <= i) continue;
        scope.parent = stack[stack.length - 1];
        scope.names = new Set();
        stack.push(scope);
      }
      return stack[stack.length - 1];
    });
    this.tokens.forEach((token, i) => {
      if (token.isType || this.isNamespaceName(i)) return;
      if (!isDeclaration(token) && token.identifierRole !== Roles.ImportDeclaration) return;
      let scope = this.scopeOf[i];
      while (isFunctionScopedDeclaration(token) && !scope.isFunctionScope) scope = scope.parent;
      scope.names.add(this.text(token));
    });
  }

  isNamespaceName(i) {
    while (this.tokens[i - 1]?.type === Types.dot) i -= 2;
    const head = this.tokens[i - 1];
    return head?.type === Types.name && (head.contextualKeyword === Keywords._namespace || head.contextualKeyword === Keywords._module);
  }

  readBlocks() {
    const open = [];
    this.blocks = [];
    this.tokens.forEach((token, at) => {
      while (open.length && open[open.length - 1].close < at) open.pop();
      if (!token.statements || token.isType) return;
      const names = [this.text(this.tokens[at - 1])];
      let head = at - 2;
      for (; this.tokens[head].type === Types.dot; head -= 2) names.unshift(this.text(this.tokens[head - 1]));
      if (!this.isNamespaceName(at - 1)) this.fail(token, 'Unexpected token');
      const exported = this.tokens[head - 1]?.type === Types._export;
      const block = { names, open: at, close: token.closeIndex, first: exported ? head - 1 : head, exported, parent: open[open.length - 1], children: new Map() };
      block.statements = token.statements.map((from, i) => ({ from, to: token.statements[i + 1] ?? block.close }));
      block.scope = this.scopeOf[at];
      block.parent?.children.set(block.first, block);
      this.blocks.push(block);
      open.push(block);
    });
  }

  /// Types, and nothing that is there when the script runs.
  isTypes(block, { from, to }) {
    const child = block.children.get(from);
    if (child) return !this.isInstantiated(child);
    const tokens = this.tokens.slice(from, to).filter(({ type }) => type !== Types.semi);
    const rest = tokens[0]?.type === Types._export ? tokens.slice(1) : tokens;
    return rest.every((token) => token.isType);
  }

  isInstantiated(block) {
    return block.statements.some((statement) => this.tokens[statement.from].type !== Types._import && !this.isTypes(block, statement));
  }

  /// Of an exported statement: the names, and whether their values may change.
  exportsOf(block, { from, to }) {
    const child = block.children.get(from);
    if (child) return { names: [child.names[0]], kind: 'namespace' };
    let at = from + 1;
    const is = (...types) => types.includes(this.tokens[at]?.type);
    if (is(Types._const) && this.tokens[at + 1].type === Types._enum) at++;
    if (is(Types._const, Types._let, Types._var)) {
      const depth = this.tokens[from].scopeDepth;
      const names = this.tokens.slice(at, to).filter((token) => !token.isType && token.scopeDepth === depth && isDeclaration(token));
      return { names: names.map((token) => this.text(token)), kind: is(Types._const) ? 'constant' : 'variable' };
    }
    if (this.tokens[at].contextualKeyword === Keywords._async) at++;
    while (is(Types._abstract)) at++;
    if (!is(Types._function, Types._class, Types._enum, Types._import)) this.fail(this.tokens[at], 'Unexpected token');
    at++;
    if (is(Types.star)) at++;
    return { names: [this.text(this.tokens[at])], kind: 'constant' };
  }

  /// What blocks of the same names export, together.
  group(path) {
    if (!this.groups.has(path)) this.groups.set(path, new Set());
    return this.groups.get(path);
  }

  readExports(block) {
    const inside = block.parent ? (block.exported ? block.parent.paths.at(-1) : `${block.parent.open}`) : '';
    block.paths = block.names.map((_, i) => `${inside}.${block.names.slice(0, i + 1).join('.')}`);
    block.names.slice(1).forEach((name, i) => this.group(block.paths[i]).add(name));
    block.exports = [];
    for (const statement of block.statements) {
      const child = block.children.get(statement.from);
      const exported = child ? child.exported : this.tokens[statement.from].type === Types._export;
      if (!exported) continue;
      if (this.isTypes(block, statement)) continue;
      const found = this.exportsOf(block, statement);
      block.exports.push({ ...statement, ...found });
      found.names.forEach((name) => this.group(block.paths.at(-1)).add(name));
    }
  }

  /// A name that the file does not have.
  fresh(name) {
    let out = `${name}_`;
    while (this.code.includes(out)) out += '_';
    return out;
  }

  /// What a block's functions call the object: its name, unless something inside has that name.
  readParameters(block) {
    const declared = new Set();
    for (let i = block.open + 1; i < block.close; i++) {
      const token = this.tokens[i];
      if (!token.isType && isDeclaration(token)) declared.add(this.text(token));
    }
    block.parameters = block.names.map((name) => (declared.has(name) ? this.fresh(name) : name));
  }

  writeHead(block) {
    const outer = block.parent?.scope ?? this.scopeOf[block.first];
    const [name] = block.names;
    const siblings = this.blocks.filter((other) => other.parent === block.parent && other.names[0] === name && this.isInstantiated(other));
    const declares = siblings[0] === block && !outer.names.has(name);
    const object = (i) => `${block.parameters[i - 1]}.${block.names[i]}`;
    let head = '', tail = '';
    block.names.forEach((each, i) => {
      if (i > 0 || declares) head += `${i === 0 && block.exported && !block.parent ? 'export ' : ''}var ${each}; `;
      head += `((${block.parameters[i]}) => { `;
      const made = i > 0 ? object(i) : block.parent && block.exported ? `${block.parent.parameters.at(-1)}.${each}` : '';
      tail = made ? `})(${each} = ${made} || (${made} = {})); ${tail}` : `})(${each} || (${each} = {})); ${tail}`;
    });
    const from = this.tokens[block.first].start, to = this.tokens[block.open].end;
    this.edit(from, to, head.trimEnd() + newlines(this.code.slice(from, to)));
    this.edit(this.tokens[block.close].start, this.tokens[block.close].end, tail.trimEnd());
  }

  writeExports(block) {
    const object = block.parameters.at(-1);
    for (const { from, to, names, kind } of block.exports) {
      if (kind === 'namespace') continue;
      this.edit(this.tokens[from].start, this.tokens[from].end, '      ');
      const last = this.tokens[to - 1];
      const value = this.fresh('value');
      const parts = names.map((name) => (kind === 'constant' ? `${object}.${name} = ${name};`
        : `Object.defineProperty(${object}, "${name}", { get: () => ${name}, set: (${value}) => { ${name} = ${value}; }, enumerable: true, configurable: true });`));
      this.edit(last.end, last.end, `${last.type === Types.semi ? '' : ';'} ${parts.join(' ')}`);
    }
    for (const statement of block.statements) {
      const token = this.tokens[statement.from];
      if (token.type !== Types._export || block.exports.some(({ from }) => from === statement.from)) continue;
      if (!block.children.has(statement.from)) this.edit(token.start, token.end, '      ');
    }
  }

  /// A name that another block of the same namespace exports is a member of its object here.
  writeReferences() {
    this.tokens.forEach((token, i) => {
      const shorthand = token.identifierRole === Roles.ObjectShorthand;
      if (token.isType || token.type !== Types.name || (token.identifierRole !== Roles.Access && !shorthand)) return;
      const name = this.text(token);
      for (let scope = this.scopeOf[i]; scope && !scope.names.has(name); scope = scope.parent) {
        const block = this.blocks.find((each) => each.scope === scope);
        const own = block && [...block.children.values()].some((child) => child.names[0] === name);
        if (own) return;
        const level = block ? block.paths.findLastIndex((path) => this.groups.get(path)?.has(name)) : -1;
        if (level < 0) continue;
        this.edit(token.start, token.end, `${shorthand ? `${name}: ` : ''}${block.parameters[level]}.${name}`);
        return;
      }
    });
  }

  write() {
    this.blocks.forEach((block) => this.readExports(block));
    this.blocks.forEach((block) => this.readParameters(block));
    const gone = this.blocks.filter((block) => !this.isInstantiated(block));
    for (const block of this.blocks) {
      if (gone.includes(block)) {
        const from = this.tokens[block.first].start, to = this.tokens[block.close].end;
        if (!gone.includes(block.parent)) this.edit(from, to, blank(this.code.slice(from, to)));
        continue;
      }
      this.writeHead(block);
      this.writeExports(block);
    }
    this.writeReferences();
    const inside = (position) => gone.some((block) => this.tokens[block.first].start < position && position < this.tokens[block.close].end);
    let out = '', at = 0;
    for (const { from, to, text } of this.edits.filter((edit) => !inside(edit.from)).sort((a, b) => a.from - b.from || a.to - b.to)) {
      out += this.code.slice(at, from) + text;
      at = to;
    }
    return out + this.code.slice(at);
  }
}

function refuseDecorators(code) {
  const file = { code, fail: Namespaces.prototype.fail };
  for (const token of parse(code, false, true, false).tokens) {
    if (token.type === Types.at) file.fail(token, 'decorators are not supported; k6 has none either');
  }
}

/// Sucrase's words of a syntax error as esbuild's; its column is the character's, from 0.
function inEsbuildsWords(error, code) {
  const [, what, wanted, line, column] = /^(Unexpected token(?:, expected "(.*)")?|.*) \((\d+):(\d+)\)$/s.exec(error.message) ?? [];
  if (line === undefined) return error;
  const rest = code.split('\n').slice(line - 1).join('\n').slice(column - 1);
  const token = /^(?:[\p{ID_Start}$_][\p{ID_Continue}$]*|\d[\w.]*|'[^'\n]*'|"[^"\n]*"|=>|\.\.\.|\*\*|[=!]=?=?|[<>]=?|&&|\|\||\?\?|[^])/u.exec(rest)?.[0];
  const found = token === undefined ? 'end of file' : JSON.stringify(token);
  const words = wanted !== undefined ? `Expected ${JSON.stringify(wanted)} but found ${found}` : what === 'Unexpected token' ? `Unexpected ${found}` : what;
  return new SyntaxError(`${words} (${line}:${column - 1})`);
}

function strip(code) {
  if (/(^|[\s;{}])@[\p{L}_$(]/u.test(code)) refuseDecorators(code);
  if (/\b(namespace|module)\s+[\p{L}_$]/u.test(code)) code = new Namespaces(code).write();
  return transform(code, { transforms: ['typescript'], disableESTransforms: true }).code;
}

return function (code) {
  try {
    return strip(code);
  } catch (error) {
    throw inEsbuildsWords(error, code);
  }
};
