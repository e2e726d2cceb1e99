#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace bia {

/// A JSON text with places to fill: `{"code":$code,"data":$reply}`.
class JsonTemplate {
 public:
  enum class Place : uint8_t { kNone, kReply, kCode, kReason, kMessage, kMetadata };
  struct Piece {
    std::string text;
    Place place = Place::kNone;  ///< what follows the text
  };

  JsonTemplate() = default;
  /// Errors: kInvalidArgument for an unknown $place or one in quotes, or a text that is not JSON
  /// once filled.
  static Result<JsonTemplate> parse(std::string_view text);
  /// The same of a reply's: its place is $reply, once.
  static Result<JsonTemplate> parse_reply(std::string_view text);

  bool empty() const { return pieces_.empty(); }
  const std::vector<Piece>& pieces() const { return pieces_; }
  void append_error(const Error& error, int status, std::string& out) const;

 private:
  std::vector<Piece> pieces_;
};

/// An HttpEnvelope, parsed.
struct HttpEnvelopeParsed {
  JsonTemplate reply;
  JsonTemplate error;
  int error_status = 0;

  bool wraps_errors() const { return !error.empty(); }
  /// Appends the JSON of an error to `body`; the status of its answer. A redirect keeps its own.
  int append_error(const Error& of, std::string& body) const;
};

}  // namespace bia
