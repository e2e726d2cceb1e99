#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "fiber/raw_io.h"
#include "fiber/scheduler_impl.h"

namespace bia::fiber {

Result<FdWatch::State*> Scheduler::Impl::watch(int fd) {
  auto state = std::make_unique<FdWatch::State>();
  state->scheduler = this;
  state->fd = fd;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = state.get();
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
    return Error(Code::kResourceExhausted, "CANNOT_WATCH",
                 fmt::format("descriptor {}: epoll: {}", fd, std::strerror(errno)))
        .with_hint("raise fs.epoll.max_user_watches, if the message says no space");
  }
  state->next = watched_;
  if (watched_) watched_->previous = state.get();
  watched_ = state.get();
  return state.release();
}

void Scheduler::Impl::unwatch(FdWatch::State* state) {
  BIA_ASSERT((current_ == this || current_ == nullptr) &&
             "a descriptor is closed on the thread that watches it");
  epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, state->fd, nullptr);
  (state->previous ? state->previous->next : watched_) = state->next;
  if (state->next) state->next->previous = state->previous;
  for (FiberImpl* fiber :
       {std::exchange(state->reader, nullptr), std::exchange(state->writer, nullptr)}) {
    if (!fiber) continue;
    // Also to one that is ready already for another reason: it must not touch the state again.
    wake(fiber, Wake::kReset);
    fiber->wake = Wake::kReset;
  }
  unwatched_.emplace_back(state);
}

namespace {

Result<void> wait_event(FdWatch::State* state, FiberImpl* FdWatch::State::* waiter,
                        const bool FdWatch::State::* flag, Deadline deadline) {
  if (!state) return wake_error(Wake::kReset);
  while (!(state->*flag)) {
    BIA_ASSERT(state->*waiter == nullptr && "one fiber a direction waits for a descriptor");
    state->*waiter = state->scheduler->running();
    Wake why = state->scheduler->park(deadline.at());
    if (why == Wake::kReset) return wake_error(why);  // The state is gone.
    state->*waiter = nullptr;
    if (why != Wake::kSignal) return wake_error(why);
  }
  return {};
}

}  // namespace

FdWatch::FdWatch(FdWatch&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

FdWatch& FdWatch::operator=(FdWatch&& other) noexcept {
  if (this != &other) {
    reset();
    state_ = std::exchange(other.state_, nullptr);
  }
  return *this;
}

FdWatch::~FdWatch() { reset(); }

Result<FdWatch> FdWatch::create(int fd) {
  FdWatch watch;
  watch.state_ = BIA_TRY(Scheduler::Impl::running_here().watch(fd));
  return watch;
}

Result<void> FdWatch::wait_readable(Deadline deadline) {
  return wait_event(state_, &State::reader, &State::readable, deadline);
}
Result<void> FdWatch::wait_writable(Deadline deadline) {
  return wait_event(state_, &State::writer, &State::writable, deadline);
}

bool receive_now(FdWatch::State& state, std::span<char> into, FdWatch::Received& received) {
  for (;;) {
    const ssize_t count = raw_receive(state.fd, into.data(), into.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    received.count = count;
    received.error_number = count < 0 ? errno : 0;
    received.at = now();
    const bool nothing = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    // Fewer bytes than asked for: the kernel has no more now. An end that it announced keeps the
    // descriptor readable.
    const bool drained = nothing || (count > 0 && static_cast<size_t>(count) < into.size());
    if (drained && !state.hung_up) state.readable = false;
    return !nothing;
  }
}

Result<FdWatch::Received> FdWatch::receive(std::span<char> into, Deadline deadline) {
  Received received;
  if (!state_) return wake_error(Wake::kReset);
  if (state_->readable && receive_now(*state_, into, received)) {
    received.readable_at = received.at;
    return received;
  }
  State* state = state_;
  BIA_ASSERT(state->reader == nullptr && "one fiber a direction waits for a descriptor");
  state->reader = state->scheduler->running();
  state->into = into;
  state->received = &received;
  const Wake why = state->scheduler->park(deadline.at());
  if (why == Wake::kReset) return wake_error(why);  // The state is gone.
  state->reader = nullptr;
  state->received = nullptr;
  if (why != Wake::kSignal) return wake_error(why);
  return received;
}

void FdWatch::wake_reader() {
  if (state_ && state_->received) state_->scheduler->wake(state_->reader, Wake::kAborted);
}

void FdWatch::clear_readable() {
  if (state_ && !state_->hung_up) state_->readable = false;
}

void FdWatch::clear_writable() {
  if (state_) state_->writable = false;
}

bool FdWatch::readable() const { return state_ && state_->readable; }
bool FdWatch::hung_up() const { return state_ && state_->hung_up; }

void FdWatch::observe(Observer* observer) {
  if (state_) state_->observer = observer;
}

void FdWatch::reset() {
  State* state = std::exchange(state_, nullptr);
  if (!state) return;
  if (state->scheduler) {
    state->scheduler->unwatch(state);
  } else {
    delete state;
  }
}

}  // namespace bia::fiber
