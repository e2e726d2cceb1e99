#include <string>

#include "report/writers.h"
#include "web_assets.h"

namespace report {
namespace {

std::string_view asset(std::string_view name) {
  for (const bia::EmbeddedFile& file : web_assets()) {
    if (file.path.ends_with(name)) return file.bytes;
  }
  return {};
}

void replace(std::string& page, std::string_view mark, std::string_view with) {
  size_t at = page.find(mark);
  if (at != std::string::npos) page.replace(at, mark.size(), with);
}

/// JSON inside <script>: "</script>" must not end it.
std::string script_safe(std::string json) {
  for (size_t at = 0; (at = json.find('<', at)) != std::string::npos; at += 6)
    json.replace(at, 1, "\\u003c");
  return json;
}

}  // namespace

std::string to_html(const BenchResult& result) {
  std::string page(asset("page.html"));
  replace(page, "/*STYLE*/", asset("report.css"));
  // The data comes last: nothing in it can be taken for a mark.
  replace(page, "/*CHART*/", asset("chart.min.js"));
  replace(page, "/*SCRIPT*/", asset("report.js"));
  replace(page, "/*DATA*/", script_safe(to_json(result)));
  return page;
}

}  // namespace report
