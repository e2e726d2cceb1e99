#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "bia/bia/config_source.h"
#include "bia/fiber/scheduler.h"

namespace bia {

/// Runs `work` in this fiber; before the program's threads run, or on a helper thread, in one of a
/// scheduler for this one question.
template <typename Work>
auto in_some_fiber(Work work) -> decltype(work()) {
  if (fiber::in_fiber()) return work();
  auto scheduler = BIA_TRY(fiber::Scheduler::create());
  std::optional<decltype(work())> done;
  BIA_TRY(scheduler->spawn([&] { done.emplace(work()); }));
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
  return std::move(*done);
}

/// What a source of one's own has now. Errors: its own; kInternal for what it throws; kOutOfRange
/// for an entry above the limit of files.
Result<std::vector<ConfigSource::Entry>> read_own(ConfigSource& source);
/// Watches until the fiber is cancelled, or the source has enough of it; what it throws is logged.
void watch_own(ConfigSource& source, const std::function<void()>& changed);

}  // namespace bia
