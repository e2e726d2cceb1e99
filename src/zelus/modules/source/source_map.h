#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"

namespace zelus::modules {

/// A source map of version 3: where generated code was written. What its mappings say is read when
/// a place is first asked for, by any thread: most runs never ask.
class SourceMap {
 public:
  struct Place {
    std::string_view source;  ///< as the map has it, behind its sourceRoot
    uint32_t line = 0;        ///< from 1
    uint32_t column = 0;      ///< from 0, as k6 shows it
  };
  /// Errors: kInvalidArgument with the texts that k6 has.
  static bia::Result<SourceMap> parse(std::string_view json);
  SourceMap();
  SourceMap(SourceMap&&) noexcept;
  SourceMap& operator=(SourceMap&&) noexcept;
  ~SourceMap();

  /// `line` and `column` from 1. As in k6, the last mapping at or before the column counted from 1
  /// (in an earlier line too); nothing before the first one and in lines after the last one, and
  /// nothing in a map whose mappings are wrong.
  std::optional<Place> find(uint32_t line, uint32_t column) const;
  /// Null, or what is wrong with the mappings that k6 overlooks or dies of: a character that is no
  /// base64, a source that is not in the list.
  const bia::Error* wrong() const;

 private:
  friend struct SourceMapReader;
  struct Mapping {
    uint32_t generated_line = 0, generated_column = 0;
    uint32_t source = 0, line = 0, column = 0;
  };
  /// A map, or one section of it.
  struct Section {
    int64_t line = 0, column = 0;  ///< where its generated code begins
    size_t source_first = 0, sources = 0;
    std::string mappings;
  };
  /// In the order of the generated code, or what is wrong with them.
  using Mappings = bia::Result<std::vector<Mapping>>;
  const Mappings& mappings() const;

  std::vector<std::string> sources_;
  std::vector<Section> sections_;
  mutable std::atomic<const Mappings*> read_ = nullptr;
};

/// What the last line that is not blank says after "//# sourceMappingURL="; nullopt where it says
/// something else.
std::optional<std::string_view> source_map_reference(std::string_view script);
/// The text of a "data:…;base64,…" URL. Errors: kInvalidArgument with Go's text.
bia::Result<std::string> decode_data_url(std::string_view url);

}  // namespace zelus::modules
