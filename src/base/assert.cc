#include "bia/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace bia {

void assert_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "bia: internal error: %s is false at %s:%d; please report it\n", condition,
               file, line);
  std::abort();
}

}  // namespace bia
