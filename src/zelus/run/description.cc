#include "zelus/run/description.h"

#include <fmt/format.h>

namespace zelus::run {

std::string banner() {
  return "          ____________                  \n"
         "         /____   ___ /   ___  __       \n"
         "            /  / /__  / /  / / /___    \n"
         "          /  /_ /__  / /__/ /_/__  /   \n"
         "         /_____/____/____/____/___/    ";
}

std::string describe_run(const Description& about, const options::Options& options,
                         const options::Segment& segment,
                         const std::vector<options::PlanStep>& plan) {
  auto value = [&](std::string_view text) {
    return about.color ? fmt::format("\x1b[36m{}\x1b[0m", text) : std::string(text);
  };
  std::string out = "\n     execution: " + value("local") +
                    "\n        script: " + value(about.script) +
                    "\n        output: " + value(about.outputs) + "\n\n";
  constexpr bia::Duration kRounding = std::chrono::milliseconds(100);
  bia::Duration end = plan.empty() ? bia::Duration(0) : plan.back().offset;
  end = (end + kRounding / 2) / kRounding * kRounding;
  auto scenarios = options::sorted(*options.scenarios);
  std::string count =
      scenarios.size() > 1 ? fmt::format("{} scenarios", scenarios.size()) : "1 scenario";
  out += "     scenarios: " +
         value(fmt::format("({:.2f}%) {}, {} max VUs, {} max duration (incl. graceful stop):",
                           segment.length() * 100, count, options::possible_max(plan),
                           bia::format_go_duration(end))) +
         "\n";
  for (const options::Scenario* scenario : scenarios) {
    out += fmt::format("              * {}: {}\n", scenario->name,
                       options::describe(*scenario, segment));
  }
  return out + "\n";
}

}  // namespace zelus::run
