#pragma once
#include <memory>
#include <optional>
#include <string>

#include "biz/inventory.h"
#include "conf/conf.pb.h"
#include "data/pool.h"
#include "data/postgres.h"
#include "data/redis.h"

namespace shop::data {

/// Items in PostgreSQL, the last ones also in Redis. A Redis that is away costs time, not answers.
class Items final : public biz::ItemRepo {
 public:
  static bia::Result<std::unique_ptr<Items>> create(const conf::Data& config);
  bia::Result<void> create_tables();
  bia::Result<void> ping();

  bia::Result<biz::Item> add(const std::string& name, int64_t count) override;
  bia::Result<biz::Item> find(int64_t id) override;
  bia::Result<std::vector<biz::Item>> list(int32_t limit) override;
  bia::Result<biz::Item> take(int64_t id, int64_t count) override;
  bia::Result<int64_t> count(double seconds) override;

 private:
  explicit Items(const conf::Data& config);
  bia::Result<Rows> query(const char* statement, const std::vector<std::string>& parameters);
  std::optional<std::string> cached(const std::vector<std::string>& command);

  Pool<Postgres> database_;
  std::unique_ptr<Pool<Redis>> cache_;
  std::string ttl_seconds_;
};

}  // namespace shop::data
