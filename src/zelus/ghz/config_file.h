#pragma once
#include <rapidjson/document.h>

#include <string>
#include <string_view>

#include "zelus/ghz/flags.h"

namespace zelus::ghz {

/// Lays ghz's config file (JSON, TOML or YAML by its extension; keys are the long names of flags,
/// and `host`) under what was typed. A key that is no setting is named in `warning`. Errors:
/// kInvalidArgument, with ghz's words where it has some.
bia::Result<void> apply_config_file(const std::string& path, ParsedFlags& flags,
                                    std::string& warning);

/// Into `document`. Errors: kInvalidArgument with the parser's words.
bia::Result<void> parse_toml_config(std::string_view text, rapidjson::Document& document);
bia::Result<void> parse_yaml_config(std::string_view text, rapidjson::Document& document);

}  // namespace zelus::ghz
