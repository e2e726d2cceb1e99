#pragma once
#include <string>

namespace YAML {
class Exception;
}

namespace bia::codec {

/// What is wrong with a YAML text, and in which of its lines, counted from 1.
struct YamlFault {
  int line = 1;
  std::string what;
};

/// Of what yaml-cpp or `check_yaml` threw over `text`. The line is that of the mistake, where
/// yaml-cpp has the one in which it could not go on; the words are those of who writes YAML.
/// Neither shows anything of the text, which may hold secrets.
YamlFault explain_yaml(const std::string& text, const YAML::Exception& thrown);

}  // namespace bia::codec
