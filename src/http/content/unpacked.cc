// Requests whose bodies are coded (RFC 9110 section 8.4).
#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "bia/http/filters.h"
#include "http/content/decoder.h"
#include "http/message/body_limit.h"

namespace bia::http {
namespace {

constexpr int kCodingsMax = 2;
constexpr std::string_view kKnown = "gzip, deflate, br, zstd";

bool is_hidden(std::string_view name) {
  return field_name_equals(name, "content-encoding") || field_name_equals(name, "content-length");
}

class UnpackedRequest final : public ServerRequest {
 public:
  UnpackedRequest(ServerRequest& inner, const Limits& limits) : inner_(inner), limits_(limits) {}
  Method method() const override { return inner_.method(); }
  std::string_view method_text() const override { return inner_.method_text(); }
  std::string_view target() const override { return inner_.target(); }
  std::string_view path() const override { return inner_.path(); }
  std::string_view query() const override { return inner_.query(); }
  std::string_view header(std::string_view name) const override {
    return is_hidden(name) ? std::string_view() : inner_.header(name);
  }
  size_t header_count() const override { return inner_.header_count(); }
  std::pair<std::string_view, std::string_view> header_at(size_t index) const override {
    auto field = inner_.header_at(index);
    if (is_hidden(field.first)) field.second = {};
    return field;
  }
  Result<std::string_view> body_up_to(size_t bytes_max) override {
    if (!done_) {
      body_ = unpack(bytes_max);
      done_ = true;
    }
    if (!body_.ok()) return body_.error();
    return std::string_view(*body_);
  }
  std::string_view trailer(std::string_view name) const override { return inner_.trailer(name); }
  std::string peer() const override { return inner_.peer(); }
  int version() const override { return inner_.version(); }
  std::optional<net::TlsInfo> tls() const override { return inner_.tls(); }
  /// The body has a coding that is not known, whatever status says so in the end.
  bool refused() const { return refused_; }

 private:
  Result<std::string> unpack(size_t asked);
  ServerRequest& inner_;
  const Limits& limits_;
  bool done_ = false;
  bool refused_ = false;
  Result<std::string> body_ = std::string();
};

Result<std::string> UnpackedRequest::unpack(size_t asked) {
  std::string joined;
  std::string_view codings = list_header(inner_, "content-encoding", joined);
  std::string bytes(BIA_TRY(inner_.body_up_to(asked)));
  if (bytes.empty()) return bytes;
  // The last one was applied last.
  for (int count = 0; !codings.empty(); ++count) {
    const size_t comma = codings.rfind(',');
    std::string name =
        lower_case(trim(comma == std::string_view::npos ? codings : codings.substr(comma + 1)));
    codings = comma == std::string_view::npos ? std::string_view() : codings.substr(0, comma);
    if (name.empty() || name == "identity") continue;
    if (name == "x-gzip") name = "gzip";
    const auto coding = parse_coding(name);
    if (!coding || count >= kCodingsMax) {
      refused_ = true;
      return Error::from_http(
          415, "UNSUPPORTED_ENCODING",
          fmt::format("Content-Encoding is none of {}, {} at most", kKnown, kCodingsMax));
    }
    std::string out;
    BIA_TRY(decode(*coding, bytes, body_bytes_allowed(limits_, asked), out));
    bytes.swap(out);
  }
  return bytes;
}

}  // namespace

Handler unpacked(Handler inner, const Limits& limits) {
  return [inner = std::move(inner), limits](ServerRequest& request, ServerResponse& response) {
    std::string joined;
    if (list_header(request, "content-encoding", joined).empty()) return inner(request, response);
    UnpackedRequest coded(request, limits);
    inner(coded, response);
    // RFC 9110 section 15.5.16: what would have been taken.
    if (coded.refused() && !response.head_sent()) response.set_header("Accept-Encoding", kKnown);
  };
}

}  // namespace bia::http
