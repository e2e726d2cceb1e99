#include "net/io_error.h"

#include <cerrno>
#include <cstring>

namespace bia::net {
namespace {

std::string_view reason_of(int error_number) {
  switch (error_number) {
    case ECONNREFUSED:
      return "CONNECTION_REFUSED";
    case ECONNRESET:
      return "CONNECTION_RESET";
    case EPIPE:
      return "BROKEN_PIPE";
    case ETIMEDOUT:
      return "CONNECTION_TIMED_OUT";
    case EHOSTUNREACH:
    case ENETUNREACH:
      return "UNREACHABLE";
    default:
      return "IO_ERROR";
  }
}

}  // namespace

Error io_error(std::string_view what, int error_number) {
  return Error(Code::kUnavailable, reason_of(error_number),
               std::string(what) + ": " + std::strerror(error_number))
      .with_metadata("errno", std::to_string(error_number));
}

}  // namespace bia::net
