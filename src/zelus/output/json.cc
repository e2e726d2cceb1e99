#include "zelus/output/json.h"

#include <fmt/format.h>

#include <set>
#include <unordered_map>

#include "bia/fiber/scheduler.h"
#include "zelus/metrics/go_float.h"
#include "zelus/metrics/go_time.h"
#include "zelus/output/sink_file.h"

namespace zelus::output {
namespace {

constexpr Duration kFlushInterval = std::chrono::milliseconds(200);
/// Text is written in pieces that stay in the CPU's cache.
constexpr size_t kPieceBytes = 64 * 1024;
/// Texts of tag sets that are remembered.
constexpr size_t kTagTextsMax = 8192;

void append_tags(std::string& out, const std::vector<metrics::Tag>& tags) {
  out += '{';
  for (size_t i = 0; i < tags.size(); ++i) {
    if (i > 0) out += ',';
    append_go_json_string(out, tags[i].first);
    out += ':';
    append_go_json_string(out, tags[i].second);
  }
  out += '}';
}

// Not escaped for HTML: k6 writes thresholds by another encoder.
std::string plain_json_string(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

class JsonOutput final : public Output {
 public:
  JsonOutput(std::string_view file, const Context& context) : file_(file), context_(context) {}

  std::string description() const override {
    return SinkFile::is_stdout(file_) ? "json(stdout)" : fmt::format("json ({})", file_);
  }
  bool wants_samples() const override { return true; }
  Duration interval() const override { return kFlushInterval; }

  Result<void> start() override {
    sink_ = BIA_TRY(SinkFile::open(file_, context_.write_stdout));
    return {};
  }

  void add_samples(const metrics::SampleChunk& samples) override {
    // Formatting costs as much as writing: both on the helper thread, so that this thread's users
    // keep their time.
    Result<void> written;
    bia::fiber::offload([&] { written = write_all(samples); });
    if (!written) complain(written.error());
  }

  Result<void> stop() override { return sink_ == nullptr ? Result<void>() : sink_->close(); }

 private:
  Result<void> write_all(const metrics::SampleChunk& samples) {
    Result<void> first;
    auto write = [&] {
      Result<void> written = sink_->write_here(text_);
      if (!written && first.ok()) first = std::move(written);
      text_.clear();
    };
    for (const metrics::Sample& sample : samples) {
      append(text_, sample);
      if (text_.size() >= kPieceBytes) write();
    }
    if (!text_.empty()) write();
    return first;
  }

  void append(std::string& out, const metrics::Sample& sample) {
    out += head_of(out, *sample.metric);
    metrics::append_rfc3339(out, sample.unix_ns, metrics::TimePrecision::kNano);
    out += R"(","value":)";
    metrics::append_go_g(out, sample.value);
    out += tags_of(sample.tags);
    if (sample.metadata != nullptr && !sample.metadata->empty()) {
      out += R"(,"metadata":)";
      append_tags(out, *sample.metadata);
    }
    out += "}}\n";
  }

  /// What a line has before its time. The metric's own line comes before the first sample of it.
  const std::string& head_of(std::string& out, const metrics::Metric& metric) {
    auto [at, is_new] = heads_.try_emplace(&metric);
    if (is_new) {
      if (seen_.insert(metric.name).second) append_metric(out, metric);
      at->second = R"({"metric":)";
      append_go_json_string(at->second, metric.name);
      at->second += R"(,"type":"Point","data":{"time":")";
    }
    return at->second;
  }

  /// A request's samples come one after the other and have one tag set.
  const std::string& tags_of(const metrics::TagSet* tags) {
    if (tags == last_tags_) return *last_text_;
    if (tag_texts_.size() >= kTagTextsMax) tag_texts_.clear();
    auto [at, is_new] = tag_texts_.try_emplace(tags);
    if (is_new) {
      at->second = R"(,"tags":)";
      append_tags(at->second, tags->tags());
    }
    last_tags_ = tags;
    last_text_ = &at->second;
    return at->second;
  }

  void append_metric(std::string& out, const metrics::Metric& metric) {
    out += fmt::format(
        R"({{"type":"Metric","data":{{"name":"{0}","type":"{1}","contains":"{2}","thresholds":{3},"submetrics":{4}}},"metric":"{0}"}})",
        metric.name, metrics::type_name(metric.type), metrics::contains_name(metric.contains),
        thresholds(metric.name), submetrics(metric.name));
    out += '\n';
  }

  std::string thresholds(const std::string& name) const {
    std::string list = "[";
    auto found = context_.threshold_specs.find(name);
    if (found != context_.threshold_specs.end()) {
      for (const metrics::ThresholdSpec& spec : found->second) {
        if (list.size() > 1) list += ',';
        if (!spec.abort_on_fail) {
          list += plain_json_string(spec.expression);
          continue;
        }
        std::string delay = spec.delay_abort_eval.count() == 0
                                ? "null"
                                : plain_json_string(bia::format_go_duration(spec.delay_abort_eval));
        list += fmt::format(R"({{"threshold":{},"abortOnFail":true,"delayAbortEval":{}}})",
                            plain_json_string(spec.expression), delay);
      }
    }
    return list + "]";
  }

  std::string submetrics(const std::string& name) const {
    for (const auto& [id, list] : context_.thresholds.submetrics()) {
      if (list.empty() || !list[0].name.starts_with(name + "{")) continue;
      std::string text = "[";
      for (const metrics::Submetric& submetric : list) {
        if (text.size() > 1) text += ',';
        text += R"({"name":)";
        append_go_json_string(text, submetric.name);
        text += R"(,"suffix":)";
        append_go_json_string(text, submetric.suffix);
        text += R"(,"tags":)";
        append_tags(text, submetric.tags);
        text += '}';
      }
      return text + "]";
    }
    return "null";
  }

  // Once: a full disk would fill the log as well.
  void complain(const Error& error) {
    if (!complained_) {
      context_.log.log(options::LogLevel::kError, "Sample couldn't be marshalled to JSON",
                       {{"error", error.message()}, {"filename", file_}, {"output", "json"}});
    }
    complained_ = true;
  }

  std::string file_;
  const Context& context_;
  std::unique_ptr<SinkFile> sink_;
  std::string text_;
  std::set<std::string> seen_;
  /// By address: metrics and tag sets are interned and outlive the output.
  std::unordered_map<const metrics::Metric*, std::string> heads_;
  std::unordered_map<const metrics::TagSet*, std::string> tag_texts_;
  const metrics::TagSet* last_tags_ = nullptr;
  const std::string* last_text_ = nullptr;
  bool complained_ = false;
};

}  // namespace

void append_go_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      default:
        break;
    }
    // U+2028 and U+2029 end lines in JavaScript.
    bool separator = text.substr(i, 2) == "\xe2\x80" && i + 2 < text.size() &&
                     (text[i + 2] == '\xa8' || text[i + 2] == '\xa9');
    if (separator) {
      out += text[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

Result<std::unique_ptr<Output>> create_json(std::string_view argument, const Context& context) {
  return std::unique_ptr<Output>(std::make_unique<JsonOutput>(argument, context));
}

}  // namespace zelus::output
