#include "bia/config_etcd.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "bia/bia/log.h"
#include "bia/config_node.h"
#include "bia/fiber/scheduler.h"

namespace bia {
namespace {

constexpr Duration kTimeout = std::chrono::seconds(10);
constexpr Duration kPauseMin = std::chrono::milliseconds(200);
constexpr Duration kPauseMax = std::chrono::seconds(10);

Error bad(std::string_view text, std::string_view what) {
  return Error(Code::kInvalidArgument, "CONFIG", fmt::format("{}: {}", text, what))
      .with_hint("write etcd://127.0.0.1:2379/shop/config.yaml, or etcd://127.0.0.1:2379/shop/");
}

bool wanted(std::string_view source, std::string_view key) {
  if (!source.ends_with('/')) return key == source;
  return config_detail::has_config_extension(key);
}

Result<std::vector<EtcdClient::Entry>> read_in_fiber(const EtcdConfigSource& source) {
  EtcdClient client(source.endpoints, kTimeout);
  int64_t revision = 0;
  auto entries = client.range(source.key, revision);
  if (!entries.ok()) return std::move(entries).error().in(source.url + source.key);
  std::erase_if(*entries, [&](const auto& entry) { return !wanted(source.key, entry.key); });
  if (entries->empty()) {
    return Error(
        Code::kNotFound, "CONFIG",
        fmt::format("{}{}: {}", source.url, source.key,
                    source.key.ends_with('/') ? "no key below ends in .yaml, .yml, .json or .toml"
                                              : "no such key"));
  }
  for (const EtcdClient::Entry& entry : *entries) {
    if (entry.value.size() <= config_detail::kFileBytesMax) continue;
    return Error(Code::kOutOfRange, "CONFIG",
                 fmt::format("{}{}: {} bytes, at most {}", source.url, entry.key,
                             entry.value.size(), config_detail::kFileBytesMax));
  }
  return entries;
}

}  // namespace

Result<EtcdConfigSource> EtcdConfigSource::parse(std::string_view text) {
  EtcdConfigSource source;
  std::string_view rest = text.substr(std::string_view("etcd://").size());
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos || slash + 1 == rest.size()) return bad(text, "has no key");
  source.key = rest.substr(slash);
  source.url = text.substr(0, text.size() - source.key.size());
  if (!source.key.ends_with('/') && !config_detail::has_config_extension(source.key))
    return bad(text, "the key must end in .yaml, .yml, .json or .toml, or in / for all below");
  rest = rest.substr(0, slash);
  if (rest.find('@') != std::string_view::npos) return bad("etcd", "a user's name is not built");
  while (!rest.empty()) {
    const std::string_view one = rest.substr(0, rest.find(','));
    if (one.find(':') == std::string_view::npos)
      return bad(text, fmt::format("\"{}\" has no port", one));
    source.endpoints.emplace_back(one);
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
  }
  if (source.endpoints.empty()) return bad(text, "has no address");
  return source;
}

Result<std::vector<EtcdClient::Entry>> EtcdConfigSource::read() const {
  if (fiber::in_fiber()) return read_in_fiber(*this);
  // Before the program's threads run, or on a helper thread: a scheduler for this one question.
  auto scheduler = BIA_TRY(fiber::Scheduler::create());
  std::optional<Result<std::vector<EtcdClient::Entry>>> entries;
  BIA_TRY(scheduler->spawn([&] { entries.emplace(read_in_fiber(*this)); }));
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
  return std::move(*entries);
}

void EtcdConfigSource::watch(const std::function<void()>& changed) const {
  EtcdClient client(endpoints, kTimeout);
  Duration pause = kPauseMin;
  bool away = false;
  while (!fiber::cancelled()) {
    int64_t revision = 0;
    auto read = client.range(key, revision);
    Result<void> done;
    if (read.ok()) {
      if (away) log::info(fmt::format("configuration: {} answers again", url));
      away = false;
      pause = kPauseMin;
      // Also at the first time and after an absence: what changed meanwhile was missed.
      changed();
      done = client.wait_change(key, revision + 1);
      if (done.ok() || done.error().code() == Code::kOutOfRange) continue;
    } else {
      done = std::move(read).error();
    }
    if (fiber::cancelled()) return;
    if (!away)
      log::warn(fmt::format("configuration: {} does not answer, the last good one stays: {}", url,
                            done.error().text()));
    away = true;
    if (!fiber::sleep_for(pause)) return;
    pause = std::min(pause * 2, kPauseMax);
  }
}

}  // namespace bia
