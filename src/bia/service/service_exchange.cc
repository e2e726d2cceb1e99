#include "bia/service/service_exchange.h"

#include <atomic>
#include <vector>

namespace bia {
namespace {

std::vector<std::vector<Exchange::Messages>>& free_lists() {
  static thread_local std::vector<std::vector<Exchange::Messages>> lists;
  return lists;
}

Result<void> invoke_method(Invocation& invocation) {
  const auto& method = *static_cast<const BoundMethod*>(invocation.method);
  return method.info->invoke(*method.service, invocation.context, invocation.request,
                             invocation.reply);
}

Result<void> answer_decode_error(Invocation& invocation) {
  return *static_cast<const Error*>(invocation.method);
}

}  // namespace

Result<void> run_method(const BoundMethod& method, const Chain& chain, Context& context,
                        const google::protobuf::Message* request, google::protobuf::Message* reply,
                        const Result<void>& decoded) {
  Invocation invocation{context, request, reply, invoke_method, &method};
  if (decoded.ok()) {
    invocation.validate = method.info->validate;
  } else {
    invocation.handler = answer_decode_error;
    invocation.method = &decoded.error();
  }
  Result<Reply> replied = chain.run(invocation);
  if (!replied.ok()) return std::move(replied).error();
  return {};
}

size_t Exchange::next_number() {
  static std::atomic<size_t> next{0};
  return next.fetch_add(1, std::memory_order_relaxed);
}

Exchange::Exchange(const BoundMethod& method) : number_(method.number) {
  auto& lists = free_lists();
  if (number_ >= lists.size()) lists.resize(number_ + 1);
  auto& list = lists[number_];
  if (list.empty()) {
    messages_ = Messages{method.info->new_request(), method.info->new_reply()};
  } else {
    messages_ = std::move(list.back());
    list.pop_back();
  }
}

Exchange::~Exchange() {
  auto& list = free_lists()[number_];
  if (bytes_ > kExchangeBytesKeptMax || list.size() >= kExchangesKeptMax) return;
  messages_.request->Clear();
  messages_.reply->Clear();
  list.push_back(std::move(messages_));
}

}  // namespace bia
