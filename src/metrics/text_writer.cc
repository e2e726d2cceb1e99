#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "bia/metrics/registry.h"

namespace bia::metrics {
namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  for (char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (special.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
}

void append_number(std::string& out, double value) {
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (value == std::floor(value) && std::fabs(value) < 9007199254740992.0) {
    fmt::format_to(std::back_inserter(out), "{}", static_cast<int64_t>(value));
  } else {
    fmt::format_to(std::back_inserter(out), "{}", value);
  }
}

}  // namespace

void TextWriter::family(std::string_view name, std::string_view help, std::string_view type) {
  out_.append("# HELP ").append(name).append(" ");
  append_escaped(out_, help, "\\");
  out_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void TextWriter::labels(const Labels& labels, std::string_view last_name,
                        std::string_view last_value) {
  if (labels.empty() && last_name.empty()) return;
  char before = '{';
  const auto add = [&](std::string_view name, std::string_view value) {
    out_ += before;
    out_.append(name).append("=\"");
    append_escaped(out_, value, "\\\"");
    out_ += '"';
    before = ',';
  };
  for (const auto& [name, value] : labels) add(name, value);
  if (!last_name.empty()) add(last_name, last_value);
  out_ += '}';
}

void TextWriter::sample(std::string_view name, const Labels& label_list, double value) {
  out_.append(name);
  labels(label_list, {}, {});
  out_ += ' ';
  append_number(out_, value);
  out_ += '\n';
}

void TextWriter::bucket(std::string_view name, const Labels& label_list, double bound,
                        uint64_t count) {
  std::string text;
  append_number(text, bound);
  out_.append(name).append("_bucket");
  labels(label_list, "le", text);
  fmt::format_to(std::back_inserter(out_), " {}\n", count);
}

}  // namespace bia::metrics
