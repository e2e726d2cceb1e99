#include "codec/yaml_check.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

namespace bia::codec {
namespace {

class DepthCheck final : public YAML::EventHandler {
 public:
  explicit DepthCheck(int depth_max) : depth_max_(depth_max) {}
  /// Where the document began, if it holds anything.
  const std::optional<YAML::Mark>& begun() const { return begun_; }
  void OnDocumentStart(const YAML::Mark& mark) override { start_ = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override { begun_ = start_; }
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {
    begun_ = start_;
  }
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
    begun_ = start_;
    if (++depth_ > depth_max_)
      throw YAML::ParserException(mark, fmt::format("nests deeper than {}", depth_max_));
  }
  int depth_max_;
  int depth_ = 0;
  YAML::Mark start_;
  std::optional<YAML::Mark> begun_;
};

/// Each sequence and map has at least one of these of its own, so that few of them nest little.
bool may_nest_deep(std::string_view yaml, int depth_max) {
  return std::count_if(yaml.begin(), yaml.end(), [](char c) {
           return c == '[' || c == '{' || c == '-' || c == '?' || c == ':';
         }) > depth_max;
}

/// It sees a missing quote where the text ends within its last line.
std::istringstream without_last_end(const std::string& text) {
  return std::istringstream(
      text.substr(0, text.find_first_of("\r\n", text.find_last_not_of(" \t\r\n") + 1)));
}

}  // namespace

void check_yaml(const std::string& text, int depth_max) {
  const bool quotes = text.find_first_of("\"'") != std::string::npos;
  if (!quotes && !may_nest_deep(text, depth_max)) return;
  std::istringstream in = without_last_end(text);
  DepthCheck check(depth_max);
  YAML::Parser(in).HandleNextDocument(check);
}

void check_yaml_file(const std::string& text) {
  std::istringstream in = without_last_end(text);
  YAML::Parser parser(in);
  constexpr int kAnyDepth = std::numeric_limits<int>::max();
  DepthCheck first(kAnyDepth);
  parser.HandleNextDocument(first);
  for (;;) {
    DepthCheck more(kAnyDepth);
    if (!parser.HandleNextDocument(more)) return;
    if (!more.begun()) continue;
    // yaml-cpp counts in UTF-8, whatever the text is in.
    const auto at = static_cast<size_t>(more.begun()->pos);
    const bool marked = at < text.size() && text.compare(at, 3, "---") == 0;
    throw YAML::RepresentationException(
        *more.begun(), marked ? "a second document begins here; a file has one"
                              : "what begins here belongs to nothing above; all keys of one map "
                                "begin in one column");
  }
}

}  // namespace bia::codec
