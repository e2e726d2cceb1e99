#include "zelus/modules/grpc/grpc_protos.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <map>

namespace zelus::modules {

bia::Result<std::shared_ptr<const GrpcProtos>> GrpcProtos::create(
    std::unique_ptr<bia::codec::ProtoSource> source) {
  auto out = std::make_shared<GrpcProtos>();
  std::map<const google::protobuf::Descriptor*, std::shared_ptr<const bia::codec::WireTable>>
      tables;
  auto table = [&tables](const google::protobuf::Descriptor* type)
      -> bia::Result<std::shared_ptr<const bia::codec::WireTable>> {
    auto& made = tables[type];
    if (!made) made = BIA_TRY(bia::codec::WireTable::create(type));
    return made;
  };
  for (const auto* service : source->services()) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      GrpcMethod entry;
      entry.package = service->file()->package();
      entry.service = service->name();
      entry.name = method->name();
      entry.full_service = service->full_name();
      entry.full_name = fmt::format("/{}/{}", service->full_name(), method->name());
      entry.client_stream = method->client_streaming();
      entry.server_stream = method->server_streaming();
      entry.input = BIA_TRY(table(method->input_type()));
      entry.output = BIA_TRY(table(method->output_type()));
      out->methods_.push_back(std::move(entry));
    }
  }
  out->source_ = std::move(source);
  return std::shared_ptr<const GrpcProtos>(std::move(out));
}

const GrpcMethod* GrpcProtos::find(std::string_view full_name) const {
  auto found = std::find_if(methods_.begin(), methods_.end(),
                            [full_name](const GrpcMethod& m) { return m.full_name == full_name; });
  return found == methods_.end() ? nullptr : &*found;
}

}  // namespace zelus::modules
