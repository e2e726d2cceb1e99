#include "data/redis.h"

#include <hiredis/hiredis.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdlib>

namespace shop::data {

using bia::Code;
using bia::Deadline;
using bia::Error;
using bia::Result;

void Redis::Free::operator()(redisContext* context) const { redisFree(context); }
Redis::~Redis() { watch_.reset(); }
bool Redis::usable() const {
  if (in_command_ || context_->err != 0) return false;
  char byte;
  return recv(context_->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
         (errno == EAGAIN || errno == EWOULDBLOCK);
}
Error Redis::lost() const {
  return Error(Code::kUnavailable, "REDIS", "redis is not reached").in(context_->errstr);
}

Result<std::unique_ptr<Redis>> Redis::connect(const std::string& address) {
  const size_t colon = address.rfind(':');
  const int port = colon == std::string::npos ? 0 : std::atoi(address.c_str() + colon + 1);
  if (port <= 0 || port > 65535)
    return Error(Code::kInvalidArgument, "REDIS", "\"" + address + "\" has no port");
  std::unique_ptr<Redis> made(new Redis());
  made->context_.reset(redisConnectNonBlock(address.substr(0, colon).c_str(), port));
  if (!made->context_) return Error(Code::kResourceExhausted, "REDIS", "out of memory");
  if (made->context_->err) return made->lost();
  made->watch_ = BIA_TRY(bia::fiber::FdWatch::create(made->context_->fd));
  BIA_TRY(made->watch_.wait_writable(Deadline::never()));
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(made->context_->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Error(Code::kUnavailable, "REDIS", "redis is not reached").in(address);
  return made;
}

Result<void> Redis::send() {
  for (int done = 0;;) {
    watch_.clear_writable();
    if (redisBufferWrite(context_.get(), &done) != REDIS_OK) return lost();
    if (done) return {};
    BIA_TRY(watch_.wait_writable(Deadline::never()));
  }
}

Result<std::optional<std::string>> Redis::command(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  in_command_ = true;
  if (redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), texts.data(),
                             sizes.data()) != REDIS_OK)
    return lost();
  BIA_TRY(send());
  void* raw = nullptr;
  for (;;) {
    if (redisGetReplyFromReader(context_.get(), &raw) != REDIS_OK) return lost();
    if (raw) break;
    watch_.clear_readable();
    const auto before = context_->reader->len;
    if (redisBufferRead(context_.get()) != REDIS_OK) return lost();
    // What is read may be a whole reply: only a read that brought nothing is waited after.
    if (context_->reader->len == before) BIA_TRY(watch_.wait_readable(Deadline::never()));
  }
  in_command_ = false;
  const std::unique_ptr<redisReply, void (*)(void*)> reply(static_cast<redisReply*>(raw),
                                                           freeReplyObject);
  if (reply->type == REDIS_REPLY_NIL) return std::optional<std::string>();
  std::string text(reply->str ? reply->str : "", reply->str ? reply->len : 0);
  if (reply->type == REDIS_REPLY_ERROR) return Error(Code::kInternal, "REDIS", std::move(text));
  if (reply->type == REDIS_REPLY_INTEGER) text = std::to_string(reply->integer);
  return std::optional<std::string>(std::move(text));
}

}  // namespace shop::data
