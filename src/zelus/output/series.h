#pragma once
#include <memory>
#include <string_view>

#include "zelus/output/output.h"

namespace zelus::output {

/// `-o series=FILE`, beyond k6: the run over time, a line each 200 ms and a total
/// (metrics/series_file.h), as `bia bench` reads it. Of HTTP requests; where the script makes none,
/// of gRPC calls; else of iterations. Its argument is the file's name. Errors: kInvalidArgument
/// without a name.
Result<std::unique_ptr<Output>> create_series(std::string_view argument, const Context& context);

}  // namespace zelus::output
