#include "zelus/ghz/series.h"

namespace zelus::ghz {

void SeriesWriter::write(size_t number, const Interval& interval) {
  double seconds = std::chrono::duration<double>(metrics::kSeriesInterval).count() *
                   static_cast<double>(number + 1);
  file_ << metrics::series_line(
      metrics::series_point(seconds, interval.failed, interval.latencies_ms));
  file_.flush();  // Whoever shows progress reads along.
}

void SeriesWriter::add(size_t number, const Interval& interval) {
  total_.latencies_ms.merge(interval.latencies_ms);
  total_.failed += interval.failed;
  Pending& pending = pending_[number];
  pending.merged.latencies_ms.merge(interval.latencies_ms);
  pending.merged.failed += interval.failed;
  if (++pending.parts < threads_) return;
  write(number, pending.merged);
  pending_.erase(number);
}

void SeriesWriter::finish(double seconds) {
  for (const auto& [number, pending] : pending_) write(number, pending.merged);
  pending_.clear();
  file_ << metrics::series_line(metrics::series_total(seconds, total_.failed, total_.latencies_ms));
  file_.flush();
}

}  // namespace zelus::ghz
