#pragma once
#include "codec/go_quote.h"

namespace zelus::options {
using bia::codec::go_quote;
}  // namespace zelus::options
