#include "zelus/modules/json_parse_error.h"

#include <cctype>

#include "zelus/options/go_json_error.h"

namespace zelus::modules {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view skip_space(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

/// True where a text ends within a string, a number or a word.
bool ends_within_token(std::string_view text) {
  bool quoted = false;
  size_t word = text.size();  // where the run of letters and digits at the end begins
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
      continue;
    }
    quoted = c == '"';
    const bool in_word =
        std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.';
    word = !in_word ? text.size() : word == text.size() ? i : word;
  }
  if (quoted) return true;
  std::string_view last = text.substr(word);
  if (last.empty() || last == "true" || last == "false" || last == "null") return false;
  return std::isdigit(static_cast<unsigned char>(last.back())) == 0;
}

/// How Go's %v shows the token after a whole value; `<nil>` where it is none.
std::string token_text(std::string_view rest) {
  rest = skip_space(rest);
  if (rest.empty()) return "<nil>";
  if (std::string_view("[]{}").find(rest.front()) != std::string_view::npos)
    return std::string(1, rest.front());
  size_t end = 0;
  if (rest.front() == '"') {
    end = rest.find('"', 1);
    return end == std::string_view::npos ? "<nil>" : std::string(rest.substr(1, end - 1));
  }
  while (end < rest.size() && !is_space(rest[end]) &&
         std::string_view(",:[]{}\"").find(rest[end]) == std::string_view::npos)
    ++end;
  std::string_view token = rest.substr(0, end);
  if (token.empty() || options::go_json_error(token)) return "<nil>";
  return token == "null" ? "<nil>" : std::string(token);
}

}  // namespace

std::string json_parse_error(std::string_view text) {
  auto error = options::go_json_error(text);
  if (!error) return {};
  const size_t place = error->bytes_read == 0 ? 0 : error->bytes_read - 1;
  // Go tries a blank after a number or a word that may go on.
  const bool tried = error->text.starts_with("invalid character ' ' in ") &&
                     error->bytes_read >= text.size() && !text.ends_with(' ');
  if (error->text == "unexpected end of JSON input" || tried)
    return ends_within_token(text) ? "unexpected EOF" : "Unexpected end of JSON input (EOF)";
  if (error->text.ends_with(" after top-level value"))
    return "Unexpected token at the end: " + token_text(text.substr(place));
  constexpr std::string_view kKey = " looking for beginning of object key string";
  if (!error->text.ends_with(kKey)) return error->text;
  // The decoder has no words for what follows an opening brace.
  std::string_view before = text.substr(0, place);
  while (!before.empty() && is_space(before.back())) before.remove_suffix(1);
  if (before.ends_with('{')) error->text.resize(error->text.size() - kKey.size());
  return error->text;
}

}  // namespace zelus::modules
