#include "bia/service_exchange.h"

#include <atomic>
#include <vector>

namespace bia {
namespace {

std::vector<std::vector<Exchange::Messages>>& free_lists() {
  static thread_local std::vector<std::vector<Exchange::Messages>> lists;
  return lists;
}

}  // namespace

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
