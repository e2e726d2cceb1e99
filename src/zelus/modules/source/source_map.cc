#include "zelus/modules/source/source_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <tuple>
#include <utility>

#include "base/base64.h"
#include "codec/go_base64.h"
#include "js/module_set.h"
#include "zelus/options/json.h"

namespace zelus::modules {

namespace {

using bia::Code;
using bia::Error;
using bia::Result;
using options::JsonValue;

constexpr std::string_view kComment = "//# sourceMappingURL=";

Error bad_map(std::string text) {
  return Error(Code::kInvalidArgument, "BAD_SOURCE_MAP", std::move(text));
}

const JsonValue* member(const JsonValue& object, const char* name) {
  auto found = object.FindMember(name);
  return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

Error wrong_type(const JsonValue& value, std::string_view field, std::string_view type) {
  return bad_map(
      fmt::format("json: cannot unmarshal {} into Go struct field v3.sourceMap.{} of type {}",
                  options::go_kind(value), field, type));
}

/// "scheme:" at the front; its length, or 0.
size_t scheme_of(std::string_view url) {
  size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0) return 0;
  auto part = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.';
  };
  return std::all_of(url.begin(), url.begin() + static_cast<ptrdiff_t>(colon), part) ? colon + 1
                                                                                     : 0;
}

/// Where the path begins in "scheme://host/path".
size_t path_start(std::string_view url) {
  size_t start = scheme_of(url);
  if (!url.substr(start).starts_with("//")) return start;
  return std::min(url.find('/', start + 2), url.size());
}

/// "scheme://host" and a path without "." and "..".
std::string with_path(std::string_view origin, std::string_view path) {
  constexpr std::string_view kFile = "file://";
  std::string folded = bia::js::normalize_file_url(fmt::format("{}/{}", kFile, path));
  return fmt::format("{}{}", origin, folded.substr(kFile.size()));
}

std::string join(std::string_view root, std::string_view source) {
  if (root.empty() || source.starts_with('/') || scheme_of(source) != 0) return std::string(source);
  if (scheme_of(root) == 0) return fmt::format("{}/{}", root, source);
  size_t start = path_start(root);
  return with_path(root.substr(0, start), fmt::format("{}/{}", root.substr(start), source));
}

}  // namespace

/// Reads a map, or one section of it, into `map`.
struct SourceMapReader {
  SourceMap& map;
  int64_t line = 0, column = 0;  ///< where the section's generated code begins

  Result<void> read(const JsonValue& json) {
    if (const JsonValue* version = member(json, "version"); version != nullptr) {
      std::string text =
          version->IsString() ? std::string(options::text_of(*version)) : options::dump(*version);
      if (text != "3")
        return bad_map(
            fmt::format("sourcemap: got version={}, but only 3rd version is supported", text));
    }
    size_t source_first = map.sources_.size();
    BIA_TRY(read_sources(json));
    const JsonValue* mappings = member(json, "mappings");
    if (mappings != nullptr && !mappings->IsString())
      return wrong_type(*mappings, "mappings", "string");
    if (mappings == nullptr || mappings->GetStringLength() == 0)
      return bad_map("sourcemap: mappings are empty");
    std::string_view text = options::text_of(*mappings);
    // A number that goes on where the text ends.
    if (const int last = bia::base64_digit(text.back(), bia::Base64Digits::kStandard);
        last >= 0 && (last & 32) != 0)
      return bad_map("EOF");
    map.sections_.push_back(
        {line, column, source_first, map.sources_.size() - source_first, std::string(text)});
    return {};
  }

  Result<void> read_sources(const JsonValue& json) {
    const JsonValue* root = member(json, "sourceRoot");
    const JsonValue* sources = member(json, "sources");
    if (root != nullptr && !root->IsString()) return wrong_type(*root, "sourceRoot", "string");
    if (sources != nullptr && !sources->IsArray())
      return wrong_type(*sources, "sources", "[]string");
    if (sources == nullptr) return {};
    for (const JsonValue& source : sources->GetArray()) {
      if (!source.IsString() && !source.IsNull()) return wrong_type(source, "sources", "string");
      map.sources_.push_back(join(root != nullptr ? options::text_of(*root) : "",
                                  source.IsNull() ? "" : options::text_of(source)));
    }
    return {};
  }

  using Mapping = SourceMap::Mapping;
  using Mappings = std::vector<Mapping>;

  /// Reads the mappings of one section.
  struct Section {
    const SourceMap::Section& section;
    Mappings& out;
    int64_t line = section.line, column = section.column;
    int64_t values[4] = {};  ///< generated column, source, line, column: as told so far

    Result<void> read() {
      std::string_view text = section.mappings;
      size_t field = 0;
      for (size_t at = 0; at <= text.size(); ++at) {
        char c = at < text.size() ? text[at] : ';';
        if (c == ',' || c == ';') {
          if (field > 0) BIA_TRY(add());
          field = 0;
          if (c == ';' && at < text.size()) {
            ++line;
            column = 0;
            values[0] = 0;
          }
          continue;
        }
        int64_t value = BIA_TRY(number(text, at));
        if (field < 4) values[field] += value;
        ++field;
      }
      return {};
    }

    /// A base64 VLQ; `at` is left at its last character.
    static Result<int64_t> number(std::string_view text, size_t& at) {
      uint64_t bits = 0;
      for (int shift = 0;; shift += 5, ++at) {
        int digit =
            at < text.size() ? bia::base64_digit(text[at], bia::Base64Digits::kStandard) : -1;
        if (digit < 0 || shift > 30)
          return bad_map(fmt::format("sourcemap: the mappings are no base64 VLQ at byte {}", at));
        bits |= static_cast<uint64_t>(digit & 31) << shift;
        if ((digit & 32) == 0) break;
      }
      auto magnitude = static_cast<int64_t>(bits >> 1);
      return (bits & 1) != 0 ? -magnitude : magnitude;
    }

    Result<void> add() {
      auto fits = [](int64_t value) { return value >= 0 && value < UINT32_MAX; };
      int64_t generated = values[0] + column;
      if (!fits(values[1]) || static_cast<size_t>(values[1]) >= section.sources)
        return bad_map(
            fmt::format("sourcemap: a mapping names source {} of {}", values[1], section.sources));
      if (!fits(generated) || !fits(line) || !fits(values[2]) || !fits(values[3]))
        return bad_map("sourcemap: a mapping's line or column is out of range");
      out.push_back({static_cast<uint32_t>(line + 1), static_cast<uint32_t>(generated),
                     static_cast<uint32_t>(section.source_first + static_cast<size_t>(values[1])),
                     static_cast<uint32_t>(values[2] + 1), static_cast<uint32_t>(values[3])});
      return {};
    }
  };

  static Result<Mappings> mappings(const std::vector<SourceMap::Section>& sections) {
    Mappings out;
    for (const auto& section : sections) BIA_TRY((Section{section, out}.read()));
    // Almost always so already.
    std::stable_sort(out.begin(), out.end(), [](const Mapping& a, const Mapping& b) {
      return std::tie(a.generated_line, a.generated_column) <
             std::tie(b.generated_line, b.generated_column);
    });
    out.shrink_to_fit();
    return out;
  }
};

SourceMap::SourceMap() = default;
SourceMap::SourceMap(SourceMap&& other) noexcept
    : sources_(std::move(other.sources_)),
      sections_(std::move(other.sections_)),
      read_(other.read_.exchange(nullptr)) {}
SourceMap& SourceMap::operator=(SourceMap&& other) noexcept {
  sources_ = std::move(other.sources_);
  sections_ = std::move(other.sections_);
  delete read_.exchange(other.read_.exchange(nullptr));
  return *this;
}
SourceMap::~SourceMap() { delete read_.load(); }

namespace {

int64_t offset_of(const JsonValue& section, const char* name) {
  const JsonValue* offset = section.IsObject() ? member(section, "offset") : nullptr;
  const JsonValue* value =
      offset != nullptr && offset->IsObject() ? member(*offset, name) : nullptr;
  return value != nullptr && value->IsUint() ? value->GetUint() : 0;
}

}  // namespace

Result<SourceMap> SourceMap::parse(std::string_view json) {
  rapidjson::Document document;
  BIA_TRY(options::parse_json(json, document));
  if (!document.IsObject())
    return bad_map(fmt::format("json: cannot unmarshal {} into Go value of type sourcemap.v3",
                               options::go_kind(document)));
  SourceMap out;
  const JsonValue* sections = member(document, "sections");
  if (sections == nullptr || !sections->IsArray() || sections->Empty()) {
    BIA_TRY(SourceMapReader{.map = out}.read(document));
  } else {
    for (const JsonValue& section : sections->GetArray()) {
      const JsonValue* inner = section.IsObject() ? member(section, "map") : nullptr;
      if (inner == nullptr || !inner->IsObject()) return bad_map("sourcemap: a section has no map");
      BIA_TRY((SourceMapReader{
          .map = out, .line = offset_of(section, "line"), .column = offset_of(section, "column")}
                   .read(*inner)));
    }
  }
  return out;
}

const SourceMap::Mappings& SourceMap::mappings() const {
  if (const Mappings* known = read_.load(std::memory_order_acquire)) return *known;
  auto mine = std::make_unique<const Mappings>(SourceMapReader::mappings(sections_));
  // Where two threads ask at once, the first one's stay.
  const Mappings* known = nullptr;
  if (read_.compare_exchange_strong(known, mine.get(), std::memory_order_acq_rel))
    return *mine.release();
  return *known;
}

const bia::Error* SourceMap::wrong() const {
  const Mappings& read = mappings();
  return read ? nullptr : &read.error();
}

std::optional<SourceMap::Place> SourceMap::find(uint32_t line, uint32_t column) const {
  const Mappings& read = mappings();
  if (!read) return std::nullopt;
  auto after =
      std::upper_bound(read->begin(), read->end(), std::pair(line, column),
                       [](const auto& place, const Mapping& mapping) {
                         return place < std::pair(mapping.generated_line, mapping.generated_column);
                       });
  if (after == read->begin()) return std::nullopt;
  const Mapping& found = *std::prev(after);
  if (after == read->end() && found.generated_line != line) return std::nullopt;
  return Place{sources_[found.source], found.line, found.column};
}

std::optional<std::string_view> source_map_reference(std::string_view script) {
  constexpr std::string_view kBlank = " \t\r\n";
  size_t last = script.find_last_not_of(kBlank);
  if (last == std::string_view::npos) return std::nullopt;
  script = script.substr(0, last + 1);
  std::string_view line = script.substr(script.rfind('\n') + 1);
  if (!line.starts_with(kComment)) return std::nullopt;
  return line.substr(kComment.size());
}

Result<std::string> decode_data_url(std::string_view url) {
  size_t comma = url.find(',');
  std::string_view text = comma == std::string_view::npos ? url : url.substr(comma + 1);
  std::string problem;
  std::string out = bia::codec::go_base64_decode(text, bia::Base64::kStandard, problem);
  if (!problem.empty()) return bad_map(std::move(problem));
  return out;
}

}  // namespace zelus::modules
