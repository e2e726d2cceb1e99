#pragma once
#include <map>
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::modules {

/// The lines `"use k6 …"` at the top of a script and its modules: which k6 they are written for,
/// and its extensions (k6: automatic extension resolution).
class UseDirectives {
 public:
  /// Reads those of one module. Errors (exit=255): k6's text about what cannot be read.
  bia::Result<void> read(std::string_view url, std::string_view source);
  /// Errors (exit=107): the versions that zelus follows are others, or there is an extension.
  bia::Result<void> check() const;

 private:
  bia::Result<void> add(std::string_view url, std::string_view directive);

  std::map<std::string, std::string> asked_;  ///< "k6" or "k6/x/name" → its constraint
};

/// Go's semver: ">= 1.2, < 2", "^1.8", "1.x", "1.0 - 1.5", "1 || 2". Errors: "improper constraint:
/// x". The value tells whether `version` ("1.8.1") is such a one.
bia::Result<bool> meets(std::string_view version, std::string_view constraint);

}  // namespace zelus::modules
