#include "zelus/modules/http/http_debug.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>

#include "zelus/modules/http/field_name.h"

namespace zelus::modules {

namespace {

std::string random_uuid() {
  thread_local std::mt19937_64 random{std::random_device{}()};
  uint64_t high = (random() & ~0xf000ull) | 0x4000;
  uint64_t low = (random() & ~(3ull << 62)) | 1ull << 63;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff,
                     high & 0xffff, low >> 48, low & 0xffff'ffff'ffff);
}

// In order of name, of equal ones as they came; those in `apart` left out.
std::string field_lines(const bia::http::Headers& headers,
                        std::initializer_list<std::string_view> apart) {
  std::multimap<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) sorted.emplace(canonical(name), value);
  for (std::string_view name : apart) sorted.erase(std::string(name));
  std::string text;
  for (const auto& [name, value] : sorted) text += fmt::format("{}: {}\n", name, value);
  return text;
}

}  // namespace

HttpDebug::HttpDebug(Vu& vu, const metrics::TagSet* tags)
    : vu_(vu),
      tags_(tags),
      on_(!vu.script().options.http_debug.empty()),
      full_(vu.script().options.http_debug == "full") {}

void HttpDebug::request(const bia::http::ClientRequest& request) {
  if (!on_) return;
  id_ = random_uuid();
  const bia::http::Headers& headers = *request.headers;
  std::string host(headers.get("Host"));
  if (host.empty())
    host = request.port == 80 ? std::string(request.host)
                              : fmt::format("{}:{}", request.host, request.port);
  std::string text =
      fmt::format("Request:\n{} {} HTTP/1.1\nHost: {}\n", request.method, request.target, host);
  if (std::string_view agent = headers.get("User-Agent"); !agent.empty())
    text += fmt::format("User-Agent: {}\n", agent);
  const bool chunked = headers.has("Transfer-Encoding");
  if (chunked) text += "Transfer-Encoding: chunked\n";
  bool sends_length = !request.body.empty() || request.method == "POST" ||
                      request.method == "PUT" || request.method == "PATCH";
  if (sends_length && !chunked) text += fmt::format("Content-Length: {}\n", request.body.size());
  text += field_lines(headers, {"Host", "User-Agent", "Content-Length", "Transfer-Encoding"});
  // k6 shows this field though it is not sent.
  if (!headers.has("Accept-Encoding") && request.method != "HEAD")
    text += "Accept-Encoding: gzip\n";
  text += "\n";
  if (full_) text += chunked ? "0\n\n" : request.body;
  log(text + "\n");
}

void HttpDebug::response(const bia::http::ClientResponse& response) {
  if (!on_) return;
  std::string text = fmt::format("Response:\nHTTP/1.{} {} {}\n", response.version_minor,
                                 response.status, response.reason);
  // Go writes a length of zero itself, after what came.
  const bool empty = response.headers.get("Content-Length") == "0";
  text += empty ? field_lines(response.headers, {"Content-Length"}) + "Content-Length: 0\n"
                : field_lines(response.headers, {});
  text += "\n";
  if (full_) text += response.body;
  log(text + "\n");
}

void HttpDebug::log(const std::string& text) {
  std::map<std::string, std::string> fields;
  for (const auto& [name, value] : tags_->tags()) fields[name] = value;
  fields["iter"] = std::to_string(vu_.iteration);
  fields["request_id"] = id_;
  fields["source"] = "http-debug";
  fields["vu"] = std::to_string(vu_.id());
  std::vector<LogField> list;
  for (const auto& [key, value] : fields) list.push_back({key, value});
  vu_.script().logger->log(LogLevel::kInfo, text, std::span<const LogField>(list));
}

}  // namespace zelus::modules
