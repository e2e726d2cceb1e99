#include "report/series_reader.h"

#include <rapidjson/document.h>

#include <algorithm>

namespace report {
namespace {

double number(const rapidjson::Value& object, const char* key) {
  auto found = object.FindMember(key);
  return found != object.MemberEnd() && found->value.IsNumber() ? found->value.GetDouble() : 0;
}

uint64_t count_of(const rapidjson::Value& object, const char* key) {
  return static_cast<uint64_t>(number(object, key));
}

zelus::metrics::SeriesTotal read_total(const rapidjson::Value& object) {
  zelus::metrics::SeriesTotal total;
  total.count = count_of(object, "count");
  total.failed = count_of(object, "failed");
  total.seconds = number(object, "seconds");
  total.avg_ms = number(object, "avg");
  total.min_ms = number(object, "min");
  total.med_ms = number(object, "med");
  total.max_ms = number(object, "max");
  total.p90_ms = number(object, "p90");
  total.p95_ms = number(object, "p95");
  total.p99_ms = number(object, "p99");
  auto each_pair = [&](const char* key, auto take) {
    auto list = object.FindMember(key);
    if (list == object.MemberEnd() || !list->value.IsArray()) return;
    for (const auto& pair : list->value.GetArray()) {
      if (pair.IsArray() && pair.Size() == 2 && pair[0].IsNumber() && pair[1].IsNumber())
        take(pair[0].GetDouble(), pair[1].GetDouble());
    }
  };
  each_pair("curve",
            [&](double percentile, double ms) { total.curve.emplace_back(percentile, ms); });
  each_pair("histogram", [&](double ms, double count) {
    total.histogram.emplace_back(ms, static_cast<uint64_t>(count));
  });
  return total;
}

}  // namespace

void SeriesReader::poll() {
  std::ifstream file(path_, std::ios::binary);
  if (!file.seekg(offset_)) return;
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    offset_ += static_cast<std::streamoff>(line.size() + 1);
    take(line);
  }
}

void SeriesReader::take(const std::string& line) {
  rapidjson::Document document;
  if (document.Parse(line.c_str(), line.size()).HasParseError() || !document.IsObject()) return;
  auto total = document.FindMember("total");
  if (total != document.MemberEnd() && total->value.IsObject()) {
    total_ = read_total(total->value);
    return;
  }
  points_.push_back({number(document, "t"), count_of(document, "count"),
                     count_of(document, "failed"), number(document, "avg"), number(document, "p95"),
                     number(document, "p99")});
  count_ += points_.back().count;
}

zelus::metrics::SeriesTotal SeriesReader::total_of_points() const {
  zelus::metrics::SeriesTotal total;
  double sum = 0;
  for (const auto& point : points_) {
    total.count += point.count;
    total.failed += point.failed;
    total.seconds = point.seconds;
    sum += point.avg_ms * static_cast<double>(point.count);
    total.p95_ms = std::max(total.p95_ms, point.p95_ms);
    total.p99_ms = std::max(total.p99_ms, point.p99_ms);
  }
  if (total.count > 0) total.avg_ms = sum / static_cast<double>(total.count);
  return total;
}

}  // namespace report
