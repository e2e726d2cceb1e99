#pragma once
#include <string>
#include <string_view>

#include "bia/base/result.h"

namespace zelus::modules {

/// Beyond k6: bare names are looked up in node_modules as Node does it (nodejs.org/api/modules and
/// /packages), for packages of plain JavaScript: package.json's `exports` (conditions import or
/// require, module, default; sub-paths with one `*`), `module` (imports), `main`, index files.
/// "" where no folder above `base` has the package. Errors: kInvalidArgument for a package that
/// does not export the path, or whose package.json is none.
bia::Result<std::string> find_package_file(std::string_view base, const std::string& name,
                                           bool require);

/// Beyond k6: the file meant by a path without extension (.js .mjs .cjs .ts .json), or of a folder
/// (package.json's main, index). The URL itself where there is none.
std::string complete_file_url(const std::string& url);

}  // namespace zelus::modules
