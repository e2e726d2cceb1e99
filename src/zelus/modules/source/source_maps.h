#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "zelus/modules/source/source_map.h"
#include "zelus/options/logger.h"

namespace zelus::modules {

/// The source maps of a script's files. Filled in the first pass, then read by every thread.
class SourceMaps {
 public:
  using Read = std::function<bia::Result<std::string>(const std::string& url)>;
  /// Takes the map that `text`, the script at `url`, names. As in k6, a map in a file of its own
  /// that cannot be had is a warning, and one in the script itself (data:) an error.
  bia::Result<void> add(const std::string& url, std::string_view text, const Read& read,
                        options::Logger& logger);
  /// "file:///src/app.ts:4:8"; "" where no map says.
  std::string original(std::string_view url, uint32_t line, uint32_t column) const;
  void clear() { maps_.clear(); }

 private:
  std::map<std::string, SourceMap, std::less<>> maps_;
};

}  // namespace zelus::modules
