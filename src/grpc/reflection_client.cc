#include "bia/grpc/reflection_client.h"

#include <google/protobuf/descriptor.pb.h>

#include <cstdint>
#include <set>

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
  auto put_varint = [&](uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
    bytes += static_cast<char>(value);
  };
  put_varint(field << 3 | 2);
  put_varint(text.size());
  bytes += text;
  return bytes;
}

/// Reads one field of a message; false at the end or where the bytes are not a message.
class Fields {
 public:
  explicit Fields(std::string_view bytes) : rest_(bytes) {}
  uint32_t number = 0;
  uint64_t value = 0;        // varint
  std::string_view payload;  // length-delimited

  bool next() {
    uint64_t tag = 0;
    if (rest_.empty() || !varint(tag)) return false;
    number = static_cast<uint32_t>(tag >> 3);
    payload = {};
    switch (tag & 7) {
      case 0:
        return varint(value);
      case 2:
        return varint(value) && take(value);
      case 1:
        return take(8);
      case 5:
        return take(4);
      default:
        return false;
    }
  }

 private:
  bool varint(uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      out |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }
  bool take(uint64_t size) {
    if (size > rest_.size()) return false;
    payload = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  std::string_view rest_;
};

Error error_of(std::string_view response) {
  Fields fields(response);
  auto code = Code::kUnknown;
  std::string message;
  while (fields.next()) {
    if (fields.number == 1) code = static_cast<Code>(fields.value);
    if (fields.number == 2) message = fields.payload;
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
  Fields fields(answer);
  while (fields.next()) {
    if (fields.number == kErrorResponse) return error_of(fields.payload);
    if (fields.number == wanted) return std::string(fields.payload);
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
    Fields fields(answer);
    while (fields.next()) {
      google::protobuf::FileDescriptorProto file;
      if (fields.number != 1) continue;
      if (!file.ParseFromArray(fields.payload.data(), static_cast<int>(fields.payload.size()))) {
        return Error(Code::kInternal, "REFLECTION",
                     "the server's reflection sent a descriptor that does not parse");
      }
      missing.erase(file.name());
      if (!have.insert(file.name()).second) continue;
      files.emplace_back(fields.payload);
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
        Fields services(answer);
        while (services.next()) {
          Fields service(services.payload);
          while (service.next()) {
            if (service.number == 1) names.emplace_back(service.payload);
          }
        }
        return names;
      });
}

}  // namespace bia::grpc
