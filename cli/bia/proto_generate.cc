// bia proto client and bia proto openapi: protoc with protoc-gen-bia.
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <ostream>

#include "build.h"
#include "proto.h"

namespace bia::cli {
namespace {
namespace fs = std::filesystem;

struct Tools {
  std::string plugin;  ///< protoc-gen-bia, beside this program
  std::string protos;  ///< google/api and its like
};

Result<Tools> find_tools() {
  std::error_code error;
  const fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
  Tools tools;
  tools.plugin = (folder / "protoc-gen-bia").string();
  if (!fs::exists(tools.plugin, error))
    return Error(Code::kNotFound, "NO_PLUGIN", fmt::format("there is no {}", tools.plugin))
        .with_hint("install bia whole: cmake --install build/release");
  // Installed, and in the build folder.
  for (std::string_view below : {"../share/bia/proto", "../proto"}) {
    const fs::path candidate = folder / below;
    if (fs::exists(candidate / "google/api/annotations.proto", error))
      tools.protos = candidate.string();
  }
  return tools;
}

/// Paths relative to `root`, as protoc names files.
Result<std::vector<std::string>> below(const std::string& root,
                                       const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const fs::path name = fs::absolute(file).lexically_normal().lexically_relative(
        fs::absolute(root).lexically_normal());
    if (name.empty() || *name.begin() == "..")
      return Error(Code::kInvalidArgument, "ARGUMENT",
                   fmt::format("{} is not below {}, where its imports begin", file, root))
          .with_hint("--proto_path names another folder");
    names.push_back(name.string());
  }
  return names;
}

Result<int> run_protoc(const Tools& tools, const std::string& root,
                       const std::vector<std::string>& options,
                       const std::vector<std::string>& names) {
  std::vector<std::string> words = {"protoc", "-I", root};
  std::error_code error;
  if (fs::is_directory("third_party", error)) words.insert(words.end(), {"-I", "third_party"});
  if (!tools.protos.empty()) words.insert(words.end(), {"-I", tools.protos});
  words.push_back("--plugin=protoc-gen-bia=" + tools.plugin);
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), names.begin(), names.end());
  return run_process(words);
}

}  // namespace

Result<int> proto_client(const std::vector<std::string>& words, const Args& args, Io& io) {
  if (words.size() != 1)
    return Error(Code::kInvalidArgument, "ARGUMENT", "Please enter the proto file or directory")
        .with_hint("bia proto client api/shop/v1/order.proto");
  const std::vector<std::string> files = BIA_TRY(proto_files(words[0]));
  const std::string root = proto_root(files[0], args);
  const std::vector<std::string> names = BIA_TRY(below(root, files));
  const Tools tools = BIA_TRY(find_tools());
  const std::string out = args.get("out", "gen");
  std::error_code error;
  fs::create_directories(out, error);
  std::vector<std::string> options = {"--cpp_out=" + out, "--bia_out=" + out};
  options.insert(options.end(), args.rest().begin(), args.rest().end());
  const int code = BIA_TRY(run_protoc(tools, root, options, names));
  if (code != 0) return code;
  for (size_t i = 0; i < files.size(); ++i) {
    fmt::print(io.out, "proto: {}\n", files[i]);
    const std::string stem = (fs::path(out) / fs::path(names[i]).replace_extension()).string();
    for (std::string_view end : {".pb.h", ".pb.cc", ".bia.h", ".bia.cc"}) {
      if (fs::exists(fmt::format("{}{}", stem, end), error))
        fmt::print(io.out, "{}{}\n", stem, end);
    }
  }
  return 0;
}

Result<int> proto_openapi(const std::vector<std::string>& words, const Args& args, Io& io) {
  if (words.empty())
    return Error(Code::kInvalidArgument, "ARGUMENT", "Please enter the proto file or directory")
        .with_hint("bia proto openapi api");
  std::vector<std::string> files;
  for (const std::string& word : words) {
    for (std::string& file : BIA_TRY(proto_files(word))) files.push_back(std::move(file));
  }
  const std::string root = proto_root(files[0], args);
  const std::vector<std::string> names = BIA_TRY(below(root, files));
  const Tools tools = BIA_TRY(find_tools());
  const fs::path out = args.get("out", "openapi.json");
  for (const std::string& text : {args.get("title"), args.get("api_version"), out.string()}) {
    if (text.find(',') != std::string::npos)
      return Error(Code::kInvalidArgument, "ARGUMENT",
                   fmt::format("\"{}\" has a comma, which protoc's parameters cannot hold", text));
  }
  std::string parameter = "openapi=" + out.filename().string();
  if (args.has("title")) parameter += ",title=" + args.get("title");
  if (args.has("api_version")) parameter += ",version=" + args.get("api_version");
  const std::string folder = out.has_parent_path() ? out.parent_path().string() : ".";
  std::error_code error;
  fs::create_directories(folder, error);
  std::vector<std::string> options = {"--bia_opt=" + parameter, "--bia_out=" + folder};
  options.insert(options.end(), args.rest().begin(), args.rest().end());
  const int code = BIA_TRY(run_protoc(tools, root, options, names));
  if (code == 0) fmt::print(io.out, "CREATED {}\n", out.string());
  return code;
}

}  // namespace bia::cli
