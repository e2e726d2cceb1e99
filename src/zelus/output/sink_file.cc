#include "zelus/output/sink_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "bia/fiber/scheduler.h"

namespace zelus::output {
namespace {

// errno's text as Go writes it: in lower case.
std::string errno_text(int number) {
  std::string text = std::strerror(number);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

bia::Error file_error(std::string_view what, const std::string& name, int number) {
  return bia::Error(bia::Code::kUnavailable, "FILE_ERROR",
                    fmt::format("{} {}: {}", what, name, errno_text(number)));
}

class StdoutSink final : public SinkFile {
 public:
  explicit StdoutSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}
  bia::Result<void> write_here(std::string_view text) override {
    write_(text);
    return {};
  }
  bia::Result<void> close() override { return {}; }

 private:
  std::function<void(std::string_view)> write_;
};

class PlainSink final : public SinkFile {
 public:
  PlainSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  ~PlainSink() override {
    if (fd_ >= 0) ::close(fd_);
  }
  bia::Result<void> write_here(std::string_view text) override {
    while (!text.empty()) {
      ssize_t written = ::write(fd_, text.data(), text.size());
      if (written >= 0) {
        text.remove_prefix(static_cast<size_t>(written));
      } else if (errno != EINTR) {
        return file_error("write", name_, errno);
      }
    }
    return {};
  }
  bia::Result<void> close() override {
    int failed = 0;
    bia::fiber::offload([&] { failed = ::close(fd_) != 0 ? errno : 0; });
    fd_ = -1;
    if (failed != 0) return file_error("close", name_, failed);
    return {};
  }

 private:
  int fd_;
  std::string name_;
};

class GzipSink final : public SinkFile {
 public:
  GzipSink(gzFile file, std::string name) : file_(file), name_(std::move(name)) {}
  ~GzipSink() override {
    if (file_ != nullptr) gzclose(file_);
  }
  bia::Result<void> write_here(std::string_view text) override {
    if (!text.empty() && gzwrite(file_, text.data(), static_cast<unsigned>(text.size())) !=
                             static_cast<int>(text.size()))
      return file_error("write", name_, errno);
    return {};
  }
  bia::Result<void> close() override {
    int result = Z_OK;
    int number = 0;
    bia::fiber::offload([&] {
      result = gzclose(file_);
      number = errno;
    });
    file_ = nullptr;
    if (result != Z_OK) return file_error("close", name_, number);
    return {};
  }

 private:
  gzFile file_;
  std::string name_;
};

}  // namespace

bia::Result<void> SinkFile::write(std::string_view text) {
  bia::Result<void> written;
  bia::fiber::offload([&] { written = write_here(text); });
  return written;
}

bia::Result<std::unique_ptr<SinkFile>> SinkFile::open(
    const std::string& name, std::function<void(std::string_view)> write_stdout) {
  if (is_stdout(name))
    return std::unique_ptr<SinkFile>(std::make_unique<StdoutSink>(std::move(write_stdout)));
  int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return file_error("open", name, errno);
  if (!name.ends_with(".gz"))
    return std::unique_ptr<SinkFile>(std::make_unique<PlainSink>(fd, name));
  gzFile file = gzdopen(fd, "wb");
  if (file == nullptr) {
    ::close(fd);
    return file_error("open", name, ENOMEM);
  }
  return std::unique_ptr<SinkFile>(std::make_unique<GzipSink>(file, name));
}

}  // namespace zelus::output
