// proto-text SET FOLDER: writes each file of a FileDescriptorSet as .proto text below a folder.
// Used by the build alone.
#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/wrappers.pb.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

namespace {
namespace pb = google::protobuf;

/// What the set's files import but do not hold: google/protobuf's own.
void link_well_known() {
  pb::LinkMessageReflection<pb::Any>();
  pb::LinkMessageReflection<pb::Duration>();
  pb::LinkMessageReflection<pb::Struct>();
  pb::LinkMessageReflection<pb::Timestamp>();
  pb::LinkMessageReflection<pb::DoubleValue>();
}

const pb::FileDescriptor* build(const std::string& name,
                                const std::map<std::string, pb::FileDescriptorProto>& files,
                                pb::DescriptorPool& pool) {
  if (const pb::FileDescriptor* known = pool.FindFileByName(name)) return known;
  auto found = files.find(name);
  if (found == files.end()) return nullptr;
  for (const std::string& import : found->second.dependency()) build(import, files, pool);
  return pool.BuildFile(found->second);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: proto-text SET FOLDER\n");
    return 2;
  }
  link_well_known();
  std::ifstream in(argv[1], std::ios::binary);
  std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  pb::FileDescriptorSet set;
  if (!set.ParseFromString(bytes)) {
    std::fprintf(stderr, "%s: not a FileDescriptorSet\n", argv[1]);
    return 1;
  }
  std::map<std::string, pb::FileDescriptorProto> files;
  for (const pb::FileDescriptorProto& file : set.file()) files.emplace(file.name(), file);
  pb::DescriptorPool pool(pb::DescriptorPool::generated_pool());
  for (const auto& [name, file] : files) {
    const pb::FileDescriptor* built = build(name, files, pool);
    if (built == nullptr) {
      std::fprintf(stderr, "%s: %s cannot be built\n", argv[1], name.c_str());
      return 1;
    }
    std::filesystem::path path = std::filesystem::path(argv[2]) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << built->DebugString();
  }
  return 0;
}
