#pragma once
// One flow of control and the switch between two. Calls boost's jump_fcontext itself rather than
// boost::context::fiber: the target of each switch is known (the next ready fiber, or the loop), so
// a fiber goes to the next one directly, with one jump and no trampoline.
#include <cxxabi.h>

#include <boost/context/detail/fcontext.hpp>
#include <cstddef>

#include "fiber/sanitizers.h"
#include "fiber/stack.h"

namespace bia::fiber {

/// The layout of the Itanium C++ ABI's __cxa_eh_globals (section 2.2.2), which it keeps per thread.
/// A fiber suspended inside a catch block would else rethrow whatever another fiber caught
/// meanwhile.
struct EhGlobals {
  void* caught_exceptions = nullptr;
  unsigned int uncaught_exceptions = 0;
};

struct Context {
  boost::context::detail::fcontext_t jump = nullptr;
  EhGlobals eh;
#ifdef BIA_FIBER_ASAN
  void* fake_stack = nullptr;
  const void* stack_base = nullptr;
  size_t stack_bytes = 0;
#endif
#ifdef BIA_FIBER_TSAN
  void* tsan = nullptr;
#endif
};

enum class Leaving { kSuspends, kEnds };

/// To be called by a context right after it was switched to: once at the start of a fiber, else by
/// `switch_context`.
inline void arrive(Context& self, EhGlobals* thread_eh,
                   boost::context::detail::transfer_t transfer) {
  auto* from = static_cast<Context*>(transfer.data);
  from->jump = transfer.fctx;
  *thread_eh = self.eh;
#ifdef BIA_FIBER_ASAN
  const void* from_base = nullptr;
  size_t from_bytes = 0;
  __sanitizer_finish_switch_fiber(self.fake_stack, &from_base, &from_bytes);
  // The loop runs on the thread's own stack, whose bounds are learned here.
  from->stack_base = from_base;
  from->stack_bytes = from_bytes;
#endif
}

inline void switch_context(Context& from, Context& to, EhGlobals* thread_eh,
                           [[maybe_unused]] Leaving leaving) {
  from.eh = *thread_eh;
#ifdef BIA_FIBER_ASAN
  __sanitizer_start_switch_fiber(leaving == Leaving::kEnds ? nullptr : &from.fake_stack,
                                 to.stack_base, to.stack_bytes);
#endif
#ifdef BIA_FIBER_TSAN
  __tsan_switch_to_fiber(to.tsan, 0);
#endif
  arrive(from, thread_eh, boost::context::detail::jump_fcontext(to.jump, &from));
}

inline void make_context(Context& context, const Stack& stack,
                         void (*entry)(boost::context::detail::transfer_t)) {
  context.jump = boost::context::detail::make_fcontext(stack.top(), stack.bytes, entry);
  context.eh = {};
#ifdef BIA_FIBER_ASAN
  context.fake_stack = nullptr;
  context.stack_base = stack.base;
  context.stack_bytes = stack.bytes;
#endif
#ifdef BIA_FIBER_TSAN
  context.tsan = __tsan_create_fiber(0);
#endif
}

}  // namespace bia::fiber
