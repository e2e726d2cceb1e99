#pragma once
#include <memory>

#include "bia/base/result.h"

namespace helloworld::conf {
class Data;
}

namespace helloworld::data {

/// The clients of databases and caches, shared by all repositories.
class Data {
 public:
  /// Connects. Runs in a fiber, so it may wait.
  static bia::Result<std::unique_ptr<Data>> create(const conf::Data& conf);
  ~Data();
};

}  // namespace helloworld::data
