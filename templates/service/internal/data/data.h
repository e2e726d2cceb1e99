#pragma once
#include <memory>

#include "bia/base/result.h"

namespace SERVICE_NAMESPACE::conf {
class Data;
}

namespace SERVICE_NAMESPACE::data {

/// The clients of databases and caches, shared by all repositories.
class Data {
 public:
  /// Connects. Runs in a fiber, so it may wait.
  static bia::Result<std::unique_ptr<Data>> create(const conf::Data& conf);
  ~Data();
};

}  // namespace SERVICE_NAMESPACE::data
