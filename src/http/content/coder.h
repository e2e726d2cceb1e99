#pragma once
#include <string>

#include "bia/http/filters.h"

namespace bia::http {

/// Replaces `body` by its coded form. False, and the body stays, where that is not smaller or there
/// is no memory for it. Holds the calling thread.
bool encode(Coding coding, std::string& body);

}  // namespace bia::http
