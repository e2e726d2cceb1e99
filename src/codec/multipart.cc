#include "codec/multipart.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace bia::codec {
namespace {

Error bad(std::string_view what) {
  return Error(Code::kInvalidArgument, "CODEC", fmt::format("multipart body: {}", what));
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

/// The parameter `name` of `form-data; name="a"; filename="b"`. False where it has none.
bool name_of(std::string_view disposition, std::string& name) {
  size_t at = disposition.find(';');
  while (at != std::string_view::npos) {
    const std::string_view parameter = trim(disposition.substr(at + 1));
    const size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) return false;
    const bool wanted = equals_ignoring_case(trim(parameter.substr(0, equals)), "name");
    std::string_view value = parameter.substr(equals + 1);
    std::string text;
    size_t used = 0;
    if (value.starts_with('"')) {
      for (used = 1; used < value.size() && value[used] != '"'; ++used) {
        if (value[used] == '\\' && used + 1 < value.size()) ++used;
        text.push_back(value[used]);
      }
      if (used >= value.size()) return false;
    } else {
      used = std::min(value.find(';'), value.size());
      text = trim(value.substr(0, used));
    }
    if (wanted) {
      name = std::move(text);
      return true;
    }
    at = value.find(';', used);
    disposition = value;
  }
  return false;
}

bool is_plain(std::string_view encoding) {
  for (std::string_view each : {"7bit", "8bit", "binary"}) {
    if (equals_ignoring_case(encoding, each)) return true;
  }
  return false;
}

}  // namespace

MultipartReader::MultipartReader(std::string_view body, std::string_view boundary)
    : rest_(body), delimiter_(fmt::format("\r\n--{}", boundary)) {}

Result<bool> MultipartReader::next(FormPart& part) {
  if (!begun_) {
    begun_ = true;
    if (delimiter_.size() == 4) return bad("the Content-Type has no boundary");
    const std::string_view first = std::string_view(delimiter_).substr(2);
    // A preamble before the first delimiter is allowed and means nothing.
    const size_t at = rest_.starts_with(first) ? 0 : rest_.find(delimiter_);
    if (at == std::string_view::npos) return bad("there is no delimiter of this boundary");
    rest_.remove_prefix(at +
                        (at == 0 && rest_.starts_with(first) ? first.size() : delimiter_.size()));
  }
  if (rest_.starts_with("--")) return false;
  const size_t line_end = rest_.find("\r\n");
  if (line_end == std::string_view::npos || !trim(rest_.substr(0, line_end)).empty())
    return bad("a delimiter is not followed by a line's end");
  rest_.remove_prefix(line_end);
  const size_t head_end = rest_.find("\r\n\r\n");
  if (head_end == std::string_view::npos || head_end > kPartHeaderBytesMax)
    return bad(fmt::format("a part has no end of its header within {} bytes", kPartHeaderBytesMax));
  std::string_view head = rest_.substr(2, std::max<size_t>(head_end, 2) - 2);
  part.content_type = {};
  bool named = false;
  while (!head.empty()) {
    const size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return bad("a part's header line has no colon");
    const std::string_view value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(line.substr(0, colon), "content-disposition")) {
      named = name_of(value, part.name);
    } else if (equals_ignoring_case(line.substr(0, colon), "content-type")) {
      part.content_type = value;
    } else if (equals_ignoring_case(line.substr(0, colon), "content-transfer-encoding") &&
               !is_plain(value)) {
      // RFC 7578 section 4.7: obsolete. Taken as they are, such bytes would be a wrong value.
      return bad("a part has a Content-Transfer-Encoding; send its bytes as they are");
    }
  }
  if (!named) return bad("a part has no name");
  rest_.remove_prefix(head_end + 4);
  const size_t end = rest_.find(delimiter_);
  if (end == std::string_view::npos) return bad("the last part has no end");
  part.data = rest_.substr(0, end);
  rest_.remove_prefix(end + delimiter_.size());
  return true;
}

}  // namespace bia::codec
