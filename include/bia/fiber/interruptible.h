#pragma once
#include "bia/base/time.h"

namespace bia::fiber {

class FiberImpl;

/// As ScopedDeadline, for a wait that others may end: every wait of the calling fiber within the
/// scope also ends at `deadline`, or at `interrupt`, with kDeadlineExceeded. Nests; the earlier one
/// counts. Outside a fiber it does nothing.
class InterruptibleScope {
 public:
  explicit InterruptibleScope(Deadline deadline);
  ~InterruptibleScope();
  InterruptibleScope(const InterruptibleScope&) = delete;
  InterruptibleScope& operator=(const InterruptibleScope&) = delete;

  /// For others on the fiber's thread: the deadline is now. A scope within this one brings the old
  /// deadline back when it ends, so the fiber looks by itself whether it shall go on.
  void interrupt();

 private:
  Deadline before_;
  FiberImpl* fiber_;
};

}  // namespace bia::fiber
