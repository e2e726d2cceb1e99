#include "data/items.h"

#include "bia/bia/log.h"
#include "shop/v1/error_reason.bia.h"
#include "shop/v1/shop.pb.h"

namespace shop::data {

using bia::Result;

namespace {

std::string key_of(int64_t id) { return "shop:item:" + std::to_string(id); }

biz::Item item_of(const Rows& rows, size_t row) {
  return {rows.integer(row, 0), std::string(rows.text(row, 1)), rows.integer(row, 2)};
}

std::string packed(const biz::Item& item) {
  v1::Item message;
  message.set_id(item.id);
  message.set_name(item.name);
  message.set_count(item.count);
  return message.SerializeAsString();
}

std::optional<biz::Item> unpacked(const std::string& bytes) {
  v1::Item message;
  if (!message.ParseFromString(bytes)) return std::nullopt;
  return biz::Item{message.id(), message.name(), message.count()};
}

}  // namespace

Items::Items(const conf::Data& config)
    : database_(static_cast<size_t>(config.database().connections()),
                [source = config.database().source()] { return Postgres::connect(source); }) {
  if (config.redis().addr().empty()) return;
  cache_ = std::make_unique<Pool<Redis>>(
      static_cast<size_t>(config.redis().connections()),
      [address = config.redis().addr()] { return Redis::connect(address); });
  ttl_seconds_ = std::to_string(std::max<int64_t>(config.redis().ttl().seconds(), 1));
}

Result<std::unique_ptr<Items>> Items::create(const conf::Data& config) {
  return std::unique_ptr<Items>(new Items(config));
}

Result<Rows> Items::query(const char* statement, const std::vector<std::string>& parameters) {
  auto rows =
      database_.with([&](Postgres& database) { return database.query(statement, parameters); });
  if (rows.ok() || rows.error().code() == bia::Code::kDeadlineExceeded ||
      rows.error().code() == bia::Code::kCancelled)
    return rows;
  // What the database says is for the log, not for callers.
  bia::log::error("database: " + rows.error().text());
  return v1::error_database("the database is not available");
}

/// None where there is no cache, or it does not answer.
std::optional<std::string> Items::cached(const std::vector<std::string>& command) {
  if (!cache_) return std::nullopt;
  auto reply = cache_->with([&](Redis& redis) { return redis.command(command); });
  if (reply.ok()) return std::move(*reply);
  bia::log::warn("cache: " + reply.error().text());
  return std::nullopt;
}

Result<void> Items::create_tables() {
  BIA_TRY(
      query("CREATE TABLE IF NOT EXISTS items (id bigserial PRIMARY KEY, name text NOT NULL, "
            "count bigint NOT NULL CHECK (count >= 0))",
            {}));
  return {};
}

Result<void> Items::ping() {
  BIA_TRY(query("SELECT 1", {}));
  return {};
}

Result<biz::Item> Items::add(const std::string& name, int64_t count) {
  const Rows rows =
      BIA_TRY(query("INSERT INTO items (name, count) VALUES ($1, $2) RETURNING id, name, count",
                    {name, std::to_string(count)}));
  return item_of(rows, 0);
}

Result<biz::Item> Items::find(int64_t id) {
  if (const auto bytes = cached({"GET", key_of(id)})) {
    if (auto item = unpacked(*bytes)) return std::move(*item);
  }
  const Rows rows =
      BIA_TRY(query("SELECT id, name, count FROM items WHERE id = $1", {std::to_string(id)}));
  if (rows.size() == 0) return v1::error_item_not_found("there is no item " + std::to_string(id));
  biz::Item item = item_of(rows, 0);
  cached({"SET", key_of(id), packed(item), "EX", ttl_seconds_});
  return item;
}

Result<std::vector<biz::Item>> Items::list(int32_t limit) {
  const Rows rows = BIA_TRY(
      query("SELECT id, name, count FROM items ORDER BY id LIMIT $1", {std::to_string(limit)}));
  std::vector<biz::Item> items;
  for (size_t row = 0; row < rows.size(); ++row) items.push_back(item_of(rows, row));
  return items;
}

Result<biz::Item> Items::take(int64_t id, int64_t count) {
  // One statement, so that two who sell the last one do not both succeed.
  const Rows rows =
      BIA_TRY(query("UPDATE items SET count = count - $2 WHERE id = $1 AND count >= $2 "
                    "RETURNING id, name, count",
                    {std::to_string(id), std::to_string(count)}));
  cached({"DEL", key_of(id)});
  if (rows.size() > 0) return item_of(rows, 0);
  const biz::Item item = BIA_TRY(find(id));
  return v1::error_too_few("there are " + std::to_string(item.count) + " of " + item.name);
}

Result<int64_t> Items::count(double seconds) {
  const Rows rows =
      BIA_TRY(query("SELECT count(*), pg_sleep($1) FROM items", {std::to_string(seconds)}));
  return rows.integer(0, 0);
}

}  // namespace shop::data
