#include "zelus/run/command_threads.h"

#include <fmt/format.h>

#include <vector>

namespace zelus::run {

using bia::Code;
using bia::Error;

Result<void> on_threads(const std::function<void(bia::fiber::ThreadGroup&)>& body) {
  auto probe = BIA_TRY(bia::fiber::ThreadGroup::create(0));
  size_t workers = probe->size();
  probe.reset();
  auto threads = BIA_TRY(bia::fiber::ThreadGroup::create(workers + 1));
  std::vector<bia::fiber::Parker> ended(threads->size());
  threads->run([&](size_t index) {
    if (index != 0) {
      while (!ended[index].park()) bia::fiber::yield();
      return;
    }
    body(*threads);
    for (size_t i = 1; i < threads->size(); ++i)
      threads->scheduler(i).post([&ended, i] { ended[i].unpark(); });
  });
  return {};
}

Result<void> check_arguments(const options::FlagSet& flags, std::string_view hint) {
  size_t count = flags.arguments().size();
  if (count == 1) return {};
  return Error(Code::kInvalidArgument, "ARGUMENTS",
               fmt::format("accepts 1 arg(s), received {}{}", count, hint));
}

}  // namespace zelus::run
