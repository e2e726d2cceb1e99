#include "bia/content/yaml_quotes.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

namespace bia {
namespace {

class Nothing final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

}  // namespace

void check_yaml_quotes(const std::string& text) {
  if (text.find_first_of("\"'") == std::string::npos) return;
  // It sees the missing quote where the text ends within its last line.
  std::istringstream in(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
  YAML::Parser parser(in);
  Nothing nothing;
  parser.HandleNextDocument(nothing);
}

}  // namespace bia
