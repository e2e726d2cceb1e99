#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "zelus/templates/function.h"
#include "zelus/templates/value.h"

namespace zelus::templates {

struct Tree;

/// A text of Go's text/template, with sprig's functions. Immutable, so threads share it.
class Template {
 public:
  Template();
  /// Errors: kInvalidArgument with Go's text ("template: NAME:1: …").
  static Result<Template> parse(std::string name, std::string_view text, Functions functions);
  /// An action ({{.X}}, {{f}}) stands outside all controls; ghz sends a text without one as it is.
  bool has_action() const;
  /// Appends what `data` makes of it. Errors: kInvalidArgument with Go's text ("template:
  /// NAME:1:2: executing …"), also where it makes more than `kOutputBytesMax` or takes more than
  /// `kStepsMax` steps.
  Result<void> execute(const Record& data, std::string& out) const;

 private:
  std::shared_ptr<const Tree> tree_;
};

inline constexpr uint64_t kStepsMax = 10'000'000;
/// Controls inside one another as they run: each takes about 3 KiB of the stack.
inline constexpr size_t kLevelsMax = 100;
/// The stack of a fiber that executes templates.
inline constexpr size_t kTemplateStackBytes = 1 << 20;
/// {{template}} inside {{template}}: on a fiber's small stack.
inline constexpr size_t kTemplateDepthMax = 16;

}  // namespace zelus::templates
