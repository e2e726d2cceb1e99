#include "codec/yaml_fault.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <string_view>
#include <vector>

namespace bia::codec {
namespace {

/// Deeper, nothing is traced: a level takes up to 432 bytes of a stack that may be a handler's.
constexpr size_t kTraceDepthMax = 64;

/// What yaml-cpp had read when it threw.
class Trace final : public YAML::EventHandler {
 public:
  explicit Trace(const std::string& text) {
    std::istringstream in(text);
    try {
      YAML::Parser(in).HandleNextDocument(*this);
    } catch (const YAML::Exception&) {  // the one that is explained, or that of `enter`
    }
  }
  /// Where the last value began.
  const YAML::Mark& last() const { return last_; }
  bool last_is_quoted() const { return quoted_; }
  /// Where the innermost "[" or "{" stands that is not closed; null: there is none.
  const YAML::Mark* open_flow() const {
    const auto open = std::find_if(open_.rbegin(), open_.rend(), [](const Open& one) {
      return one.style == YAML::EmitterStyle::Flow;
    });
    return open == open_.rend() ? nullptr : &open->mark;
  }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override { set_last(mark, false); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    set_last(mark, false);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    set_last(mark, tag == "!");
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value style) override {
    enter(mark, style);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value style) override {
    enter(mark, style);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct Open {
    YAML::Mark mark;
    YAML::EmitterStyle::value style;
  };
  void set_last(const YAML::Mark& mark, bool quoted) {
    last_ = mark;
    quoted_ = quoted;
  }
  void enter(const YAML::Mark& mark, YAML::EmitterStyle::value style) {
    if (open_.size() == kTraceDepthMax) throw YAML::ParserException(mark, "");
    open_.push_back({mark, style});
  }

  YAML::Mark last_;
  bool quoted_ = false;
  std::vector<Open> open_;
};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(" \t"), line.size());
}

/// Without its indentation, a comment and the blanks before that.
std::string_view content_of(std::string_view line) {
  line.remove_prefix(indent_of(line));
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '#' || (i > 0 && !is_blank(line[i - 1]))) continue;
    line = line.substr(0, i);
    break;
  }
  while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
  return line;
}

/// Where a ':' ends a key; npos: nowhere.
size_t key_end(std::string_view content) {
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == ':' && (i + 1 == content.size() || is_blank(content[i + 1]))) return i;
  }
  return std::string_view::npos;
}

/// A line of a text that may be large: others are looked for where they are needed.
struct Line {
  std::string_view whole;
  size_t begin = 0;
  int number = 0;  ///< from 0

  static Line find(std::string_view text, int number) {
    Line line{text};
    while (line.number < number) {
      const size_t end = text.find('\n', line.begin);
      if (end == std::string_view::npos) break;
      line.begin = end + 1;
      ++line.number;
    }
    return line;
  }
  std::string_view text() const {
    std::string_view line = whole.substr(begin);
    line = line.substr(0, line.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  size_t indent() const { return indent_of(text()); }
  std::string_view content() const { return content_of(text()); }
  /// The last one before it that holds something.
  std::optional<Line> above() const {
    for (Line line = *this; line.begin > 0;) {
      const size_t end = line.begin - 1;
      line.begin = end == 0 ? 0 : whole.rfind('\n', end - 1) + 1;  // npos + 1 is 0
      --line.number;
      if (!line.content().empty()) return line;
    }
    return std::nullopt;
  }
};

/// Where yaml-cpp could not go on.
struct Place {
  Line line;
  size_t column;

  Place(std::string_view text, const YAML::Mark& mark)
      : line(Line::find(text, mark.line)),
        column(std::min(size_t(std::max(mark.column, 0)), line.text().size())) {}
  bool starts_line() const { return column == line.indent(); }
};

YamlFault at(int line, std::string what) { return {line + 1, std::move(what)}; }
YamlFault at(const Line& line, std::string what) { return at(line.number, std::move(what)); }

/// A line that should be a key's and is none.
YamlFault no_key(const Line& line) {
  const bool tight = line.content().find(':') != std::string_view::npos;
  return at(line, tight ? "no space after the \":\" of a key" : "no \":\" after the key");
}

/// A ':' that cannot end a key.
YamlFault wrong_colon(const Place& place) {
  const std::string_view here = place.line.text();
  const size_t indent = indent_of(here);
  const size_t first = key_end(here.substr(indent));
  if (first != std::string_view::npos && indent + first < place.column)
    return at(place.line, "a second \": \" in one value; put the value in quotes");
  const auto above = place.line.above();
  const size_t end = above ? key_end(above->content()) : 0;
  if (!above || end + 1 == above->content().size())
    return at(place.line, "a \":\" that ends no key");
  if (end != std::string_view::npos)
    return at(place.line, fmt::format("indented deeper than line {}, whose key has a value already",
                                      above->number + 1));
  // Lines without a key run on as one text to the ':' that was met.
  Line begin = *above;
  while (const auto before = begin.above()) {
    const std::string_view text = before->content();
    if (key_end(text) != std::string_view::npos || text.starts_with("- ")) break;
    begin = *before;
  }
  return no_key(begin);
}

/// What cannot follow in a map or a list.
YamlFault wrong_place(const Place& place, const Trace& trace) {
  const std::string_view here = place.line.text();
  const std::string_view rest = here.substr(place.column);
  const std::string_view before = content_of(here.substr(0, place.column));
  if (trace.last_is_quoted() && (before.ends_with('"') || before.ends_with('\''))) {
    if (trace.last().line < place.line.number)
      return at(trace.last().line,
                fmt::format("a quote that begins here ends at the next one, in line {}; close it",
                            place.line.number + 1));
    return at(place.line,
              "more text behind a closing quote; put all of the value in quotes, and "
              "write a quote within as \\\" in double or '' in single ones");
  }
  if (!place.starts_line()) return at(place.line, "this does not fit what stands before it");
  if (rest.size() > 1 && rest[0] == '-' && !is_blank(rest[1]))
    return at(place.line, "no space after the \"-\" of a list's item");
  const bool item = rest.starts_with("- ");
  if (!item && key_end(place.line.content()) == std::string_view::npos) return no_key(place.line);
  const auto above = place.line.above();
  const bool same = above && above->indent() == place.column;
  const bool item_above = above && above->content().starts_with("- ");
  if (item && same && !item_above)
    return at(place.line, "an item of a list where a key is due; lists stand below a key");
  if (same && item_above)
    return at(place.line, "a key where an item of a list is due; indent it as the list's own key");
  return at(place.line,
            "its indentation is that of no line above; one key's values all begin in "
            "one column");
}

/// Where the quote stands that nobody closes: the first that opens a value behind `from`, the last
/// value that was read, and has no end.
std::optional<int> open_quote(std::string_view text, const YAML::Mark& from) {
  int line = std::max(from.line, 0);
  char before = '\n';  // the last that is no blank
  bool apart = true;
  for (size_t i = size_t(std::max(from.pos, 0)); i < text.size(); ++i) {
    const char c = text[i];
    if (c == '#' && apart) {
      i = std::min(text.find('\n', i), text.size()) - 1;
      continue;
    }
    const bool opens = std::string_view("\n:,[{-").find(before) != std::string_view::npos &&
                       (apart || before == '[' || before == '{');
    if ((c == '"' || c == '\'') && (opens || i == size_t(from.pos))) {
      const int begun = line;
      for (++i; i < text.size() && text[i] != c; ++i) {
        if (c == '"' && text[i] == '\\') ++i;
        if (i < text.size() && text[i] == '\n') ++line;
      }
      if (i >= text.size()) return begun;
    }
    if (c == '\n') ++line;
    apart = is_blank(c) || c == '\n';
    if (!is_blank(c)) before = c;
  }
  return std::nullopt;
}

struct Saying {
  std::string_view yaml_cpp;
  std::string_view what;
};
constexpr Saying kSayings[] = {
    {"unknown token", "a value cannot begin with this character; put it in quotes"},
    {"illegal block entry", "a list's \"- \" behind a key; it begins on a line of its own"},
    {"illegal flow end", "a closing bracket that no bracket opens"},
    {"the referenced anchor is not defined",
     "no &NAME above for this *NAME; a value that begins with * is put in quotes"},
    {"anchor not found after &", "no name after &; a value that begins with & is put in quotes"},
    {"alias not found after *", "no name after *; a value that begins with * is put in quotes"},
    {"unknown escape character",
     "a \\ in double quotes begins no escape of YAML; write \\\\, or single quotes"},
    {"illegal map key", "a \"?\" where no key can begin; put the value in quotes"},
};

/// yaml-cpp says after a colon what it could not read; that may be a piece of a secret.
std::string_view without_quoted(std::string_view message) {
  return message.substr(0, message.find(": "));
}

}  // namespace

YamlFault explain_yaml(const std::string& text, const YAML::Exception& thrown) {
  const Place place(text, thrown.mark);
  const int here = place.line.number;
  // What is thrown over a document that could be parsed says itself what is wrong.
  if (dynamic_cast<const YAML::ParserException*>(&thrown) == nullptr)
    return at(place.line, thrown.msg);
  const std::string_view message = without_quoted(thrown.msg);
  if (message == YAML::ErrorMsg::EOF_IN_SCALAR) {
    return at(open_quote(text, Trace(text).last()).value_or(here),
              "a quote that begins here is not closed");
  }
  const std::string_view text_here = place.line.text();
  if (text_here.substr(0, indent_of(text_here)).find('\t') != std::string_view::npos)
    return at(place.line, "a tab in the indentation; YAML takes spaces alone");
  if (message == YAML::ErrorMsg::MAP_VALUE) return wrong_colon(place);
  if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ)
    return wrong_place(place, Trace(text));
  if (message == YAML::ErrorMsg::END_OF_MAP_FLOW || message == YAML::ErrorMsg::END_OF_SEQ_FLOW) {
    const Trace trace(text);
    const bool map = message == YAML::ErrorMsg::END_OF_MAP_FLOW;
    return at(trace.open_flow() ? trace.open_flow()->line : here,
              fmt::format("a \"{}\" that is not closed, or no comma between what it "
                          "holds",
                          map ? '{' : '['));
  }
  for (const Saying& saying : kSayings) {
    if (message == saying.yaml_cpp) return at(place.line, std::string(saying.what));
  }
  return at(place.line, std::string(message));
}

}  // namespace bia::codec
