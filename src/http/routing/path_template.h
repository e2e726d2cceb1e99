#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace bia::http {

/// A path template of google.api.http, taken apart.
struct PathTemplate {
  static constexpr size_t kSegmentsMax = 32;

  enum class Kind : uint8_t { kLiteral, kOne, kRest };  ///< text, '*', '**'
  struct Segment {
    Kind kind = Kind::kLiteral;
    std::string text;
  };
  /// A variable captures segments [first, end).
  struct Variable {
    std::string name;
    size_t first = 0;
    size_t end = 0;
  };

  std::vector<Segment> segments;
  std::vector<Variable> variables;
  std::string verb;  ///< "cancel" of "/v1/{id}:cancel"
};

/// google/api/http.proto: Template = "/" Segments [ Verb ]; '*' one segment, '**' any number of
/// them, once, and as with grpc-gateway not only at the end. Errors: kInvalidArgument
/// BAD_PATH_TEMPLATE, with the column.
Result<PathTemplate> parse_path_template(std::string_view text);

}  // namespace bia::http
