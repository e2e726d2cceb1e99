#pragma once
#include <string>
#include <string_view>

#include "zelus/run/test_run.h"

namespace zelus::run {

/// k6's archive (parity/k6.md 1.7): metadata.json, the script as `data`, and the files that it
/// opened and imported under file/.
std::string write_archive(const LoadedTest& test, const options::Options& consolidated,
                          bool with_environment);

/// What an archive holds, as if the script had been read from where it once was.
struct OpenedArchive {
  exec::ScriptSource source;
  std::string options_json;
  Environment env;
};
/// Errors: kInvalidArgument for what is no archive of k6.
Result<OpenedArchive> open_archive(const exec::ScriptSource& tar);

}  // namespace zelus::run
