#include "zelus/output/csv.h"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>

#include "bia/fiber/scheduler.h"
#include "zelus/metrics/go_time.h"
#include "zelus/options/duration.h"
#include "zelus/output/sink_file.h"

namespace zelus::output {
namespace {

struct Config {
  std::string file = "file.csv";
  Duration save_interval = std::chrono::seconds(1);
  std::string time_format = "unix";
};

Error invalid(std::string message) {
  return Error(bia::Code::kInvalidArgument, "BAD_CSV_OUTPUT", std::move(message));
}

Result<void> apply_collector(Config& config, std::string_view json) {
  if (json.empty()) return {};
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject())
    return invalid("collectors.csv of the configuration is no JSON object");
  for (const auto& member : document.GetObject()) {
    std::string_view key(member.name.GetString(), member.name.GetStringLength());
    std::string value = member.value.IsString()   ? member.value.GetString()
                        : member.value.IsNumber() ? fmt::format("{}", member.value.GetDouble())
                                                  : "";
    if (key == "file_name") config.file = value;
    if (key == "time_format") config.time_format = value;
    if (key == "save_interval") config.save_interval = BIA_TRY(options::parse_duration(value));
  }
  return {};
}

Result<void> apply_environment(Config& config,
                               const std::map<std::string, std::string>& environment) {
  auto value_of = [&](const char* name) -> const std::string* {
    auto found = environment.find(name);
    return found == environment.end() || found->second.empty() ? nullptr : &found->second;
  };
  if (const std::string* file = value_of("K6_CSV_FILENAME")) config.file = *file;
  if (const std::string* format = value_of("K6_CSV_TIME_FORMAT")) config.time_format = *format;
  if (const std::string* interval = value_of("K6_CSV_SAVE_INTERVAL")) {
    Result<Duration> parsed = options::parse_duration(*interval);
    if (!parsed) {
      return invalid(
          fmt::format("envconfig.Process: assigning K6_CSV_SAVE_INTERVAL to SaveInterval: "
                      "converting '{}' to type types.NullDuration. details: {}",
                      *interval, parsed.error().message()));
    }
    config.save_interval = *parsed;
  }
  return {};
}

Result<void> apply_argument(Config& config, std::string_view argument) {
  if (argument.empty()) return {};
  if (argument.find('=') == std::string_view::npos) {
    config.file = argument;
    return {};
  }
  std::string_view rest = argument;
  for (;;) {
    size_t comma = std::min(rest.find(','), rest.size());
    std::string_view pair = rest.substr(0, comma);
    size_t equals = std::min(pair.find('='), pair.size());
    std::string_view key = pair.substr(0, equals);
    std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    if (value.empty())
      return invalid(fmt::format("couldn't parse \"{}\" as argument for csv output", argument));
    if (key == "saveInterval") {
      config.save_interval = BIA_TRY(options::parse_duration(value));
    } else if (key == "fileName") {
      config.file = value;
    } else if (key == "timeFormat") {
      config.time_format = value;
    } else {
      return invalid(fmt::format("unknown key \"{}\" as argument for csv output", key));
    }
    if (comma == rest.size()) return {};
    rest.remove_prefix(comma + 1);
  }
}

std::string (*time_formatter(std::string_view name))(int64_t unix_ns) {
  if (name == "unix") return [](int64_t ns) { return std::to_string(ns / 1'000'000'000); };
  if (name == "unix_milli") return [](int64_t ns) { return std::to_string(ns / 1'000'000); };
  if (name == "unix_micro") return [](int64_t ns) { return std::to_string(ns / 1'000); };
  if (name == "unix_nano") return [](int64_t ns) { return std::to_string(ns); };
  if (name == "rfc3339")
    return [](int64_t ns) { return metrics::rfc3339(ns, metrics::TimePrecision::kSeconds); };
  if (name == "rfc3339_nano")
    return [](int64_t ns) { return metrics::rfc3339(ns, metrics::TimePrecision::kNano); };
  return nullptr;
}

class CsvOutput final : public Output {
 public:
  CsvOutput(Config config, std::unique_ptr<SinkFile> sink, const Context& context)
      : config_(std::move(config)),
        sink_(std::move(sink)),
        log_(context.log),
        time_text_(time_formatter(config_.time_format)),
        columns_(context.system_tags.names(/*indexed_only=*/true)) {}

  std::string description() const override {
    return SinkFile::is_stdout(config_.file) ? "csv (stdout)"
                                             : fmt::format("csv ({})", config_.file);
  }
  bool wants_samples() const override { return true; }
  Duration interval() const override { return config_.save_interval; }

  Result<void> start() override {
    std::string header = "metric_name,timestamp,metric_value";
    for (const std::string& column : columns_) header += "," + column;
    header += ",extra_tags,metadata\n";
    if (Result<void> written = sink_->write(header); !written)
      complain("CSV: Error writing column names to file");
    return {};
  }

  void add_samples(const metrics::SampleChunk& samples) override {
    Result<void> written;
    bia::fiber::offload([&] {
      for (const metrics::Sample& sample : samples) append(text_, sample);
      written = sink_->write_here(text_);
      text_.clear();
    });
    if (!written) complain("CSV: Error writing to file");
  }

  Result<void> stop() override { return sink_->close(); }

 private:
  void append(std::string& out, const metrics::Sample& sample) const {
    out += sample.metric->name;
    out += ',';
    out += time_text_(sample.unix_ns);
    fmt::format_to(std::back_inserter(out), ",{:f}", sample.value);
    for (const std::string& column : columns_) {
      out += ',';
      append_csv_field(out, sample.tags->get(column));
    }
    out += ',';
    append_csv_field(out, pairs(sample.tags->tags()));
    out += ',';
    if (sample.metadata != nullptr) append_csv_field(out, pairs(*sample.metadata));
    out += '\n';
  }

  // "k=v&k=v", without what has a column of its own.
  std::string pairs(const std::vector<metrics::Tag>& tags) const {
    std::string text;
    for (const auto& [key, value] : tags) {
      if (std::binary_search(columns_.begin(), columns_.end(), key)) continue;
      if (!text.empty()) text += '&';
      text += key + "=" + value;
    }
    return text;
  }

  void complain(std::string_view what) {
    if (!complained_)
      log_.log(options::LogLevel::kError, what, {{"filename", config_.file}, {"output", "csv"}});
    complained_ = true;
  }

  Config config_;
  std::unique_ptr<SinkFile> sink_;
  options::Logger& log_;
  std::string (*time_text_)(int64_t);
  std::vector<std::string> columns_;
  std::string text_;
  bool complained_ = false;
};

}  // namespace

void append_csv_field(std::string& out, std::string_view field) {
  bool quoted = field == "\\." || field.find_first_of(",\"\r\n") != std::string_view::npos ||
                (!field.empty() && (field[0] == ' ' || (field[0] >= '\t' && field[0] <= '\r')));
  if (!quoted) {
    out += field;
    return;
  }
  out += '"';
  for (char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

Result<std::unique_ptr<Output>> create_csv(std::string_view argument, const Context& context) {
  Config config;
  auto collector = context.collectors.find("csv");
  if (collector != context.collectors.end()) BIA_TRY(apply_collector(config, collector->second));
  BIA_TRY(apply_environment(config, context.environment));
  BIA_TRY(apply_argument(config, argument));
  if (time_formatter(config.time_format) == nullptr)
    return invalid(config.time_format + " does not belong to TimeFormat values");
  if (config.save_interval.count() <= 0)
    return invalid("saveInterval of the csv output has to be more than 0");
  std::unique_ptr<SinkFile> sink = BIA_TRY(SinkFile::open(config.file, context.write_stdout));
  return std::unique_ptr<Output>(
      std::make_unique<CsvOutput>(std::move(config), std::move(sink), context));
}

}  // namespace zelus::output
