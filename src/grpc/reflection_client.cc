#include "bia/grpc/reflection_client.h"

#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <set>

#include "grpc/proto_wire.h"

namespace bia::grpc {
namespace {

/// Files that one answer chain may bring: beyond it a server is broken or hostile.
constexpr size_t kFilesMax = 10'000;

// ServerReflectionRequest and -Response by hand: v1 and v1alpha have the same fields on the wire,
// and these are the few that are needed.
constexpr uint32_t kFileByFilename = 3;
constexpr uint32_t kFileContainingSymbol = 4;
constexpr uint32_t kListServices = 7;
constexpr uint32_t kFileDescriptorResponse = 4;
constexpr uint32_t kListServicesResponse = 6;
constexpr uint32_t kErrorResponse = 7;

std::string request(uint32_t field, std::string_view text) {
  std::string bytes;
  put_bytes(bytes, field, text);
  return bytes;
}

Error error_of(std::string_view response) {
  FieldReader fields(response);
  auto code = Code::kUnknown;
  std::string message;
  while (fields.next()) {
    if (fields.field() == 1) code = static_cast<Code>(fields.value());
    if (fields.field() == 2) message = fields.bytes();
  }
  return Error(code, "REFLECTION", message);
}

/// One question, one answer's payload of the wanted kind.
Result<std::string> ask(ClientStream& stream, uint32_t field, std::string_view text,
                        uint32_t wanted) {
  BIA_TRY(stream.write(request(field, text)));
  std::string answer;
  if (!BIA_TRY(stream.read(answer))) {
    Status status = stream.finish();
    return Error(
        status.code == Code::kOk ? Code::kUnavailable : status.code, "REFLECTION",
        status.message.empty() ? "the server ended the reflection stream" : status.message);
  }
  FieldReader fields(answer);
  while (fields.next()) {
    if (fields.field() == kErrorResponse) return error_of(fields.bytes());
    if (fields.field() == wanted) return std::string(fields.bytes());
  }
  return Error(Code::kInternal, "REFLECTION",
               "the server's reflection answer is not of the kind asked for");
}

Result<std::vector<std::string>> collect_files(ClientStream& stream, std::string_view symbol) {
  std::vector<std::string> files;
  std::set<std::string> have;
  std::set<std::string> missing;
  std::set<std::string> asked;
  std::string answer = BIA_TRY(ask(stream, kFileContainingSymbol, symbol, kFileDescriptorResponse));
  for (;;) {
    FieldReader fields(answer);
    while (fields.next()) {
      google::protobuf::FileDescriptorProto file;
      if (fields.field() != 1) continue;
      if (!file.ParseFromArray(fields.bytes().data(), static_cast<int>(fields.bytes().size()))) {
        return Error(Code::kInternal, "REFLECTION",
                     "the server's reflection sent a descriptor that does not parse");
      }
      missing.erase(file.name());
      if (!have.insert(file.name()).second) continue;
      files.emplace_back(fields.bytes());
      for (const std::string& import : file.dependency()) {
        if (!have.count(import)) missing.insert(import);
      }
    }
    if (missing.empty()) return files;
    if (files.size() > kFilesMax)
      return Error(Code::kResourceExhausted, "REFLECTION",
                   "the server's reflection sends too many files");
    std::string name = *missing.begin();
    answer = BIA_TRY(ask(stream, kFileByFilename, name, kFileDescriptorResponse));
    if (answer.empty() || !asked.insert(name).second) {
      return Error(Code::kNotFound, "REFLECTION",
                   "the server's reflection does not send the file " + name);
    }
  }
}

/// Runs `use` on a v1 stream, and on a v1alpha stream where the server does not know v1.
template <typename Use>
auto with_stream(Channel& channel, const Metadata& metadata, Deadline deadline, Use use)
    -> decltype(use(std::declval<ClientStream&>())) {
  for (const char* path : {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                           "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"}) {
    CallOptions options;
    options.deadline = deadline;
    options.metadata = &metadata;
    ClientStream stream = BIA_TRY(channel.stream(path, options));
    auto answer = use(stream);
    stream.close_send();
    stream.cancel();
    if (answer.ok() || answer.error().code() != Code::kUnimplemented) return answer;
  }
  return Error(Code::kUnimplemented, "NO_REFLECTION",
               "the server does not support the reflection API")
      .with_hint("give the .proto file instead");
}

}  // namespace

Result<std::vector<std::string>> reflect_files(Channel& channel, std::string_view symbol,
                                               const Metadata& metadata, Deadline deadline) {
  return with_stream(channel, metadata, deadline,
                     [&](ClientStream& stream) { return collect_files(stream, symbol); });
}

Result<std::vector<std::string>> reflect_services(Channel& channel, const Metadata& metadata,
                                                  Deadline deadline) {
  return with_stream(
      channel, metadata, deadline, [](ClientStream& stream) -> Result<std::vector<std::string>> {
        std::string answer = BIA_TRY(ask(stream, kListServices, "*", kListServicesResponse));
        std::vector<std::string> names;
        FieldReader services(answer);
        while (services.next()) {
          FieldReader service(services.bytes());
          while (service.next()) {
            if (service.field() == 1) names.emplace_back(service.bytes());
          }
        }
        return names;
      });
}

}  // namespace bia::grpc
