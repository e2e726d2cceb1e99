#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "zelus/ghz/printers.h"

namespace zelus::ghz {
namespace {

constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--fg:#1c2430;--bg:#fff;--soft:#eef1f5;--line:#d5dbe3;--bar:#2f6fde;--muted:#5c6877}
@media (prefers-color-scheme:dark){:root{--fg:#e4e9f0;--bg:#12161c;--soft:#1c222b;--line:#313a46;--bar:#6ea2ff;--muted:#97a3b3}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--fg);background:var(--bg);max-width:60rem;margin:0 auto;padding:1rem}
h1{margin:.2rem 0}h2{margin:2rem 0 .5rem;border-bottom:1px solid var(--line)}nav a{margin-right:1rem}
a{color:var(--bar)}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line)}
td.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.tag{background:var(--soft);border-radius:.6rem;padding:.1rem .6rem;margin-right:.4rem}
.bar{background:var(--bar);height:1rem;border-radius:2px}td.w{width:70%}pre{background:var(--soft);padding:1rem;overflow:auto}
button{font:inherit;padding:.3rem .8rem;margin-right:.5rem}footer{color:var(--muted);margin-top:2rem}
)css";

std::string escape(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// JSON inside <script>: "</script>" must not end it.
std::string escape_script(std::string json) {
  for (size_t at = 0; (at = json.find('<', at)) != std::string::npos; at += 6)
    json.replace(at, 1, "\\u003c");
  return json;
}

void add_summary(std::string& out, const Report& report) {
  out += "<h2 id=\"summary\">Summary</h2><table>";
  const std::pair<const char*, std::string> rows[] = {
      {"Count", std::to_string(report.count)},
      {"Total", duration_text(report.total_ns)},
      {"Slowest", duration_text(report.slowest_ns)},
      {"Fastest", duration_text(report.fastest_ns)},
      {"Average", duration_text(report.average_ns)},
      {"Requests / sec", fmt::format("{:.2f}", report.rps)},
  };
  for (const auto& [name, value] : rows)
    out += fmt::format("<tr><th>{}</th><td class=\"n\">{}</td></tr>", name, value);
  out += "</table>";
}

void add_histogram(std::string& out, const Report& report) {
  out += "<h2 id=\"histogram\">Histogram</h2><table>";
  uint64_t max = 1;
  for (const Bucket& bucket : report.histogram) max = std::max(max, bucket.count);
  for (const Bucket& bucket : report.histogram) {
    double mark = bucket.mark_seconds * 1000;
    double width = 100.0 * static_cast<double>(bucket.count) / static_cast<double>(max);
    out += fmt::format(
        "<tr><td class=\"n\">{} ms</td><td class=\"w\"><div class=\"bar\" "
        "style=\"width:{:.2f}%\"></div></td><td class=\"n\">{}</td></tr>",
        mark < 1 ? fmt::format("{:.4f}", mark) : fmt::format("{:.2f}", mark), width, bucket.count);
  }
  out += "</table>";
}

void add_shares(std::string& out, std::string_view id, std::string_view title,
                std::string_view column, const std::map<std::string, uint64_t>& rows,
                uint64_t total) {
  out += fmt::format(
      "<h2 id=\"{}\">{}</h2><table><tr><th>{}</th><th>Count</th><th>% of Total</th></tr>", id,
      title, column);
  for (const auto& [what, count] : rows) {
    double share = total > 0 ? 100.0 * static_cast<double>(count) / static_cast<double>(total) : 0;
    out += fmt::format("<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2f} %</td></tr>",
                       escape(what), count, share);
  }
  out += "</table>";
}

void add_data(std::string& out, const Report& report) {
  out +=
      "<h2 id=\"data\">Data</h2><button id=\"json\">JSON</button><button id=\"csv\">CSV</button>";
  out += "<script type=\"application/json\" id=\"report\">" +
         escape_script(json_text(report, Json::kCompact)) + "</script>";
  out += R"js(<script>
const report=JSON.parse(document.getElementById('report').textContent);
function save(name,type,text){const a=document.createElement('a');a.href=URL.createObjectURL(new Blob([text],{type}));a.download=name;a.click()}
document.getElementById('json').onclick=()=>save('data.json','application/json',JSON.stringify(report.details));
const quote=s=>'"'+String(s).replace(/"/g,'""')+'"';
document.getElementById('csv').onclick=()=>save('data.csv','text/csv',['timestamp,latency,error,status',...report.details.map(d=>[d.timestamp,d.latency,quote(d.error),d.status].join(','))].join('\n'));
document.getElementById('options-json').textContent=JSON.stringify(report.options,null,2);
</script>)js";
}

}  // namespace

std::string html_text(const Report& report) {
  std::time_t when = static_cast<std::time_t>(report.date_unix_ns / 1'000'000'000);
  std::tm local{};
  localtime_r(&when, &local);
  char date[64];
  size_t length = std::strftime(date, sizeof date, "%a %b %e %Y @ %H:%M:%S", &local);
  std::string title = report.name.empty() ? "Summary" : escape(report.name);
  std::string out = fmt::format(
      "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\"><title>zelus grpc - "
      "{}</title><style>{}</style></head><body><h1>{}</h1><p>{}</p><nav>",
      title, kStyle, title, std::string_view(date, length));
  for (const char* section : {"Summary", "Histogram", "Latency", "Status", "Data", "Options"}) {
    std::string id(section);
    id[0] = static_cast<char>(id[0] | 0x20);
    out += fmt::format("<a href=\"#{}\">{}</a>", id, section);
  }
  out += "</nav><p>";
  for (const auto& [name, value] : report.tags)
    out += fmt::format("<span class=\"tag\">{}: {}</span>", escape(name), escape(value));
  out += "</p>";
  add_summary(out, report);
  add_histogram(out, report);
  out += "<h2 id=\"latency\">Latency distribution</h2><table>";
  for (const LatencyPercentile& row : report.percentiles) {
    out += fmt::format("<tr><th>{} %</th><td class=\"n\">{}</td></tr>", row.percentage,
                       duration_text(row.latency_ns));
  }
  out += "</table>";
  add_shares(out, "status", "Status distribution", "Status", report.status_distribution,
             report.count);
  if (!report.error_distribution.empty()) {
    add_shares(out, "errors", "Errors", "Error", report.error_distribution, report.count);
  }
  out += "<h2 id=\"options\">Options</h2><pre id=\"options-json\"></pre>";
  add_data(out, report);
  return out + "<footer>Generated by zelus grpc</footer></body></html>\n";
}

}  // namespace zelus::ghz
