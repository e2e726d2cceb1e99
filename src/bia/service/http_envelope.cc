#include "bia/service/http_envelope.h"

#include <fmt/format.h>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "http/routing/error_body.h"

namespace bia {
namespace {

struct PlaceName {
  std::string_view name;
  JsonTemplate::Place place;
};
constexpr PlaceName kPlaces[] = {{"reply", JsonTemplate::Place::kReply},
                                 {"code", JsonTemplate::Place::kCode},
                                 {"reason", JsonTemplate::Place::kReason},
                                 {"message", JsonTemplate::Place::kMessage},
                                 {"metadata", JsonTemplate::Place::kMetadata}};

Error bad(std::string_view text, std::string_view what) {
  return Error(Code::kInvalidArgument, "ENVELOPE", fmt::format("the envelope {}: {}", text, what));
}

/// Whether the text ends within a string that it began.
bool ends_in_quotes(std::string_view text) {
  bool quotes = false;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quotes = !quotes;
    if (text[i] == '\\' && quotes) ++i;
  }
  return quotes;
}

}  // namespace

Result<JsonTemplate> JsonTemplate::parse(std::string_view text) {
  JsonTemplate made;
  if (text.empty()) return made;
  std::string filled;
  for (std::string_view rest = text; !rest.empty();) {
    Piece piece;
    const size_t dollar = std::min(rest.find('$'), rest.size());
    piece.text = rest.substr(0, dollar);
    rest.remove_prefix(dollar);
    if (!rest.empty()) {
      rest.remove_prefix(1);
      size_t end = 0;
      while (end < rest.size() && rest[end] >= 'a' && rest[end] <= 'z') ++end;
      for (const PlaceName& known : kPlaces) {
        if (rest.substr(0, end) == known.name) piece.place = known.place;
      }
      if (piece.place == Place::kNone)
        return bad(text, fmt::format("there is no ${}; there are $reply, $code, $reason, $message "
                                     "and $metadata",
                                     rest.substr(0, end)));
      if (ends_in_quotes(piece.text))
        return bad(text,
                   fmt::format("${0} is in quotes; a place brings its own, write {{\"a\":${0}}}",
                               rest.substr(0, end)));
      rest.remove_prefix(end);
    }
    filled += piece.text;
    if (piece.place != Place::kNone) filled += "{}";
    made.pieces_.push_back(std::move(piece));
  }
  codec::JsonReader in(filled);
  in.skip();
  if (Result<void> read = in.finish(); !read.ok())
    return bad(text, "filled, it is not JSON: " + read.error().message());
  return made;
}

Result<JsonTemplate> JsonTemplate::parse_reply(std::string_view text) {
  JsonTemplate made = BIA_TRY(parse(text));
  size_t replies = 0;
  bool others = false;
  for (const Piece& piece : made.pieces_) {
    if (piece.place == Place::kReply) ++replies;
    others = others || (piece.place != Place::kReply && piece.place != Place::kNone);
  }
  if (made.empty() || (replies == 1 && !others)) return made;
  return bad(text, "the envelope of replies has $reply once, and no other place");
}

void JsonTemplate::append_error(const Error& error, int status, std::string& out) const {
  codec::JsonWriter json(out);
  for (const Piece& piece : pieces_) {
    out += piece.text;
    switch (piece.place) {
      case Place::kNone:
        break;
      case Place::kReply:
        json.null();
        break;
      case Place::kCode:
        json.int32(status);
        break;
      case Place::kReason:
        json.string(error.reason());
        break;
      case Place::kMessage:
        json.string(error.message());
        break;
      case Place::kMetadata:
        json.begin_object();
        for (const auto& [key, value] : error.metadata()) {
          json.key_text(key);
          json.string(value);
        }
        json.end_object();
        break;
    }
  }
}

int HttpEnvelopeParsed::append_error(const Error& of, std::string& body) const {
  error.append_error(of, of.http_status(), body);
  const int own = http::answer_status(of);
  return error_status == 0 || (own >= 300 && own <= 399) ? own : error_status;
}

}  // namespace bia
