#include "bia/net/accept_balance.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <utility>

namespace bia::net {
namespace {

/// A descriptor on its way to another thread, closed where it never arrives.
struct Parcel {
  explicit Parcel(int descriptor) : fd(descriptor) {}
  ~Parcel() {
    if (fd >= 0) close(fd);
  }
  Parcel(const Parcel&) = delete;
  Parcel& operator=(const Parcel&) = delete;
  int take() { return std::exchange(fd, -1); }
  int fd;
};

}  // namespace

class AcceptBalance::Impl {
 public:
  struct alignas(64) Count {
    std::atomic<size_t> connections = 0;
  };

  Impl(fiber::ThreadGroup& group, std::function<void(int, fiber::Fiber&)> handler)
      : threads(group), serve(std::move(handler)), counts(group.size()) {}

  /// The index of the calling thread; 0 where it is none of the group.
  size_t here() const {
    auto* current = fiber::Scheduler::current_or_null();
    for (size_t i = 0; i < counts.size(); ++i) {
      if (&threads.scheduler(i) == current) return i;
    }
    return 0;
  }

  fiber::ThreadGroup& threads;
  std::function<void(int, fiber::Fiber&)> serve;
  std::vector<Count> counts;
};

namespace {

template <typename Impl>
void start(const std::shared_ptr<Impl>& impl, size_t thread, int fd) {
  struct Counted {
    std::atomic<size_t>& count;
    ~Counted() { count.fetch_sub(1, std::memory_order_relaxed); }
  };
  auto self = std::make_shared<fiber::Fiber>();
  auto fiber = fiber::Scheduler::current().spawn([impl, thread, fd, self] {
    Counted counted{impl->counts[thread].connections};
    impl->serve(fd, *self);
    *self = {};
  });
  // It first runs when the caller suspends, and so finds its handle.
  if (fiber) {
    *self = std::move(*fiber);
    return;
  }
  // Without a stack there is no way to answer; the peer sees the close.
  std::fputs(fmt::format("bia: connection refused: {}\n", fiber.error().text()).c_str(), stderr);
  close(fd);
  impl->counts[thread].connections.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace

AcceptBalance::AcceptBalance(fiber::ThreadGroup& threads, std::function<void(int fd)> serve)
    : AcceptBalance(threads, [serve = std::move(serve)](int fd, fiber::Fiber&) { serve(fd); }) {}
AcceptBalance::AcceptBalance(fiber::ThreadGroup& threads,
                             std::function<void(int fd, fiber::Fiber& self)> serve)
    : impl_(std::make_shared<Impl>(threads, std::move(serve))) {}
AcceptBalance::~AcceptBalance() = default;

void AcceptBalance::accepted(int fd) {
  size_t here = impl_->here();
  size_t best = here;
  size_t least = impl_->counts[here].connections.load(std::memory_order_relaxed);
  for (size_t i = 0; i < impl_->counts.size(); ++i) {
    size_t count = impl_->counts[i].connections.load(std::memory_order_relaxed);
    if (count < least) {
      least = count;
      best = i;
    }
  }
  // Counted here, not on arrival: the next one accepted in this turn must see it.
  impl_->counts[best].connections.fetch_add(1, std::memory_order_relaxed);
  if (best == here) {
    start(impl_, here, fd);
    return;
  }
  auto parcel = std::make_shared<Parcel>(fd);
  impl_->threads.scheduler(best).post(
      [impl = impl_, best, parcel] { start(impl, best, parcel->take()); });
}

size_t AcceptBalance::connections(size_t thread) const {
  return impl_->counts[thread].connections.load(std::memory_order_relaxed);
}

}  // namespace bia::net
