#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "zelus/html/selector_list.h"

namespace zelus::html {

using bia::Code;
using bia::Error;
using Kind = SimpleSelector::Kind;

namespace {

// A selector is written by the author of a script; these keep a mistake from costing a stack.
constexpr int kNestingMax = 16;
constexpr size_t kPartsMax = 64;

struct Pseudo {
  std::string_view name;
  Kind kind;
  int step = 0, offset = 0;
  bool from_end = false, of_type = false;
};
constexpr Pseudo kPlain[] = {
    {"first-child", Kind::kNth, 0, 1, false, false},
    {"last-child", Kind::kNth, 0, 1, true, false},
    {"first-of-type", Kind::kNth, 0, 1, false, true},
    {"last-of-type", Kind::kNth, 0, 1, true, true},
    {"only-child", Kind::kOnly, 0, 0, false, false},
    {"only-of-type", Kind::kOnly, 0, 0, false, true},
    {"input", Kind::kInput},
    {"empty", Kind::kEmpty},
    {"root", Kind::kRoot},
    {"link", Kind::kLink},
    {"enabled", Kind::kEnabled},
    {"disabled", Kind::kDisabled},
    {"checked", Kind::kChecked},
    {"visited", Kind::kNever},
    {"hover", Kind::kNever},
    {"active", Kind::kNever},
    {"focus", Kind::kNever},
    {"target", Kind::kNever},
};
constexpr Pseudo kNth[] = {
    {"nth-child", Kind::kNth, 0, 0, false, false},
    {"nth-last-child", Kind::kNth, 0, 0, true, false},
    {"nth-of-type", Kind::kNth, 0, 0, false, true},
    {"nth-last-of-type", Kind::kNth, 0, 0, true, true},
};
constexpr Pseudo kWithSelector[] = {
    {"not", Kind::kNot}, {"has", Kind::kHas}, {"haschild", Kind::kHasChild}};
constexpr Pseudo kWithText[] = {{"contains", Kind::kContains}, {"containsown", Kind::kContainsOwn}};

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) > 0x7f || c == '\\';
}
bool in_name(char c) { return starts_name(c) || is_digit(c) || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

void put_utf8(uint32_t point, std::string& out) {
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xc0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xe0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (point >> 18 & 7));
    out += static_cast<char>(0x80 | (point >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (point & 0x3f));
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::unique_ptr<Selector::List>> all() {
    auto list = BIA_TRY(group(0));
    if (!done()) return bad("something follows the selector");
    return list;
  }

 private:
  Error bad(std::string_view why) const {
    return Error(Code::kInvalidArgument, "BAD_SELECTOR",
                 fmt::format("selector \"{}\", at {}: {}", text_, at_, why));
  }
  Error unbuilt(std::string_view what) const {
    return Error(Code::kUnimplemented, "SELECTOR_NOT_BUILT",
                 fmt::format("{} in selector \"{}\" is not built into zelus", what, text_));
  }
  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (peek() != c || done()) return false;
    ++at_;
    return true;
  }
  bool skip_space() {
    size_t before = at_;
    while (!done() && is_space(peek())) ++at_;
    return at_ != before;
  }

  Result<std::unique_ptr<Selector::List>> group(int depth) {
    if (depth > kNestingMax) return bad("nested too deep");
    auto list = std::make_unique<Selector::List>();
    do {
      list->any.push_back(BIA_TRY(complex(depth)));
    } while (take(','));
    return list;
  }

  Result<ComplexSelector> complex(int depth) {
    ComplexSelector out;
    skip_space();
    for (;;) {
      out.parts.push_back(BIA_TRY(compound(depth)));
      if (out.parts.size() > kPartsMax) return bad("too many parts");
      char combinator = skip_space() ? ' ' : '\0';
      char next = peek();
      if (done() || next == ',' || next == ')') return out;
      if (next == '>' || next == '+' || next == '~') {
        combinator = next;
        ++at_;
        skip_space();
      }
      if (combinator == '\0') return bad("unexpected character");
      out.combinators.push_back(combinator);
    }
  }

  Result<CompoundSelector> compound(int depth) {
    CompoundSelector out;
    if (take('*')) {
      out.emplace_back();
    } else if (starts_name(peek()) || peek() == '-') {
      SimpleSelector tag;
      tag.kind = Kind::kTag;
      tag.name = lower(BIA_TRY(identifier()));
      out.push_back(std::move(tag));
    }
    for (;;) {
      if (take('#')) {
        SimpleSelector id;
        id.kind = Kind::kId;
        id.value = BIA_TRY(name());
        out.push_back(std::move(id));
      } else if (take('.')) {
        SimpleSelector klass;
        klass.kind = Kind::kClass;
        klass.value = BIA_TRY(identifier());
        out.push_back(std::move(klass));
      } else if (take('[')) {
        out.push_back(BIA_TRY(attribute()));
      } else if (take(':')) {
        out.push_back(BIA_TRY(pseudo(depth)));
      } else if (out.empty()) {
        return bad("a selector was expected");
      } else {
        return out;
      }
    }
  }

  Result<std::string> name() {
    std::string out;
    while (!done() && in_name(peek())) {
      char c = text_[at_++];
      if (c != '\\') {
        out += c;
        continue;
      }
      BIA_TRY(escaped(out));
    }
    if (out.empty()) return bad("a name was expected");
    return out;
  }

  Result<void> escaped(std::string& out) {
    if (done()) return bad("nothing follows the backslash");
    uint32_t point = 0;
    auto [end, failed] = std::from_chars(text_.data() + at_,
                                         text_.data() + std::min(at_ + 6, text_.size()), point, 16);
    if (failed == std::errc() && point <= 0x10ffff) {
      at_ = static_cast<size_t>(end - text_.data());
      if (!done() && is_space(peek())) ++at_;
      put_utf8(point, out);
      return {};
    }
    out += text_[at_++];
    return {};
  }

  Result<std::string> identifier() {
    bool dash = peek() == '-';
    size_t first = at_ + (dash ? 1 : 0);
    if (first >= text_.size() || !starts_name(text_[first]))
      return bad("an identifier was expected");
    return name();
  }

  Result<std::string> string() {
    char quote = text_[at_++];
    std::string out;
    for (;;) {
      if (done()) return bad("the text has no end");
      char c = text_[at_++];
      if (c == quote) return out;
      if (c != '\\') {
        out += c;
      } else if (!take('\n')) {
        BIA_TRY(escaped(out));
      }
    }
  }

  Result<std::string> text_value() {
    if (peek() == '"' || peek() == '\'') return string();
    return identifier();
  }

  Result<SimpleSelector> attribute() {
    SimpleSelector out;
    out.kind = Kind::kAttribute;
    skip_space();
    out.name = lower(BIA_TRY(identifier()));
    skip_space();
    if (take(']')) return out;
    char c = peek();
    if (c == '#') return unbuilt("[a#=regular expression]");
    if (c != '=') {
      if (std::string_view("!~|^$*").find(c) == std::string_view::npos || done())
        return bad("an operator was expected");
      ++at_;
    }
    if (!take('=')) return bad("= was expected");
    out.operation = c;
    skip_space();
    out.value = BIA_TRY(text_value());
    skip_space();
    if (take('i') || take('I')) {
      out.ignore_case = true;
      out.value = lower(out.value);
      skip_space();
    }
    if (!take(']')) return bad("] was expected");
    return out;
  }

  Result<SimpleSelector> pseudo(int depth) {
    if (peek() == ':') return bad("pseudo-elements are in no page");
    std::string name = lower(BIA_TRY(identifier()));
    SimpleSelector out;
    auto known = [&](const auto& list) {
      for (const Pseudo& pseudo : list) {
        if (pseudo.name != name) continue;
        out.kind = pseudo.kind;
        out.step = pseudo.step;
        out.offset = pseudo.offset;
        out.from_end = pseudo.from_end;
        out.of_type = pseudo.of_type;
        return true;
      }
      return false;
    };
    if (known(kPlain)) return out;
    if (name == "matches" || name == "matchesown") return unbuilt(":" + name);
    if (!take('(')) return bad("unknown pseudo-class");
    skip_space();
    if (known(kWithSelector)) {
      out.inner = BIA_TRY(group(depth + 1));
    } else if (known(kWithText)) {
      out.value = lower(BIA_TRY(text_value()));
    } else if (known(kNth)) {
      BIA_TRY(nth(out));
    } else if (name == "lang") {
      out.kind = Kind::kLang;
      out.value = lower(BIA_TRY(identifier()));
    } else {
      return bad("unknown pseudo-class");
    }
    skip_space();
    if (!take(')')) return bad(") was expected");
    return out;
  }

  bool number(int& out) {
    size_t end = at_;
    while (end < text_.size() && is_digit(text_[end])) ++end;
    auto [stop, failed] = std::from_chars(text_.data() + at_, text_.data() + end, out);
    if (failed != std::errc()) return false;
    at_ = end;
    return true;
  }

  /// odd, even, b, an, an+b.
  Result<void> nth(SimpleSelector& out) {
    std::string_view rest = text_.substr(at_);
    for (auto [word, offset] : {std::pair<std::string_view, int>{"odd", 1}, {"even", 0}}) {
      if (lower(rest.substr(0, word.size())) != word) continue;
      at_ += word.size();
      out.step = 2;
      out.offset = offset;
      return {};
    }
    int sign = take('-') ? -1 : 1;
    if (sign == 1) take('+');
    int value = 1;
    bool given = number(value);
    if (!take('n') && !take('N')) {
      if (!given) return bad("a number was expected");
      out.offset = sign * value;
      return {};
    }
    out.step = sign * value;
    skip_space();
    bool minus = take('-');
    if (!minus && !take('+')) return {};
    skip_space();
    if (!number(value)) return bad("a number was expected");
    out.offset = minus ? -value : value;
    return {};
  }

  std::string_view text_;
  size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<Selector::List>> parse_selector(std::string_view text) {
  return Parser(text).all();
}

}  // namespace zelus::html
