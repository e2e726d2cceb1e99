#pragma once
#include <memory>
#include <string>

#include "bia/base/result.h"

namespace zelus::modules {

/// Makes JavaScript of TypeScript: types become blanks, so that what stays keeps its line and
/// column; enums and parameter properties are written out; imports that are only types go.
/// Decorators and namespaces with values are errors. Belongs to one thread; the engine starts with
/// the first text (docs/decisions/0005).
class TypeScript {
 public:
  TypeScript();
  ~TypeScript();
  TypeScript(const TypeScript&) = delete;
  TypeScript& operator=(const TypeScript&) = delete;

  /// Needs 1 MB of stack. Errors: kInvalidArgument with k6's `file:///s.ts: Line 3:7 …`;
  /// kUnimplemented where zelus was built without it.
  bia::Result<std::string> strip(const std::string& url, const std::string& text);

 private:
  struct Engine;
  std::unique_ptr<Engine> engine_;
};

}  // namespace zelus::modules
