#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bia::http {

enum class Method : uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kPatch,
  kDelete,
  kOptions,
  kConnect,
  kTrace,
  kOther
};
std::string_view method_name(Method method);
Method method_of(std::string_view name);

/// "Not Found"; empty for a status that RFC 9110 and IANA do not name.
std::string_view reason_phrase(int status);
/// Fields compare by name without regard to case (RFC 9110 section 5.1).
bool field_name_equals(std::string_view a, std::string_view b);

/// Fields in the order of the wire, owned. For clients and for what outlives a request.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  /// Replaces all of that name.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// The first of that name; empty where there is none.
  std::string_view get(std::string_view name) const;
  /// All of that name as one with commas, as a list may stand (RFC 9110 section 5.3).
  std::string joined(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<Field>& fields() { return fields_; }
  const std::vector<Field>& fields() const { return fields_; }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

/// Limits with their defaults; config keys server.http.*.
struct Limits {
  size_t request_line_bytes_max = 8 * 1024;
  size_t header_bytes_max = 64 * 1024;
  size_t header_count_max = 256;
  size_t body_bytes_max = 16 * 1024 * 1024;
  /// The most that a handler may ask for (`ServerRequest::body_up_to`), where it is above that:
  /// longer bodies are refused before they come to one. Config: the largest body_bytes_max of
  /// server.http.operations.
  size_t body_bytes_asked_max = 0;
  size_t pipeline_max = 64;
};

}  // namespace bia::http
