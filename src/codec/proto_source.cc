#include "bia/codec/proto_source.h"

#include <fmt/format.h>
#include <google/protobuf/compiler/importer.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "bia/base/embedded_file.h"
#include "embedded_protos.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;

const EmbeddedFile* embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_protos()) {
    if (file.path == name) return &file;
  }
  return nullptr;
}

/// Files on disk, and for what is not there the embedded ones.
class Sources final : public pb::compiler::SourceTree {
 public:
  explicit Sources(pb::compiler::DiskSourceTree& disk) : disk_(disk) {}
  pb::io::ZeroCopyInputStream* Open(const std::string& name) override {
    if (pb::io::ZeroCopyInputStream* stream = disk_.Open(name)) return stream;
    const EmbeddedFile* file = embedded(name);
    return file ? new pb::io::ArrayInputStream(file->bytes.data(),
                                               static_cast<int>(file->bytes.size()))
                : nullptr;
  }
  std::string GetLastErrorMessage() override { return disk_.GetLastErrorMessage(); }

 private:
  pb::compiler::DiskSourceTree& disk_;
};

class Errors final : public pb::compiler::MultiFileErrorCollector {
 public:
  void AddError(const std::string& file, int line, int column,
                const std::string& message) override {
    if (!text.empty()) text += '\n';
    // Lines count from 0 here; -1 is the whole file.
    if (line < 0 && message == "File not found.") {
      text += fmt::format("open {}: no such file or directory", file);  // ghz' and k6's words
      return;
    }
    text += line < 0 ? fmt::format("{}: {}", file, message)
                     : fmt::format("{}:{}:{}: {}", file, line + 1, column + 1, message);
  }
  std::string text;
};

class PoolErrors final : public pb::DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const pb::Message*,
                ErrorLocation, const std::string& message) override {
    if (!text.empty()) text += '\n';
    text += fmt::format("{}: {}: {}", file, element, message);
  }
  std::string text;
};

Error bad(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_PROTO", std::move(message));
}

}  // namespace

struct ProtoSource::Impl {
  // In this order, for each points to what is above it.
  pb::compiler::DiskSourceTree disk;
  std::unique_ptr<Sources> sources;
  Errors errors;
  std::unique_ptr<pb::compiler::Importer> importer;
  std::unique_ptr<pb::DescriptorPool> built;
  std::vector<const pb::FileDescriptor*> files;

  const pb::DescriptorPool& pool() const { return importer ? *importer->pool() : *built; }
};

ProtoSource::ProtoSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProtoSource::~ProtoSource() = default;

Result<std::unique_ptr<ProtoSource>> ProtoSource::from_files(
    const std::vector<std::string>& files, const std::vector<std::string>& import_paths) {
  namespace fs = std::filesystem;
  auto impl = std::make_unique<Impl>();
  std::vector<std::string> names;
  for (const std::string& path : import_paths) impl->disk.MapPath("", path);
  if (import_paths.empty()) impl->disk.MapPath("", ".");
  for (const std::string& file : files) {
    std::string name;
    std::string shadowed;
    std::error_code ignored;
    if (fs::is_regular_file(file, ignored)) {
      // A file of the disk is known by its path below an import folder; one below none by its own
      // name, in its own folder.
      auto result = impl->disk.DiskFileToVirtualFile(file, &name, &shadowed);
      if (result != pb::compiler::DiskSourceTree::SUCCESS) {
        fs::path path(file);
        name = path.filename().string();
        impl->disk.MapPath("", path.has_parent_path() ? path.parent_path().string() : ".");
      }
    } else {
      name = file;
    }
    names.push_back(std::move(name));
  }
  impl->sources = std::make_unique<Sources>(impl->disk);
  impl->importer = std::make_unique<pb::compiler::Importer>(impl->sources.get(), &impl->errors);
  for (size_t i = 0; i < names.size(); ++i) {
    const pb::FileDescriptor* file = impl->importer->Import(names[i]);
    if (file == nullptr && impl->errors.text.empty())
      impl->errors.AddError(files[i], -1, 0, "cannot be read");
    if (file != nullptr) impl->files.push_back(file);
  }
  if (!impl->errors.text.empty()) return bad(impl->errors.text);
  return std::unique_ptr<ProtoSource>(new ProtoSource(std::move(impl)));
}

namespace {

/// Builds files after their imports, from what was sent and, for what was not, from the embedded or
/// compiled-in ones.
class PoolBuilder {
 public:
  explicit PoolBuilder(pb::DescriptorPool& pool) : pool_(pool) {}
  void add(pb::FileDescriptorProto file) { files_.emplace(file.name(), std::move(file)); }
  const std::map<std::string, pb::FileDescriptorProto>& files() const { return files_; }

  const pb::FileDescriptor* build(const std::string& name, int depth = 0) {
    if (const pb::FileDescriptor* known = pool_.FindFileByName(name)) return known;
    if (depth > kImportDepthMax || !wrong.empty()) return nullptr;
    auto found = files_.find(name);
    pb::FileDescriptorProto file;
    if (found != files_.end()) {
      file = found->second;
    } else if (!built_in(name, file)) {
      wrong = fmt::format("{}: the file is imported but not among the descriptors", name);
      return nullptr;
    }
    for (const std::string& import : file.dependency()) {
      if (build(import, depth + 1) == nullptr) {
        if (wrong.empty())
          wrong = fmt::format("{}: its imports form a circle or nest deeper than {}", import,
                              kImportDepthMax);
        return nullptr;
      }
    }
    PoolErrors errors;
    const pb::FileDescriptor* built = pool_.BuildFileCollectingErrors(file, &errors);
    if (built == nullptr) wrong = errors.text;
    return built;
  }
  std::string wrong;

 private:
  static constexpr int kImportDepthMax = 200;

  static bool built_in(const std::string& name, pb::FileDescriptorProto& file) {
    if (const pb::FileDescriptor* compiled =
            pb::DescriptorPool::generated_pool()->FindFileByName(name)) {
      compiled->CopyTo(&file);
      return true;
    }
    const EmbeddedFile* text = embedded(name);
    if (text == nullptr) return false;
    Result<std::unique_ptr<ProtoSource>> parsed = ProtoSource::from_files({name}, {"/nonexistent"});
    if (!parsed.ok()) return false;
    (*parsed)->files()[0]->CopyTo(&file);
    return true;
  }

  pb::DescriptorPool& pool_;
  std::map<std::string, pb::FileDescriptorProto> files_;
};

}  // namespace

Result<std::unique_ptr<ProtoSource>> ProtoSource::from_file_descriptors(
    const std::vector<std::string>& files) {
  auto impl = std::make_unique<Impl>();
  impl->built = std::make_unique<pb::DescriptorPool>();
  PoolBuilder builder(*impl->built);
  for (const std::string& bytes : files) {
    pb::FileDescriptorProto file;
    if (!file.ParseFromString(bytes)) return bad("the bytes are not a FileDescriptorProto");
    builder.add(std::move(file));
  }
  for (const auto& [name, file] : builder.files()) {
    const pb::FileDescriptor* built = builder.build(name);
    if (built == nullptr) return bad(builder.wrong);
    impl->files.push_back(built);
  }
  return std::unique_ptr<ProtoSource>(new ProtoSource(std::move(impl)));
}

Result<std::unique_ptr<ProtoSource>> ProtoSource::from_descriptor_set(std::string_view bytes) {
  pb::FileDescriptorSet set;
  if (!set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Error(bad("the bytes are not a FileDescriptorSet"))
        .with_hint("make it with: protoc --include_imports --descriptor_set_out=FILE");
  }
  std::vector<std::string> files;
  for (const pb::FileDescriptorProto& file : set.file()) files.push_back(file.SerializeAsString());
  return from_file_descriptors(files);
}

const pb::DescriptorPool& ProtoSource::pool() const { return impl_->pool(); }
const std::vector<const pb::FileDescriptor*>& ProtoSource::files() const { return impl_->files; }

std::vector<const pb::ServiceDescriptor*> ProtoSource::services() const {
  std::vector<const pb::ServiceDescriptor*> services;
  std::set<const pb::FileDescriptor*> seen;
  std::vector<const pb::FileDescriptor*> left(impl_->files.rbegin(), impl_->files.rend());
  while (!left.empty()) {
    const pb::FileDescriptor* file = left.back();
    left.pop_back();
    if (!seen.insert(file).second) continue;
    for (int i = 0; i < file->service_count(); ++i) services.push_back(file->service(i));
    for (int i = file->dependency_count() - 1; i >= 0; --i) left.push_back(file->dependency(i));
  }
  return services;
}

const pb::MethodDescriptor* ProtoSource::find_method(std::string_view name) const {
  std::string full(name.starts_with('/') ? name.substr(1) : name);
  if (size_t slash = full.find('/'); slash != std::string::npos) full[slash] = '.';
  return pool().FindMethodByName(full);
}
const pb::ServiceDescriptor* ProtoSource::find_service(std::string_view name) const {
  return pool().FindServiceByName(std::string(name));
}
const pb::Descriptor* ProtoSource::find_message(std::string_view name) const {
  return pool().FindMessageTypeByName(std::string(name));
}

}  // namespace bia::codec
