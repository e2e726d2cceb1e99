#include "service/shop.h"

namespace shop::service {
namespace {

v1::Item message_of(const biz::Item& item) {
  v1::Item message;
  message.set_id(item.id);
  message.set_name(item.name);
  message.set_count(item.count);
  return message;
}

}  // namespace

bia::Result<v1::Item> ShopService::AddItem(bia::Context&, const v1::AddItemRequest& request) {
  return message_of(BIA_TRY(inventory_.add(request.name(), request.count())));
}

bia::Result<v1::Item> ShopService::GetItem(bia::Context&, const v1::GetItemRequest& request) {
  return message_of(BIA_TRY(inventory_.find(request.id())));
}

bia::Result<v1::ListItemsReply> ShopService::ListItems(bia::Context&,
                                                       const v1::ListItemsRequest& request) {
  v1::ListItemsReply reply;
  const auto items = BIA_TRY(inventory_.list(request.limit()));
  for (const biz::Item& item : items) *reply.add_items() = message_of(item);
  return reply;
}

bia::Result<v1::Item> ShopService::SellItem(bia::Context&, const v1::SellItemRequest& request) {
  return message_of(BIA_TRY(inventory_.sell(request.id(), request.count())));
}

bia::Result<v1::ReportReply> ShopService::Report(bia::Context&, const v1::ReportRequest& request) {
  v1::ReportReply reply;
  reply.set_items(BIA_TRY(inventory_.report(request.seconds())));
  return reply;
}

}  // namespace shop::service
