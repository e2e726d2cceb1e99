#include "base/read_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bia {
namespace {

Error file_error(const char* what, const std::string& path, int number) {
  const Code code = number == ENOENT || number == ENOTDIR ? Code::kNotFound
                    : number == EACCES || number == EPERM ? Code::kPermissionDenied
                    : number == EISDIR                    ? Code::kInvalidArgument
                                                          : Code::kUnavailable;
  std::string why = std::strerror(number);
  // Go's texts begin in lower case, "input/output error" too.
  if (!why.empty() && why[0] >= 'A' && why[0] <= 'Z') why[0] = static_cast<char>(why[0] | 0x20);
  return Error(code, code == Code::kNotFound ? "NO_FILE" : "UNREADABLE",
               fmt::format("{} {}: {}", what, path, why));
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  constexpr size_t kStepBytes = 64 * 1024;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return file_error("open", path, errno);
  struct stat info{};
  std::string text;
  // One more than its size, so that the end is seen at once.
  size_t step = fstat(fd, &info) == 0 && info.st_size > 0 ? static_cast<size_t>(info.st_size) + 1
                                                          : kStepBytes;
  for (;;) {
    const size_t before = text.size();
    text.resize(before + step);
    const ssize_t count = ::read(fd, text.data() + before, step);
    const int number = errno;
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(count, 0)));
    if (count < 0 && number == EINTR) continue;
    if (count <= 0) {
      ::close(fd);
      if (count < 0) return file_error("read", path, number);
      return text;
    }
    step = kStepBytes;
  }
}

}  // namespace bia
