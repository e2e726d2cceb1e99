#pragma once
#include <utility>

#include "bia/base/result.h"

namespace bia::http {

/// Of a wait for an answer's head that `ClientOptions::head_timeout` ended, in Go's words.
inline Error head_timeout(Error error) {
  if (error.code() != Code::kDeadlineExceeded) return error;
  return Error(Code::kDeadlineExceeded, "HEAD_TIMEOUT",
               "net/http: timeout awaiting response headers");
}

}  // namespace bia::http
