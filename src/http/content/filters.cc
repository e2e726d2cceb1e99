// Handlers around handlers: compression by Accept-Encoding, ETag.
#include "bia/http/filters.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "bia/http/router.h"
#include "http/content/coder.h"
#include "http/message/weight.h"

namespace bia::http {
namespace {

constexpr int kNoWeight = -1;

struct NamedCoding {
  std::string_view name;
  Coding coding;
};
constexpr NamedCoding kCodings[] = {{"gzip", Coding::kGzip},
                                    {"deflate", Coding::kDeflate},
                                    {"br", Coding::kBrotli},
                                    {"zstd", Coding::kZstd},
                                    {"identity", Coding::kIdentity}};

/// Text, in short: what is packed already gains nothing.
bool is_compressible(std::string_view content_type) {
  const std::string_view type = trim(content_type.substr(0, content_type.find(';')));
  if (type.size() >= 5 && field_name_equals(type.substr(0, 5), "text/"))
    return !field_name_equals(type, "text/event-stream");
  for (std::string_view known :
       {"application/json", "application/javascript", "application/xml", "application/yaml",
        "application/proto", "application/x-ndjson", "application/wasm", "image/svg+xml"}) {
    if (field_name_equals(type, known)) return true;
  }
  return type.ends_with("+json") || type.ends_with("+xml");
}

/// A 304 often has no type: then it may be one that is coded.
bool may_be_coded(ServerResponse& response) {
  const std::string_view type = response.header("content-type");
  return response.header("content-encoding").empty() &&
         (is_compressible(type) || (response.status() == 304 && type.empty())) &&
         response.header("cache-control").find("no-transform") == std::string_view::npos;
}

bool wants_compression(ServerResponse& response, const CompressionOptions& options) {
  const int status = response.status();
  const size_t size = response.body().size();
  if (size < options.bytes_min || size > options.bytes_max) return false;
  if (status < 200 || status == 204 || status == 206 || status == 304) return false;
  return may_be_coded(response);
}

/// RFC 9110 section 8.8.3.2: to the weak comparison `W/` does not count, to the strong one such a
/// tag is equal to none.
enum class Comparison : uint8_t { kWeak, kStrong };

bool list_has(std::string_view list, std::string_view etag, Comparison comparison) {
  list = trim(list);
  if (list == "*") return true;
  const bool strong = comparison == Comparison::kStrong;
  if (etag.starts_with("W/")) {
    if (strong) return false;
    etag.remove_prefix(2);
  }
  while (!list.empty()) {
    // A tag may have commas between its quotes.
    const bool weak = list.starts_with("W/");
    if (weak) list.remove_prefix(2);
    const size_t end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) {
      cut(list, ',');
    } else {
      if (list.substr(0, end + 1) == etag && !(weak && strong)) return true;
      list.remove_prefix(end + 1);
      cut(list, ',');
    }
    list = trim(list);
  }
  return false;
}

bool is_read(const ServerRequest& request) {
  return request.method() == Method::kGet || request.method() == Method::kHead;
}

/// RFC 9110 section 13.2.2, as far as it is about tags.
Precondition evaluate(ServerRequest& request, ServerResponse& response, std::string_view etag) {
  std::string joined[2];
  const std::string_view must = list_header(request, "if-match", joined[0]);
  const std::string_view must_not = list_header(request, "if-none-match", joined[1]);
  // If-Match compares strongly (section 13.1.1), and comes first.
  const bool failed = !must.empty() && !list_has(must, etag, Comparison::kStrong);
  const bool matched = !failed && !must_not.empty() && list_has(must_not, etag, Comparison::kWeak);
  if (!failed && !matched) return Precondition::kGoOn;
  if (matched && is_read(request)) {
    response.set_status(304);
    response.body().clear();
  } else {
    write_error(response, 412, "PRECONDITION_FAILED",
                failed ? "If-Match does not name the present state"
                       : "If-None-Match names the present state");
  }
  return Precondition::kAnswered;
}

/// FNV-1a over words: an ETag has to differ, not to resist forgery.
uint64_t hash_of(std::string_view bytes) {
  constexpr uint64_t kPrime = 0x100000001b3;
  uint64_t hash = 0xcbf29ce484222325 ^ bytes.size();
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::copy_n(bytes.data(), 8, reinterpret_cast<char*>(&word));
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 29;
    bytes.remove_prefix(8);
  }
  for (char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * kPrime;
  return hash ^ (hash >> 32);
}

}  // namespace

Result<Coding> parse_coding(std::string_view name) {
  for (const auto& [text, coding] : kCodings) {
    if (coding != Coding::kIdentity && text == name) return coding;
  }
  return Error(Code::kInvalidArgument, "CODING",
               fmt::format("\"{}\" is none of gzip, deflate, br, zstd", name));
}

std::string_view coding_name(Coding coding) {
  for (const auto& [text, each] : kCodings) {
    if (each == coding) return text;
  }
  return {};
}

Coding negotiate_coding(std::string_view accept_encoding, const std::vector<Coding>& offered) {
  int weights[5] = {kNoWeight, kNoWeight, kNoWeight, kNoWeight, kNoWeight};
  int any = kNoWeight;
  while (!accept_encoding.empty()) {
    std::string_view item = cut(accept_encoding, ',');
    std::string_view name = cut(item, ';');
    if (name == "x-gzip") name = "gzip";
    const int weight = weight_of(item, 0);
    if (name == "*") any = weight;
    for (const auto& [text, coding] : kCodings) {
      if (field_name_equals(name, text)) weights[static_cast<size_t>(coding)] = weight;
    }
  }
  // Identity is acceptable where nothing says otherwise, but the least of what is named.
  Coding best = Coding::kIdentity;
  int best_weight = std::max(weights[0], 0);
  for (Coding coding : offered) {
    int weight = weights[static_cast<size_t>(coding)];
    if (weight == kNoWeight) weight = any;
    const bool better = best == Coding::kIdentity ? weight >= best_weight : weight > best_weight;
    if (weight <= 0 || !better) continue;
    best = coding;
    best_weight = weight;
  }
  return best;
}

Handler compressed(Handler inner, CompressionOptions options) {
  return [inner = std::move(inner), options = std::move(options)](ServerRequest& request,
                                                                  ServerResponse& response) {
    inner(request, response);
    if (response.head_sent()) return;
    const bool wanted = wants_compression(response, options);
    // Caches are to know, whatever this answer is; a 304 says what its 200 would (RFC 9110
    // section 15.4.5).
    if (wanted || (response.status() == 304 && may_be_coded(response)))
      response.add_header("Vary", "Accept-Encoding");
    if (!wanted) return;
    std::string joined;
    const Coding coding =
        negotiate_coding(list_header(request, "accept-encoding", joined), options.codings);
    if (coding == Coding::kIdentity || !encode(coding, response.body())) return;
    response.add_header("Content-Encoding", coding_name(coding));
    if (const std::string_view etag = response.header("etag"); etag.starts_with('"'))
      response.set_header("ETag", fmt::format("W/{}", etag));
  };
}

Handler with_etags(Handler inner) {
  return [inner = std::move(inner)](ServerRequest& request, ServerResponse& response) {
    inner(request, response);
    if (response.head_sent() || response.status() != 200 || !is_read(request)) return;
    if (response.header("etag").empty()) {
      if (response.body().empty()) return;
      response.add_header("ETag", fmt::format("W/\"{:016x}\"", hash_of(response.body())));
    }
    evaluate(request, response, response.header("etag"));
  };
}

Precondition check_etag(ServerRequest& request, ServerResponse& response, std::string_view etag) {
  response.set_header("ETag", etag);
  return evaluate(request, response, etag);
}

}  // namespace bia::http
