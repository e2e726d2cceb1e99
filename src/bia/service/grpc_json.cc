#include "bia/service/grpc_json.h"

#include <google/protobuf/message.h>

#include <utility>

#include "bia/codec/wire_table.h"

namespace bia {
namespace {

using codec::WireTable;

/// JSON on the caller's side, protobuf on the method's.
struct Translation {
  std::shared_ptr<const WireTable> request;
  std::shared_ptr<const WireTable> reply;

  Result<void> to_wire(std::string_view json, std::string& wire) const {
    Result<void> read = request->json_to_wire(json, wire, codec::UnknownFields::kDiscard);
    if (read.ok()) return read;
    return Error(Code::kInternal, "CODEC",
                 "grpc: error unmarshalling request: proto: " + read.error().message());
  }
};

class JsonCall final : public grpc::ServerCall {
 public:
  JsonCall(grpc::ServerCall& call, const Translation& translation)
      : call_(call), translation_(translation) {}
  ~JsonCall() = default;

  std::string_view path() const override { return call_.path(); }
  std::string_view metadata(std::string_view key) const override { return call_.metadata(key); }
  const grpc::Metadata& all_metadata() const override { return call_.all_metadata(); }
  void add_initial_metadata(std::string_view key, std::string_view value) override {
    call_.add_initial_metadata(key, value);
  }
  void add_trailing_metadata(std::string_view key, std::string_view value) override {
    call_.add_trailing_metadata(key, value);
  }
  Deadline deadline() const override { return call_.deadline(); }
  std::string peer() const override { return call_.peer(); }
  bool cancelled() const override { return call_.cancelled(); }
  std::optional<net::TlsInfo> tls() const override { return call_.tls(); }
  Result<bool> read(std::string& message) override {
    std::string json;
    if (!BIA_TRY(call_.read(json))) return false;
    message.clear();
    BIA_TRY(translation_.to_wire(json, message));
    return true;
  }
  Result<void> write(std::string_view message) override {
    std::string json;
    BIA_TRY(translation_.reply->wire_to_json(message, json));
    return call_.write(json);
  }

 private:
  grpc::ServerCall& call_;
  const Translation& translation_;
};

}  // namespace

std::shared_ptr<const grpc::MethodHandler> json_handler(const grpc::MethodHandler& binary,
                                                        const MethodInfo& method,
                                                        RefuseCall refuse) {
  auto request = WireTable::create(method.new_request()->GetDescriptor());
  auto reply = WireTable::create(method.new_reply()->GetDescriptor());
  if (!request.ok() || !reply.ok()) return nullptr;
  const Translation translation{std::move(*request), std::move(*reply)};
  auto made = std::make_shared<grpc::MethodHandler>();
  made->path = binary.path;
  if (binary.unary) {
    made->unary = [translation, unary = binary.unary, refuse = std::move(refuse)](
                      grpc::ServerCall& call, std::string_view json,
                      std::string& answer) -> Result<void> {
      std::string wire, replied;
      if (auto read = translation.to_wire(json, wire); !read.ok())
        return refuse(call, std::move(read).error());
      BIA_TRY(unary(call, wire, replied));
      return translation.reply->wire_to_json(replied, answer);
    };
  } else {
    made->stream = [translation, stream = binary.stream](grpc::ServerCall& call) {
      JsonCall in_json(call, translation);
      return stream(in_json);
    };
  }
  return made;
}

}  // namespace bia
