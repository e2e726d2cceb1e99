#include "grpc/reflection.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <utility>

#include "grpc/own_protos.h"
#include "grpc/proto_wire.h"

namespace bia::grpc {

namespace pb = google::protobuf;

/// One field of the `message_response` oneof.
struct ReflectionService::Answer {
  enum Field : uint32_t { kFiles = 4, kExtensionNumbers = 5, kServices = 6, kError = 7 };
  Field field = kError;
  std::string bytes;

  static Answer error(Code code, std::string_view message) {
    Answer answer;
    put_uint(answer.bytes, 1, static_cast<uint64_t>(code));
    put_bytes(answer.bytes, 2, message);
    return answer;
  }
};

ReflectionService::ReflectionService() : own_pool_(make_own_protos()) {}
ReflectionService::~ReflectionService() = default;

void ReflectionService::add_file(const pb::FileDescriptor* file) {
  if (std::find(pools_.begin(), pools_.end(), file->pool()) == pools_.end())
    pools_.push_back(file->pool());
}

Result<void> ReflectionService::add_methods(MethodTable& methods) {
  methods_ = &methods;
  for (std::string_view version : {"v1", "v1alpha"}) {
    MethodHandler method;
    method.path = fmt::format("/grpc.reflection.{}.ServerReflection/ServerReflectionInfo", version);
    method.stream = [this](ServerCall& call) { return serve(call); };
    BIA_TRY(methods.add(std::move(method)));
  }
  return {};
}

Result<void> ReflectionService::serve(ServerCall& call) const {
  std::set<std::string> sent;
  std::string request;
  while (BIA_TRY(call.read(request))) BIA_TRY(call.write(BIA_TRY(answer(request, sent))));
  return {};
}

template <typename LookUp>
auto ReflectionService::find(LookUp look_up) const
    -> decltype(look_up(std::declval<const pb::DescriptorPool&>())) {
  for (const pb::DescriptorPool* pool : pools_) {
    if (auto found = look_up(*pool)) return found;
  }
  return look_up(*own_pool_);
}

const pb::FileDescriptor* ReflectionService::file_of(const std::string& symbol) const {
  return find([&](auto& pool) { return pool.FindFileContainingSymbol(symbol); });
}

Result<std::string> ReflectionService::answer(std::string_view request,
                                              std::set<std::string>& sent) const {
  std::string host;
  uint32_t kind = 0;
  std::string argument;
  FieldReader fields(request);
  while (fields.next()) {
    if (fields.wire_type() != 2) continue;
    if (fields.field() == 1) host = fields.bytes();
    if (fields.field() >= 3 && fields.field() <= 7) {
      kind = fields.field();
      argument = fields.bytes();
    }
  }
  if (!fields.ok())
    return Error(Code::kInternal, "",
                 "grpc: error unmarshalling request: malformed ServerReflectionRequest");
  Answer answer;
  switch (kind) {
    case 3:
      answer =
          file(find([&](auto& pool) { return pool.FindFileByName(argument); }), argument, sent);
      break;
    case 4:
      answer = file(file_of(argument), argument, sent);
      break;
    case 5:
      answer = file_of_extension(argument, sent);
      break;
    case 6:
      answer = extension_numbers(argument);
      break;
    case 7:
      answer = list_services();
      break;
    default:
      return Error(Code::kInvalidArgument, "", "invalid MessageRequest: none of its kinds is set");
  }
  std::string response;
  if (!host.empty()) put_bytes(response, 1, host);
  put_bytes(response, 2, request);
  put_bytes(response, answer.field, answer.bytes);
  return response;
}

ReflectionService::Answer ReflectionService::list_services() const {
  std::vector<std::string_view> names;
  for (const std::string& service : methods_->services()) names.push_back(service);
  std::sort(names.begin(), names.end());
  Answer answer{Answer::kServices, {}};
  for (std::string_view name : names) {
    std::string service;
    put_bytes(service, 1, name);
    put_bytes(answer.bytes, 1, service);
  }
  return answer;
}

ReflectionService::Answer ReflectionService::file(const pb::FileDescriptor* found,
                                                  const std::string& what,
                                                  std::set<std::string>& sent) const {
  if (!found) return Answer::error(Code::kNotFound, fmt::format("not found: {}", what));
  Answer answer{Answer::kFiles, {}};
  std::vector<const pb::FileDescriptor*> files{found};
  std::set<std::string> queued{found->name()};
  for (size_t i = 0; i < files.size(); ++i) {
    const pb::FileDescriptor* each = files[i];
    pb::FileDescriptorProto proto;
    each->CopyTo(&proto);
    put_bytes(answer.bytes, 1, proto.SerializeAsString());
    for (int d = 0; d < each->dependency_count(); ++d) {
      const pb::FileDescriptor* dependency = each->dependency(d);
      if (!sent.contains(dependency->name()) && queued.insert(dependency->name()).second)
        files.push_back(dependency);
    }
  }
  sent.merge(queued);
  return answer;
}

ReflectionService::Answer ReflectionService::file_of_extension(std::string_view extension_request,
                                                               std::set<std::string>& sent) const {
  std::string type;
  int number = 0;
  FieldReader fields(extension_request);
  while (fields.next()) {
    if (fields.field() == 1) type = fields.bytes();
    if (fields.field() == 2) number = static_cast<int>(fields.value());
  }
  const pb::FileDescriptor* found = find([&](auto& pool) -> const pb::FileDescriptor* {
    const pb::Descriptor* message = pool.FindMessageTypeByName(type);
    const pb::FieldDescriptor* extension =
        message ? pool.FindExtensionByNumber(message, number) : nullptr;
    return extension ? extension->file() : nullptr;
  });
  return file(found, fmt::format("extension {} of {}", number, type), sent);
}

ReflectionService::Answer ReflectionService::extension_numbers(const std::string& type) const {
  const pb::Descriptor* message =
      find([&](auto& pool) { return pool.FindMessageTypeByName(type); });
  if (!message) return Answer::error(Code::kNotFound, fmt::format("not found: {}", type));
  std::vector<const pb::FieldDescriptor*> extensions;
  message->file()->pool()->FindAllExtensions(message, &extensions);
  std::vector<int> numbers;
  for (const pb::FieldDescriptor* extension : extensions) numbers.push_back(extension->number());
  std::sort(numbers.begin(), numbers.end());
  Answer answer{Answer::kExtensionNumbers, {}};
  put_bytes(answer.bytes, 1, type);
  std::string packed;
  for (int number : numbers) codec::append_varint(packed, static_cast<uint64_t>(number));
  if (!packed.empty()) put_bytes(answer.bytes, 2, packed);
  return answer;
}

}  // namespace bia::grpc
