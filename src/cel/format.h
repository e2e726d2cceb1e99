#pragma once
#include "cel/value.h"

namespace bia::cel {

/// `"%s of %d".format([a, b])`: %s, %d, %f, %e, %b, %o, %x, %X and %%, with a precision.
Value format(Evaluation& evaluation, std::string_view pattern, const List& arguments);

}  // namespace bia::cel
