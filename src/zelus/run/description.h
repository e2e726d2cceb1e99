#pragma once
#include <string>
#include <vector>

#include "zelus/options/options.h"
#include "zelus/options/segment.h"

namespace zelus::run {

/// zelus' own art, of as many lines as k6's.
std::string banner();

struct Description {
  std::string script;
  std::string outputs = "-";
  bool color = false;
};
/// The block before the progress: what runs, where results go, which scenarios (parity/k6.md 7.1).
std::string describe_run(const Description& about, const options::Options& options,
                         const options::Segment& segment,
                         const std::vector<options::PlanStep>& plan);

}  // namespace zelus::run
