#include "bia/content/yaml_check.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <string_view>

namespace bia {
namespace {

class DepthCheck final : public YAML::EventHandler {
 public:
  explicit DepthCheck(int depth_max) : depth_max_(depth_max) {}
  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {
    enter(mark);
  }
  void OnSequenceEnd() override { --depth_; }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {
    enter(mark);
  }
  void OnMapEnd() override { --depth_; }

 private:
  void enter(const YAML::Mark& mark) {
    if (++depth_ > depth_max_)
      throw YAML::ParserException(mark, fmt::format("nests deeper than {}", depth_max_));
  }
  int depth_max_;
  int depth_ = 0;
};

/// Each sequence and map has at least one of these of its own, so that few of them nest little.
bool may_nest_deep(std::string_view yaml, int depth_max) {
  return std::count_if(yaml.begin(), yaml.end(), [](char c) {
           return c == '[' || c == '{' || c == '-' || c == '?' || c == ':';
         }) > depth_max;
}

}  // namespace

void check_yaml(const std::string& text, int depth_max) {
  const bool quotes = text.find_first_of("\"'") != std::string::npos;
  if (!quotes && !may_nest_deep(text, depth_max)) return;
  // It sees a missing quote where the text ends within its last line.
  std::istringstream in(
      text.substr(0, text.find_first_of("\r\n", text.find_last_not_of(" \t\r\n") + 1)));
  YAML::Parser parser(in);
  DepthCheck check(depth_max);
  try {
    parser.HandleNextDocument(check);
  } catch (const YAML::ParserException& wrong) {
    if (wrong.msg != YAML::ErrorMsg::EOF_IN_SCALAR) throw;
    throw YAML::ParserException(wrong.mark, "a quote that was opened before is not closed");
  }
}

}  // namespace bia
