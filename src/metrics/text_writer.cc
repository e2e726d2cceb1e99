#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iterator>

#include "base/text.h"
#include "base/utf8.h"
#include "bia/metrics/registry.h"

namespace bia::metrics {
namespace {

void append_escaped(std::string& out, std::string_view text, std::string_view special) {
  // One byte that is no UTF-8 would make all of it unreadable.
  constexpr std::string_view kReplacement = "\xef\xbf\xbd";
  while (!text.empty()) {
    const size_t length = utf8_length(text, 0);
    if (text[0] == '\n') {
      out += "\\n";
    } else if (length == 0) {
      out += kReplacement;
    } else {
      if (special.find(text[0]) != std::string_view::npos) out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
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

std::string_view content_type_of(TextFormat format) {
  return format == TextFormat::kOpenMetrics
             ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
             : "text/plain; version=0.0.4; charset=utf-8";
}

namespace {

/// The q of a range's parameters, in thousandths; a version that is not written here is 0.
int weight_of(std::string_view parameters, std::string_view version) {
  int weight = 1000;
  while (!parameters.empty()) {
    const std::string_view one = trim(parameters.substr(0, parameters.find(';')));
    parameters.remove_prefix(std::min(parameters.find(';'), parameters.size() - 1) + 1);
    if (one.starts_with("version=") && one.substr(8) != version) return 0;
    if (!one.starts_with("q=")) continue;
    double q = 0;
    const auto [end, error] = std::from_chars(one.data() + 2, one.data() + one.size(), q);
    weight = error == std::errc() && q >= 0 && q <= 1 ? int(q * 1000 + 0.5) : 0;
  }
  return weight;
}

}  // namespace

TextFormat accepted_text(std::string_view accept) {
  int open_metrics = 0;
  int plain = 0;
  while (!accept.empty()) {
    const std::string_view range = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.find(','), accept.size() - 1) + 1);
    const size_t semicolon = std::min(range.find(';'), range.size());
    const std::string_view type = trim(range.substr(0, semicolon));
    const std::string_view parameters =
        semicolon < range.size() ? range.substr(semicolon + 1) : std::string_view();
    if (type == "application/openmetrics-text") {
      open_metrics = std::max(open_metrics, weight_of(parameters, "1.0.0"));
    } else if (type == "text/plain" || type == "text/*" || type == "*/*") {
      plain = std::max(plain, weight_of(parameters, "0.0.4"));
    }
  }
  return open_metrics > plain ? TextFormat::kOpenMetrics : TextFormat::kPrometheus;
}

void TextWriter::family(std::string_view name, std::string_view help, std::string_view type) {
  if (format_ == TextFormat::kOpenMetrics && type == "counter") {
    // A counter's family is without the suffix that its samples must have.
    if (name.ends_with("_total")) {
      name.remove_suffix(6);
    } else {
      type = "unknown";
    }
  }
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
                        uint64_t count, const Exemplar* exemplar) {
  std::string text;
  append_number(text, bound);
  out_.append(name).append("_bucket");
  labels(label_list, "le", text);
  fmt::format_to(std::back_inserter(out_), " {}", count);
  if (format_ == TextFormat::kOpenMetrics && exemplar && exemplar->unix_seconds > 0) {
    out_ += " # ";
    labels({{"trace_id", exemplar->trace_id}}, {}, {});
    fmt::format_to(std::back_inserter(out_), " {} {:.3f}", exemplar->value, exemplar->unix_seconds);
  }
  out_ += '\n';
}

void TextWriter::end() {
  if (format_ == TextFormat::kOpenMetrics) out_ += "# EOF\n";
}

void Exemplars::put(uint32_t bucket, double value, std::string_view trace_id) {
  if (!try_lock()) return;
  Exemplar& slot = slots_[bucket];
  slot.trace_id = trace_id;
  slot.value = value;
  slot.unix_seconds =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  busy_.clear(std::memory_order_release);
}

std::vector<Exemplar> Exemplars::all() const {
  while (!try_lock()) __builtin_ia32_pause();
  std::vector<Exemplar> copy = slots_;
  busy_.clear(std::memory_order_release);
  return copy;
}

}  // namespace bia::metrics
