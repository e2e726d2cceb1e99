#include "zelus/templates/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "codec/go_quote.h"
#include "zelus/templates/lexer.h"
#include "zelus/templates/number.h"
#include "zelus/templates/runes.h"
#include "zelus/templates/unquote.h"

namespace zelus::templates {
namespace {

using bia::codec::go_quote;

constexpr std::string_view kParenthesized = "parenthesized pipeline";

std::string token_text(const Token& token) {
  if (token.kind == TokenKind::kError || token.kind == TokenKind::kEnd) return token.text;
  if (token.kind == TokenKind::kKeyword || token.kind == TokenKind::kNil ||
      (token.kind == TokenKind::kDot))
    return fmt::format("<{}>", token.text);
  const std::u32string runes = runes_of(token.text);
  if (runes.size() > 10 && token.text.size() > 10)
    return go_quote(text_of(std::u32string_view(runes).substr(0, 10))) + "...";
  return go_quote(token.text);
}

bool is_empty_tree(const Node& node) {
  if (node.kind == NodeKind::kText) return bia::trim_space(node.text).empty();
  if (node.kind != NodeKind::kList) return false;
  return std::all_of(node.children.begin(), node.children.end(),
                     [](const NodePtr& child) { return is_empty_tree(*child); });
}

class Parser {
 public:
  Parser(Tree& tree, Functions functions)
      : tree_(tree), functions_(functions), tokens_(read_tokens(tree.text)) {}

  Result<void> run() {
    tree_.root = make(NodeKind::kList, 0);
    while (peek().kind != TokenKind::kEnd) {
      if (peek().kind == TokenKind::kLeft) {
        const size_t left = at_++;
        if (next_word().kind == TokenKind::kKeyword && last().text == "define") {
          BIA_TRY(define());
          continue;
        }
        at_ = left;
      }
      NodePtr node = BIA_TRY(text_or_action());
      if (node->kind == NodeKind::kEnd || node->kind == NodeKind::kElse)
        return wrong(fmt::format("unexpected {}", node->text));
      tree_.root->children.push_back(std::move(node));
    }
    return {};
  }

 private:
  static NodePtr make(NodeKind kind, size_t at, std::string text = {}) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->at = at;
    node->text = std::move(text);
    return node;
  }

  // The last token says the end or the error, however often it is asked for.
  const Token& peek() const { return tokens_[std::min(at_, tokens_.size() - 1)]; }
  const Token& last() const { return tokens_[std::min(at_ - 1, tokens_.size() - 1)]; }
  const Token& next() {
    ++at_;
    return last();
  }
  const Token& next_word() {
    while (peek().kind == TokenKind::kSpace) ++at_;
    return next();
  }
  const Token& peek_word() {
    while (peek().kind == TokenKind::kSpace) ++at_;
    return peek();
  }

  Error wrong(std::string_view what) const {
    const size_t line = at_ > 0 ? last().line : 1;
    return Error(bia::Code::kInvalidArgument, "BAD_TEMPLATE",
                 fmt::format("template: {}:{}: {}", tree_.name, line, what));
  }
  Error unexpected(const Token& token, std::string_view context) const {
    if (token.kind != TokenKind::kError)
      return wrong(fmt::format("unexpected {} in {}", token_text(token), context));
    std::string extra;
    if (action_line_ != 0 && action_line_ != token.line) {
      extra = fmt::format(" in action started at {}:{}", tree_.name, action_line_);
      if (token.text.ends_with(" action")) extra.erase(0, std::string_view(" in action").size());
    }
    return wrong(token.text + extra);
  }
  Result<void> expect_right(std::string_view context) {
    if (next_word().kind != TokenKind::kRight) return unexpected(last(), context);
    return {};
  }
  Result<std::string> literal(const Token& token, std::string_view context) {
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString)
      return unexpected(token, context);
    auto text = go_unquote(token.text);
    if (!text) return wrong("invalid syntax");
    return std::move(*text);
  }

  Result<void> add(const std::string& name, NodePtr root) {
    NodePtr& known = tree_.templates[name];
    if (known != nullptr && !is_empty_tree(*known)) {
      if (is_empty_tree(*root)) return {};
      return wrong(fmt::format("template: multiple definition of template {}", go_quote(name)));
    }
    known = std::move(root);
    return {};
  }

  /// {{define "name"}} … {{end}}, whose variables are its own.
  Result<void> define() {
    constexpr std::string_view kContext = "define clause";
    std::string name = BIA_TRY(literal(next_word(), kContext));
    BIA_TRY(expect_right(kContext));
    return definition(name, kContext);
  }
  Result<void> definition(const std::string& name, std::string_view context) {
    std::vector<std::string> outer = std::exchange(variables_, {"$"});
    const int range_depth = std::exchange(range_depth_, 0);
    NodePtr end;
    NodePtr root = BIA_TRY(item_list(end));
    if (end->kind != NodeKind::kEnd)
      return wrong(fmt::format("unexpected {} in {}", end->text, context));
    variables_ = std::move(outer);
    range_depth_ = range_depth;
    return add(name, std::move(root));
  }

  /// Up to {{end}} or {{else}}, which goes to `end`.
  Result<NodePtr> item_list(NodePtr& end) {
    NodePtr list = make(NodeKind::kList, peek_word().at);
    if (++nesting_ > kNestingMax)
      return wrong(fmt::format("more than {} levels deep", kNestingMax));
    while (peek_word().kind != TokenKind::kEnd) {
      NodePtr node = BIA_TRY(text_or_action());
      if (node->kind == NodeKind::kEnd || node->kind == NodeKind::kElse) {
        end = std::move(node);
        --nesting_;
        return list;
      }
      list->children.push_back(std::move(node));
    }
    ++at_;
    return wrong("unexpected EOF");
  }

  Result<NodePtr> text_or_action() {
    const Token& token = next_word();
    if (token.kind == TokenKind::kText) return make(NodeKind::kText, token.at, token.text);
    if (token.kind != TokenKind::kLeft) return unexpected(token, "input");
    action_line_ = token.line;
    auto node = action();
    action_line_ = 0;
    return node;
  }

  Result<NodePtr> action() {
    const Token& token = next_word();
    if (token.kind == TokenKind::kKeyword) {
      if (token.text == "block") return block();
      if (token.text == "break" || token.text == "continue") return leave(token);
      if (token.text == "else") return else_control();
      if (token.text == "end") {
        BIA_TRY(expect_right("end"));
        return make(NodeKind::kEnd, token.at, "{{end}}");
      }
      if (token.text == "if") return control(NodeKind::kIf, "if");
      if (token.text == "range") return control(NodeKind::kRange, "range");
      if (token.text == "with") return control(NodeKind::kWith, "with");
      if (token.text == "template") return template_control();
    }
    --at_;
    NodePtr node = make(NodeKind::kAction, peek().at);
    node->pipe = BIA_TRY(pipeline("command", TokenKind::kRight));
    return node;
  }

  Result<NodePtr> leave(const Token& token) {
    const bool is_break = token.text == "break";
    const std::string shown = fmt::format("{{{{{}}}}}", token.text);
    BIA_TRY(expect_right(shown));
    if (range_depth_ == 0) return wrong(shown + " outside {{range}}");
    return make(is_break ? NodeKind::kBreak : NodeKind::kContinue, token.at, shown);
  }

  Result<NodePtr> else_control() {
    const Token& after = peek_word();
    // {{else if}} is {{else}}{{if}} with one {{end}}: the control reads on.
    if (after.kind == TokenKind::kKeyword && (after.text == "if" || after.text == "with"))
      return make(NodeKind::kElse, after.at, "{{else}}");
    BIA_TRY(expect_right("else"));
    return make(NodeKind::kElse, last().at, "{{else}}");
  }

  Result<NodePtr> control(NodeKind kind, std::string_view context) {
    const size_t variables = variables_.size();
    NodePtr node = make(kind, peek_word().at);
    node->pipe = BIA_TRY(pipeline(context, TokenKind::kRight));
    if (kind == NodeKind::kRange) ++range_depth_;
    NodePtr end;
    node->list = BIA_TRY(item_list(end));
    if (kind == NodeKind::kRange) --range_depth_;
    if (end->kind == NodeKind::kElse) {
      if (kind != NodeKind::kRange && peek().kind == TokenKind::kKeyword &&
          peek().text == context) {
        ++at_;
        node->else_list = make(NodeKind::kList, end->at);
        if (++nesting_ > kNestingMax)
          return wrong(fmt::format("more than {} levels deep", kNestingMax));
        node->else_list->children.push_back(BIA_TRY(control(kind, context)));
        --nesting_;
      } else {
        node->else_list = BIA_TRY(item_list(end));
        if (end->kind != NodeKind::kEnd)
          return wrong(fmt::format("expected end; found {}", end->text));
      }
    }
    variables_.resize(variables);
    return node;
  }

  Result<NodePtr> block() {
    constexpr std::string_view kContext = "block clause";
    NodePtr node = make(NodeKind::kTemplate, peek_word().at);
    node->value = BIA_TRY(literal(next_word(), kContext));
    node->text = go_quote(node->value);
    node->pipe = BIA_TRY(pipeline(kContext, TokenKind::kRight));
    BIA_TRY(definition(node->value, kContext));
    return node;
  }

  Result<NodePtr> template_control() {
    constexpr std::string_view kContext = "template clause";
    NodePtr node = make(NodeKind::kTemplate, peek_word().at);
    node->value = BIA_TRY(literal(next_word(), kContext));
    node->text = go_quote(node->value);
    if (next_word().kind == TokenKind::kRight) return node;
    --at_;
    node->pipe = BIA_TRY(pipeline(kContext, TokenKind::kRight));
    return node;
  }

  Result<NodePtr> pipeline(std::string_view context, TokenKind end) {
    NodePtr pipe = make(NodeKind::kPipe, peek_word().at);
    BIA_TRY(declarations(*pipe, context));
    for (;;) {
      const Token& token = next_word();
      if (token.kind == end) {
        BIA_TRY(check(*pipe, context));
        return pipe;
      }
      switch (token.kind) {
        case TokenKind::kBool:
        case TokenKind::kCharConstant:
        case TokenKind::kComplex:
        case TokenKind::kDot:
        case TokenKind::kField:
        case TokenKind::kIdentifier:
        case TokenKind::kNumber:
        case TokenKind::kNil:
        case TokenKind::kRawString:
        case TokenKind::kString:
        case TokenKind::kVariable:
        case TokenKind::kLeftParen:
          --at_;
          pipe->children.push_back(BIA_TRY(command()));
          break;
        default:
          return unexpected(token, context);
      }
    }
  }

  /// "$x :=", "$x =", and "$i, $x :=" of a range.
  Result<void> declarations(Node& pipe, std::string_view context) {
    for (;;) {
      if (peek_word().kind != TokenKind::kVariable) return {};
      const size_t variable_at = at_++;
      const std::string name = tokens_[variable_at].text;
      const Token& after = peek_word();
      if (after.kind == TokenKind::kAssign || after.kind == TokenKind::kDeclare) {
        pipe.assigns = after.kind == TokenKind::kAssign;
        ++at_;
        pipe.declared.push_back(name);
        variables_.push_back(name);
        return {};
      }
      if (after.kind != TokenKind::kChar || after.text != ",") {
        at_ = variable_at;
        return {};
      }
      ++at_;
      pipe.declared.push_back(name);
      variables_.push_back(name);
      if (context != "range" || pipe.declared.size() >= 2)
        return wrong(fmt::format("too many declarations in {}", context));
      const TokenKind second = peek_word().kind;
      if (second != TokenKind::kVariable && second != TokenKind::kRight &&
          second != TokenKind::kRightParen)
        return wrong("range can only initialize variables");
    }
  }

  Result<void> check(const Node& pipe, std::string_view context) const {
    if (pipe.children.empty()) return wrong(fmt::format("missing value for {}", context));
    for (size_t i = 1; i < pipe.children.size(); ++i) {
      switch (pipe.children[i]->children[0]->kind) {
        case NodeKind::kBool:
        case NodeKind::kDot:
        case NodeKind::kNil:
        case NodeKind::kNumber:
        case NodeKind::kString:
          return wrong(fmt::format("non executable command in pipeline stage {}", i + 1));
        default:
          break;
      }
    }
    return {};
  }

  Result<NodePtr> command() {
    NodePtr command = make(NodeKind::kCommand, peek_word().at);
    for (;;) {
      peek_word();
      NodePtr operand = BIA_TRY(this->operand());
      if (operand) command->children.push_back(std::move(operand));
      const Token& token = next();
      if (token.kind == TokenKind::kSpace) continue;
      if (token.kind == TokenKind::kRight || token.kind == TokenKind::kRightParen) {
        --at_;
      } else if (token.kind != TokenKind::kPipe) {
        return unexpected(token, "operand");
      }
      break;
    }
    if (command->children.empty()) return wrong("empty command");
    return command;
  }

  /// A term with the fields behind it; null where none follows.
  Result<NodePtr> operand() {
    NodePtr node = BIA_TRY(term());
    if (!node || peek().kind != TokenKind::kField) return node;
    const size_t at = peek().at;
    std::vector<std::string> fields;
    while (peek().kind == TokenKind::kField) fields.push_back(next().text.substr(1));
    switch (node->kind) {
      case NodeKind::kField:
      case NodeKind::kVariable:
        node->names.insert(node->names.end(), fields.begin(), fields.end());
        node->at = at;
        return node;
      case NodeKind::kBool:
      case NodeKind::kString:
      case NodeKind::kNumber:
      case NodeKind::kNil:
      case NodeKind::kDot:
        return wrong(fmt::format("unexpected . after term {}", go_quote(node_text(*node))));
      default: {
        NodePtr chain = make(NodeKind::kChain, at);
        chain->names = std::move(fields);
        chain->children.push_back(std::move(node));
        return chain;
      }
    }
  }

  Result<NodePtr> term() {
    const Token& token = next_word();
    NodePtr node = make(NodeKind::kDot, token.at, token.text);
    switch (token.kind) {
      case TokenKind::kIdentifier:
        node->kind = NodeKind::kIdentifier;
        node->function = find_function(token.text, functions_);
        if (node->function == nullptr)
          return wrong(fmt::format("function {} not defined", go_quote(token.text)));
        return node;
      case TokenKind::kDot:
        return node;
      case TokenKind::kNil:
        node->kind = NodeKind::kNil;
        return node;
      case TokenKind::kVariable:
        if (std::find(variables_.begin(), variables_.end(), token.text) == variables_.end())
          return wrong(fmt::format("undefined variable {}", go_quote(token.text)));
        node->kind = NodeKind::kVariable;
        node->names = {token.text};
        return node;
      case TokenKind::kField:
        node->kind = NodeKind::kField;
        node->names = {token.text.substr(1)};
        return node;
      case TokenKind::kBool:
        node->kind = NodeKind::kBool;
        node->truth = token.text == "true";
        return node;
      case TokenKind::kCharConstant:
      case TokenKind::kComplex:
      case TokenKind::kNumber: {
        node->kind = NodeKind::kNumber;
        std::string problem = read_constant(token.text, node->number);
        if (!problem.empty()) return wrong(problem);
        return node;
      }
      case TokenKind::kLeftParen:
        return parenthesized();
      case TokenKind::kString:
      case TokenKind::kRawString:
        node->kind = NodeKind::kString;
        node->value = BIA_TRY(literal(token, "operand"));
        return node;
      default:
        --at_;
        return NodePtr();
    }
  }

  Result<NodePtr> parenthesized() {
    if (++nesting_ > kNestingMax) return wrong("max expression depth exceeded");
    NodePtr pipe = BIA_TRY(pipeline(kParenthesized, TokenKind::kRightParen));
    --nesting_;
    return pipe;
  }

  Tree& tree_;
  Functions functions_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t action_line_ = 0;
  size_t nesting_ = 0;
  int range_depth_ = 0;
  std::vector<std::string> variables_ = {"$"};
};

}  // namespace

Result<std::shared_ptr<const Tree>> parse_tree(std::string name, std::string_view text,
                                               Functions functions) {
  auto tree = std::make_shared<Tree>();
  tree->name = std::move(name);
  tree->text = text;
  BIA_TRY(Parser(*tree, functions).run());
  return std::shared_ptr<const Tree>(std::move(tree));
}

}  // namespace zelus::templates
