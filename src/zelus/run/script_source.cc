#include "zelus/run/script_source.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "js/module_set.h"
#include "zelus/modules/source/remote_modules.h"

namespace zelus::run {

using bia::Code;
using bia::Error;

namespace {

Error not_found(std::string_view name) {
  return Error(
      Code::kNotFound, "NO_SCRIPT",
      fmt::format(
          "The moduleSpecifier \"{}\" couldn't be found on local disk. Make sure that you've "
          "specified the right path to the file. If "
          "you're running k6 using the Docker image make sure you have mounted the local directory "
          "(-v /local/path/:/inside/docker/path) containing your script and modules so that "
          "they're accessible by k6 from inside of "
          "the container, see "
          "https://grafana.com/docs/k6/latest/using-k6/modules/#use-modules-with-docker.",
          name));
}

}  // namespace

Result<exec::ScriptSource> read_script(const std::string& name,
                                       const std::function<std::string()>& read_stdin,
                                       const exec::RemoteModuleOptions& remote,
                                       options::Logger& logger) {
  exec::ScriptSource source;
  source.name = name;
  std::error_code failed;
  std::filesystem::path here = std::filesystem::current_path(failed);
  if (name == "-") {
    source.url = "file://" + (here / "-").string();
    source.text = read_stdin();
  } else {
    if (name.starts_with("http://"))
      return Error(
          Code::kInvalidArgument, "NO_SCRIPT",
          fmt::format("only supported schemes for imports are file and https, {} has `http`",
                      name));
    if (name.starts_with("https://")) {
      auto text = modules::RemoteModules(remote, logger).fetch(name);
      if (!text)
        return Error(text.error().code(), "NO_SCRIPT",
                     fmt::format("The moduleSpecifier \"{0}\" couldn't be retrieved from the "
                                 "resolved url \"{0}\". Error : \"{1}\"",
                                 name, text.error().message()));
      source.url = name;
      source.text = std::move(*text);
      return source;
    }
    std::string plain = name.starts_with("file://") ? name.substr(7) : name;
    std::filesystem::path path = (here / plain).lexically_normal();
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) {
      if (std::string special = bia::js::special_url_text(name); !special.empty())
        return Error(Code::kInvalidArgument, "NO_SCRIPT", std::move(special));
      return not_found(name);
    }
    if (S_ISDIR(info.st_mode)) {
      std::string folder = path.string();
      if (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
      return Error(Code::kInvalidArgument, "NO_SCRIPT",
                   fmt::format("read {}: is a directory", folder));
    }
    std::ifstream file(path, std::ios::binary);
    if (!file)
      return Error(Code::kPermissionDenied, "NO_SCRIPT",
                   fmt::format("open {}: permission denied", path.string()));
    source.text.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    source.url = "file://" + path.string();
  }
  return source;
}

}  // namespace zelus::run
