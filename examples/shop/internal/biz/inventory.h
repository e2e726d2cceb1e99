#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "bia/base/result.h"

namespace shop::biz {

struct Item {
  int64_t id = 0;
  std::string name;
  int64_t count = 0;
};

/// Where items are kept; the data layer has it.
class ItemRepo {
 public:
  virtual ~ItemRepo() = default;
  virtual bia::Result<Item> add(const std::string& name, int64_t count) = 0;
  /// Errors: ITEM_NOT_FOUND.
  virtual bia::Result<Item> find(int64_t id) = 0;
  virtual bia::Result<std::vector<Item>> list(int32_t limit) = 0;
  /// Takes `count` away at once. Errors: ITEM_NOT_FOUND, TOO_FEW.
  virtual bia::Result<Item> take(int64_t id, int64_t count) = 0;
  /// How many kinds there are, by a query that takes so many seconds.
  virtual bia::Result<int64_t> count(double seconds) = 0;
};

/// The shop's rules.
class Inventory {
 public:
  explicit Inventory(ItemRepo& repo) : repo_(repo) {}
  bia::Result<Item> add(const std::string& name, int64_t count) { return repo_.add(name, count); }
  bia::Result<Item> find(int64_t id) { return repo_.find(id); }
  bia::Result<std::vector<Item>> list(int32_t limit) {
    constexpr int32_t kLimitDefault = 100;
    return repo_.list(limit > 0 ? limit : kLimitDefault);
  }
  bia::Result<Item> sell(int64_t id, int64_t count) { return repo_.take(id, count); }
  bia::Result<int64_t> report(double seconds) { return repo_.count(seconds); }

 private:
  ItemRepo& repo_;
};

}  // namespace shop::biz
