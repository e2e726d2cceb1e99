#include "bia/config/config_own.h"

#include <fmt/format.h>

#include "bia/bia/log.h"
#include "bia/config/config_node.h"
#include "bia/log/guarded.h"

namespace bia {

ConfigSource::~ConfigSource() = default;
void ConfigSource::watch(const std::function<void()>&) {}

Result<std::vector<ConfigSource::Entry>> read_own(ConfigSource& source) {
  using Entries = std::vector<ConfigSource::Entry>;
  Entries entries = BIA_TRY(in_some_fiber([&]() -> Result<Entries> {
    Entries read;
    BIA_TRY(guarded("reading a source of the configuration", [&]() -> Result<void> {
      read = BIA_TRY(source.read());
      return {};
    }));
    return read;
  }));
  for (const ConfigSource::Entry& entry : entries) {
    if (entry.text.size() > config_detail::kFileBytesMax)
      return Error(Code::kOutOfRange, "CONFIG",
                   fmt::format("{}: {} bytes, at most {}", entry.name, entry.text.size(),
                               config_detail::kFileBytesMax));
  }
  return entries;
}

void watch_own(ConfigSource& source, const std::function<void()>& changed) {
  const auto done = guarded("watching a source of the configuration", [&]() -> Result<void> {
    source.watch(changed);
    return {};
  });
  if (!done)
    log::error("configuration: changes of it are not seen any more: " + done.error().text());
}

}  // namespace bia
