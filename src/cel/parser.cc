#include "cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

namespace bia::cel {
namespace {

using Part = std::unique_ptr<Expr>;

struct Binary {
  std::string_view mark;
  int binding;
  const char* function;
};
constexpr std::array<Binary, 14> kBinaries = {{
    {"||", 1, "_||_"},
    {"&&", 2, "_&&_"},
    {"<", 3, "_<_"},
    {"<=", 3, "_<=_"},
    {">", 3, "_>_"},
    {">=", 3, "_>=_"},
    {"==", 3, "_==_"},
    {"!=", 3, "_!=_"},
    {"in", 3, "@in"},
    {"+", 4, "_+_"},
    {"-", 4, "_-_"},
    {"*", 5, "_*_"},
    {"/", 5, "_/_"},
    {"%", 5, "_%_"},
}};

constexpr std::array<std::string_view, 17> kReserved = {
    "as",  "break", "const",   "continue",  "else",   "for", "function", "if",   "import",
    "let", "loop",  "package", "namespace", "return", "var", "void",     "while"};

bool is_keyword(std::string_view word) {
  return word == "in" || word == "true" || word == "false" || word == "null";
}

/// "a.b.c" where the part is nothing but names; else empty.
std::string qualified(const Expr& part) {
  if (part.kind == Expr::Kind::kIdent) return part.text;
  if (part.kind != Expr::Kind::kSelect) return {};
  std::string outer = qualified(*part.parts[0]);
  return outer.empty() ? outer : outer + "." + part.text;
}

}  // namespace

Error error_at(std::string_view expression, size_t at, std::string_view what) {
  const std::string_view before = expression.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t begin = before.rfind('\n') + 1;  // 0 where there is none
  return Error(Code::kInvalidArgument, "CEL",
               line == 1 ? fmt::format("column {}: {}", at + 1, what)
                         : fmt::format("line {}, column {}: {}", line, at - begin + 1, what));
}

Result<Part> parse(std::string_view text) {
  if (text.size() > kExpressionBytesMax)
    return Error(Code::kInvalidArgument, "CEL",
                 fmt::format("the expression has {} bytes, above the limit of {}", text.size(),
                             kExpressionBytesMax));
  return Parser(text).parse();
}

Result<Part> Parser::parse() {
  advance();
  Part whole = expression();
  if (!failed_ && token_.kind != Token::Kind::kEnd)
    fail(fmt::format("\"{}\" is not expected here", token_.text));
  if (failed_) return error_at(text_, failed_at_, failure_);
  return whole;
}

Part Parser::fail_at(size_t at, std::string_view what) {
  if (!failed_) {
    failed_ = true;
    failed_at_ = at;
    failure_ = what;
    token_ = Token();
  }
  return nullptr;
}

void Parser::advance() {
  if (failed_) return;
  if (!tokens_.next(token_)) fail_at(tokens_.error_at(), tokens_.error());
}

bool Parser::take(std::string_view mark) {
  if (!is_mark(mark)) return false;
  advance();
  return !failed_;
}

bool Parser::expect(std::string_view mark) {
  if (take(mark)) return true;
  fail(token_.kind == Token::Kind::kEnd
           ? fmt::format("the expression ends where \"{}\" is due", mark)
           : fmt::format("\"{}\" stands where \"{}\" is due", token_.text, mark));
  return false;
}

Part Parser::make(Expr::Kind kind, size_t at, std::string text, std::vector<Part> parts) {
  auto made = std::make_unique<Expr>();
  made->kind = kind;
  made->at = at;
  made->text = std::move(text);
  for (const Part& part : parts) {
    if (!part) return nullptr;
    made->depth = std::max(made->depth, part->depth + 1);
  }
  if (made->depth > kDepthMax)
    return fail_at(at, fmt::format("parts lie more than {} deep in one another", kDepthMax));
  made->parts = std::move(parts);
  return made;
}

Part Parser::expression() {
  if (++depth_ > kDepthMax) {
    return fail(fmt::format("parts lie more than {} deep in one another", kDepthMax));
  }
  Part condition = binary(1);
  const size_t at = token_.at;
  if (condition && take("?")) {
    std::vector<Part> parts;
    parts.push_back(std::move(condition));
    parts.push_back(binary(1));
    if (parts.back() && expect(":")) parts.push_back(expression());
    condition = failed_ ? nullptr : make(Expr::Kind::kCall, at, "_?_:_", std::move(parts));
  }
  --depth_;
  return condition;
}

Part Parser::binary(int binding_min) {
  Part left = unary();
  while (left) {
    const auto* found = std::find_if(kBinaries.begin(), kBinaries.end(), [&](const Binary& one) {
      return one.mark == token_.text &&
             (token_.kind == Token::Kind::kMark || token_.kind == Token::Kind::kIdent);
    });
    if (found == kBinaries.end() || found->binding < binding_min) return left;
    const size_t at = token_.at;
    advance();
    Part right = binary(found->binding + 1);
    if (!right) return nullptr;
    // a && b && c is one call of three: it needs no depth.
    if (found->binding <= 2 && left->kind == Expr::Kind::kCall && left->text == found->function &&
        left->parts.size() > 1) {
      left->depth = std::max(left->depth, right->depth + 1);
      left->parts.push_back(std::move(right));
      continue;
    }
    std::vector<Part> parts;
    parts.push_back(std::move(left));
    parts.push_back(std::move(right));
    left = make(Expr::Kind::kCall, at, found->function, std::move(parts));
  }
  return left;
}

Part Parser::unary() {
  const size_t at = token_.at;
  const bool negation = is_mark("-");
  if (!negation && !is_mark("!")) return member();
  advance();
  if (negation && (token_.kind == Token::Kind::kInt || token_.kind == Token::Kind::kDouble)) {
    // The least integer has no positive one to be made from.
    token_.real = -token_.real;
    if (token_.kind == Token::Kind::kInt && token_.number > uint64_t{1} << 63)
      return fail("an integer beyond 64 bits");
    token_.number = 0 - token_.number;
    token_.value = "-";
    return member();
  }
  if (++depth_ > kDepthMax)
    return fail(fmt::format("parts lie more than {} deep in one another", kDepthMax));
  std::vector<Part> parts;
  parts.push_back(unary());
  --depth_;
  return make(Expr::Kind::kCall, at, negation ? "-_" : "!_", std::move(parts));
}

Part Parser::member() {
  Part part = primary();
  while (part && !failed_) {
    if (is_mark(".")) {
      part = select(std::move(part));
    } else if (is_mark("[")) {
      part = index(std::move(part));
    } else if (is_mark("{") && !qualified(*part).empty()) {
      part = message(std::move(part));
    } else {
      return part;
    }
  }
  return failed_ ? nullptr : std::move(part);
}

Part Parser::select(Part of) {
  advance();
  const size_t at = token_.at;
  const bool quoted = token_.kind == Token::Kind::kQuoted;
  if (!quoted && (token_.kind != Token::Kind::kIdent || is_keyword(token_.text)))
    return fail("a name is due after \".\"");
  std::string name(quoted ? std::string_view(token_.value) : token_.text);
  advance();
  if (!quoted && is_mark("(")) return call(std::move(of), std::move(name), at);
  std::vector<Part> parts;
  parts.push_back(std::move(of));
  return make(Expr::Kind::kSelect, at, std::move(name), std::move(parts));
}

Part Parser::index(Part of) {
  const size_t at = token_.at;
  advance();
  std::vector<Part> parts;
  parts.push_back(std::move(of));
  parts.push_back(expression());
  if (!parts.back() || !expect("]")) return nullptr;
  return make(Expr::Kind::kCall, at, "_[_]", std::move(parts));
}

bool Parser::arguments(std::vector<Part>& into) {
  advance();
  if (take(")")) return true;
  do {
    into.push_back(expression());
    if (!into.back()) return false;
  } while (take(","));
  return expect(")");
}

Part Parser::call(Part on, std::string function, size_t at) {
  std::vector<Part> parts;
  if (!arguments(parts)) return nullptr;
  const bool one_of_macros = on ? function == "all" || function == "exists" ||
                                      function == "exists_one" || function == "existsOne" ||
                                      function == "map" || function == "filter"
                                : function == "has";
  const size_t count = parts.size();
  if (one_of_macros && (on ? count == 2 || (count == 3 && function == "map") : count == 1))
    return macro(std::move(on), function, std::move(parts), at);
  if (!on) return make(Expr::Kind::kCall, at, std::move(function), std::move(parts));
  parts.insert(parts.begin(), std::move(on));
  return make(Expr::Kind::kMember, at, std::move(function), std::move(parts));
}

Part Parser::macro(Part on, const std::string& function, std::vector<Part> arguments, size_t at) {
  if (!on) {
    Part field = std::move(arguments[0]);
    if (field->kind != Expr::Kind::kSelect)
      return fail_at(field->at, "has() takes a field: has(message.field)");
    field->kind = Expr::Kind::kHas;
    return field;
  }
  if (arguments[0]->kind != Expr::Kind::kIdent || arguments[0]->text.starts_with('.'))
    return fail_at(arguments[0]->at,
                   fmt::format("{}() takes the name of a variable first", function));
  std::string variable = std::move(arguments[0]->text);
  arguments[0] = std::move(on);
  Part made = make(Expr::Kind::kLoop, at, function == "existsOne" ? "exists_one" : function,
                   std::move(arguments));
  if (made) made->names.push_back(std::move(variable));
  return made;
}

Part Parser::primary() {
  switch (token_.kind) {
    case Token::Kind::kEnd:
      return fail("the expression ends where a value is due");
    case Token::Kind::kMark:
      if (take("(")) {
        Part inner = expression();
        if (!inner || !expect(")")) return nullptr;
        // (a && b) && c keeps its brackets: nothing is lost by it, but `names` are values now.
        return inner;
      }
      if (is_mark("[")) return list();
      if (is_mark("{")) return map();
      if (is_mark(".")) return name();
      return fail(fmt::format("\"{}\" stands where a value is due", token_.text));
    case Token::Kind::kIdent:
      if (is_keyword(token_.text) && token_.text != "in") return literal();
      return name();
    case Token::Kind::kQuoted:
      return fail("a name in \"`\" can be a field's alone");
    default:
      return literal();
  }
}

Part Parser::literal() {
  Part made = make(Expr::Kind::kConst, token_.at);
  const bool negative = token_.value == "-";
  switch (token_.kind) {
    case Token::Kind::kInt:
      if (!negative && token_.number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()))
        return fail("an integer beyond 64 bits");
      made->value = Value::of_int(static_cast<int64_t>(token_.number));
      break;
    case Token::Kind::kUint:
      made->value = Value::of_uint(token_.number);
      break;
    case Token::Kind::kDouble:
      made->value = Value::of_double(token_.real);
      break;
    case Token::Kind::kString:
      made->text = std::move(token_.value);
      made->value = Value::of_string(made->text);
      break;
    case Token::Kind::kBytes:
      made->text = std::move(token_.value);
      made->value = Value::of_bytes(made->text);
      break;
    default:
      if (token_.text != "null") made->value = Value::of_bool(token_.text == "true");
  }
  advance();
  return made;
}

Part Parser::name() {
  const size_t at = token_.at;
  std::string text = take(".") ? "." : "";
  if (token_.kind != Token::Kind::kIdent || is_keyword(token_.text))
    return fail(fmt::format("\"{}\" stands where a name is due", token_.text));
  if (std::find(kReserved.begin(), kReserved.end(), token_.text) != kReserved.end())
    return fail(fmt::format("\"{}\" is a reserved word", token_.text));
  text += token_.text;
  advance();
  if (is_mark("(")) return call(nullptr, std::move(text), at);
  return make(Expr::Kind::kIdent, at, std::move(text));
}

Part Parser::list() {
  const size_t at = token_.at;
  advance();
  std::vector<Part> parts;
  while (!is_mark("]")) {
    parts.push_back(expression());
    if (!parts.back()) return nullptr;
    if (!take(",")) break;
  }
  if (!expect("]")) return nullptr;
  return make(Expr::Kind::kList, at, {}, std::move(parts));
}

Part Parser::map() {
  const size_t at = token_.at;
  advance();
  std::vector<Part> parts;
  while (!is_mark("}")) {
    parts.push_back(expression());
    if (!parts.back() || !expect(":")) return nullptr;
    parts.push_back(expression());
    if (!parts.back()) return nullptr;
    if (!take(",")) break;
  }
  if (!expect("}")) return nullptr;
  return make(Expr::Kind::kMap, at, {}, std::move(parts));
}

Part Parser::message(Part type) {
  const size_t at = type->at;
  std::string text = qualified(*type);
  advance();
  std::vector<Part> parts;
  std::vector<std::string> names;
  while (!is_mark("}")) {
    const bool quoted = token_.kind == Token::Kind::kQuoted;
    if (!quoted && token_.kind != Token::Kind::kIdent) return fail("a field's name is due");
    names.emplace_back(quoted ? std::string_view(token_.value) : token_.text);
    advance();
    if (!expect(":")) return nullptr;
    parts.push_back(expression());
    if (!parts.back()) return nullptr;
    if (!take(",")) break;
  }
  if (!expect("}")) return nullptr;
  Part made = make(Expr::Kind::kMessage, at, std::move(text), std::move(parts));
  if (made) made->names = std::move(names);
  return made;
}

}  // namespace bia::cel
