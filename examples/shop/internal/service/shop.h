#pragma once
#include "biz/inventory.h"
#include "shop/v1/shop.bia.h"

namespace shop::service {

/// Messages to items and back.
class ShopService final : public shop::v1::ShopService {
 public:
  explicit ShopService(biz::Inventory& inventory) : inventory_(inventory) {}
  bia::Result<v1::Item> AddItem(bia::Context&, const v1::AddItemRequest& request) override;
  bia::Result<v1::Item> GetItem(bia::Context&, const v1::GetItemRequest& request) override;
  bia::Result<v1::ListItemsReply> ListItems(bia::Context&,
                                            const v1::ListItemsRequest& request) override;
  bia::Result<v1::Item> SellItem(bia::Context&, const v1::SellItemRequest& request) override;
  bia::Result<v1::ReportReply> Report(bia::Context&, const v1::ReportRequest& request) override;

 private:
  biz::Inventory& inventory_;
};

}  // namespace shop::service
