#include "zelus/modules/source/source_maps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bia/http/uri.h"
#include "js/module_set.h"

namespace zelus::modules {

namespace {

using bia::Code;
using bia::Error;
using bia::Result;

constexpr std::string_view kData = "data:", kHttps = "https://", kFile = "file://";

/// "FILE: Line 9:1 …": k6 finds out at the script's end.
Error at_end(const std::string& url, std::string_view text, std::string_view what,
             const Error& cause) {
  size_t column = text.size() - (text.rfind('\n') + 1) + 1;
  return Error(Code::kInvalidArgument, "BAD_SOURCE_MAP",
               fmt::format("{}: Line {}:{} Could not {} source map: {}", url,
                           std::count(text.begin(), text.end(), '\n') + 1, column, what,
                           cause.message()))
      .with_metadata("exit", "107");
}

Result<std::string> read_map(const std::string& script, const std::string& url,
                             const SourceMaps::Read& read) {
  if (!url.starts_with(kHttps) && (!url.starts_with(kFile) || script.starts_with(kHttps)))
    return Error(Code::kInvalidArgument, "BAD_SOURCE_MAP",
                 fmt::format("{} cannot be a source map of {}", url, script));
  auto text = read(url);
  if (text || (!url.starts_with(kHttps) && text.error().code() != Code::kNotFound)) return text;
  return Error(text.error().code(), "NO_SOURCE_MAP",
               bia::js::unread_text(url, url, text.error().message()));
}

/// Paths as URLs have them.
std::string escaped(std::string_view url) {
  std::string out;
  for (char c : url) {
    auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 127 ||
        std::string_view("\"<>\\^`{|}").find(c) != std::string_view::npos)
      out += fmt::format("%{:02X}", byte);
    else
      out += c;
  }
  return out;
}

}  // namespace

Result<void> SourceMaps::add(const std::string& url, std::string_view text, const Read& read,
                             options::Logger& logger) {
  auto reference = source_map_reference(text);
  if (!reference) return {};
  bool inside = reference->starts_with(kData);
  auto json = inside ? decode_data_url(*reference)
                     : read_map(url, bia::http::resolve_reference(url, *reference), read);
  if (inside && !json) return at_end(url, text, "load", json.error());
  auto map = json ? SourceMap::parse(*json) : Result<SourceMap>(std::move(json).error());
  if (map) {
    maps_.insert_or_assign(url, std::move(*map));
    return {};
  }
  if (inside) return at_end(url, text, "parse", map.error());
  std::array<options::LogField, 1> fields = {{{"error", map.error().message()}}};
  logger.log(options::LogLevel::kWarning, fmt::format("Couldn't load source map for {}", url),
             fields);
  return {};
}

std::string SourceMaps::original(std::string_view url, uint32_t line, uint32_t column) const {
  auto map = maps_.find(url);
  if (map == maps_.end()) return {};
  auto place = map->second.find(line, column);
  if (!place) return {};
  return fmt::format("{}:{}:{}", escaped(bia::http::resolve_reference(url, place->source)),
                     place->line, place->column);
}

}  // namespace zelus::modules
