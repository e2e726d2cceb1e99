#pragma once
#include <span>
#include <string_view>

#include "zelus/templates/function.h"

namespace zelus::templates {

/// As Masterminds/semver reads one: "v1.2", "1.2.3-rc.1+build". Errors: kInvalidArgument with its
/// texts.
Result<Version> parse_version(std::string_view text);
/// Below 0, 0, above 0; build metadata does not count.
int compare_versions(const Version& a, const Version& b);
/// "^1.2 || >= 3, < 4.5": whether `version` is of the constraint.
Result<bool> version_fits(std::string_view constraint, const Version& version);

std::span<const Function> version_methods();

}  // namespace zelus::templates
