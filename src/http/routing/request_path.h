#pragma once
#include <string>
#include <string_view>

namespace bia::http {

/// "//", "/." or an escape somewhere. Looked for in every request's path, so 16 bytes at a time.
bool has_doubtful_part(std::string_view path);

/// `path` with its escapes as RFC 3986 section 6.2.2 has them: an unreserved character stands for
/// itself, or "%2e%2e" would pass for no "..", and digits are in upper case. A byte above 0x7f
/// stands for itself too, as it may come without an escape. In `storage` where that is another
/// text.
std::string_view normal_path(std::string_view path, std::string& storage);

/// For a header: bytes above 0x7f and backslashes are escaped.
std::string escaped_path(std::string_view path);

/// An empty part, "." or "..", not last where it is empty: what path.Clean takes out; or a ".."
/// behind or before an escaped slash. Of a path as `normal_path` has it.
bool is_unclean(std::string_view path);

/// Without empty parts, "." and "..", as Go's path.Clean, and without a slash at the end.
std::string clean_path(std::string_view path);

}  // namespace bia::http
