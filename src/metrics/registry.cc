#include "bia/metrics/registry.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

namespace bia::metrics {
namespace {

enum class Type { kCounter, kGauge, kHistogram };

std::string_view type_name(Type type) {
  switch (type) {
    case Type::kCounter:
      return "counter";
    case Type::kGauge:
      return "gauge";
    case Type::kHistogram:
      return "histogram";
  }
  return "";
}

// Registering is rare and short, and lower layers have no fibers to suspend: a spin lock will do.
class SpinLock {
 public:
  void lock() {
    while (flag_.test_and_set(std::memory_order_acquire)) __builtin_ia32_pause();
  }
  void unlock() { flag_.clear(std::memory_order_release); }

 private:
  std::atomic_flag flag_;
};

class Locked {
 public:
  explicit Locked(SpinLock& lock) : lock_(lock) { lock_.lock(); }
  ~Locked() { lock_.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  SpinLock& lock_;
};

bool is_name(std::string_view name, bool colon) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colon](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colon && c == ':');
  });
}

Result<void> check_names(Type type, std::string_view name, const Labels& labels) {
  if (!is_name(name, true)) {
    return Error(Code::kInvalidArgument, "METRIC_NAME",
                 fmt::format("metric name \"{}\" is not [a-zA-Z_:][a-zA-Z0-9_:]*", name));
  }
  for (auto label = labels.begin(); label != labels.end(); ++label) {
    const bool reserved =
        label->first.starts_with("__") || (type == Type::kHistogram && label->first == "le");
    const bool twice = std::any_of(labels.begin(), label,
                                   [&](const auto& other) { return other.first == label->first; });
    if (!is_name(label->first, false) || reserved || twice) {
      return Error(Code::kInvalidArgument, "LABEL_NAME",
                   fmt::format("metric {}: label \"{}\" {}", name, label->first,
                               twice      ? "is there twice"
                               : reserved ? "is reserved"
                                          : "is not [a-zA-Z_][a-zA-Z0-9_]*"));
    }
  }
  return {};
}

}  // namespace

class Registry::Impl {
 public:
  struct Series {
    Labels labels;
    uint32_t cell = 0;
    std::atomic<double> gauge{0};
    std::unique_ptr<Exemplars> exemplars = nullptr;
  };
  struct Family {
    std::string name;
    std::string help;
    Type type;
    std::vector<double> bounds;
    std::deque<Series> series;
  };

  Result<std::pair<Family*, Series*>> find_or_add(Type type, std::string_view name,
                                                  std::string_view help, const Labels& labels,
                                                  std::span<const double> bounds);

  mutable SpinLock lock;
  Shards shards;
  std::deque<Family> families;
  std::vector<std::function<void(TextWriter&)>> collectors;
  size_t series_count = 0;
  uint32_t cells = 0;

 private:
  Result<uint32_t> take_cells(uint32_t count) {
    // A histogram's cells lie in one chunk, so that one look-up finds them all.
    const uint32_t left = Shards::kChunkCells - cells % Shards::kChunkCells;
    const uint32_t first = count <= left ? cells : cells + left;
    if (series_count >= kSeriesMax || first + count > Shards::kChunkCells * Shards::kChunksMax) {
      return Error(
          Code::kResourceExhausted, "TOO_MANY_SERIES",
          fmt::format("more than {} metric series or {} cells; a label has too many values",
                      kSeriesMax, Shards::kChunkCells * Shards::kChunksMax));
    }
    cells = first + count;
    ++series_count;
    return first;
  }
};

Result<std::pair<Registry::Impl::Family*, Registry::Impl::Series*>> Registry::Impl::find_or_add(
    Type type, std::string_view name, std::string_view help, const Labels& labels,
    std::span<const double> bounds) {
  BIA_TRY(check_names(type, name, labels));
  Locked locked(lock);
  auto family = std::find_if(families.begin(), families.end(),
                             [&](const Family& f) { return f.name == name; });
  if (family != families.end()) {
    const bool same_names =
        family->series.empty() ||
        std::equal(labels.begin(), labels.end(), family->series[0].labels.begin(),
                   family->series[0].labels.end(),
                   [](auto& a, auto& b) { return a.first == b.first; });
    if (family->type != type || family->help != help || !same_names) {
      return Error(
          Code::kAlreadyExists, "METRIC_EXISTS",
          fmt::format("metric {} is already a {} with another help text, type or label names", name,
                      type_name(family->type)));
    }
    for (Series& series : family->series) {
      if (series.labels == labels) return std::pair(&*family, &series);
    }
  } else {
    families.emplace_back(
        Family{std::string(name), std::string(help), type, {bounds.begin(), bounds.end()}, {}});
    family = std::prev(families.end());
  }
  const uint32_t cell =
      type == Type::kGauge
          ? 0
          : BIA_TRY(take_cells(type == Type::kCounter ? 1 : uint32_t(family->bounds.size()) + 2));
  Series& series = family->series.emplace_back();
  series.labels = labels;
  series.cell = cell;
  return std::pair(&*family, &series);
}

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Result<Counter> Registry::counter(std::string_view name, std::string_view help,
                                  const Labels& labels) {
  const auto [family, series] = BIA_TRY(impl_->find_or_add(Type::kCounter, name, help, labels, {}));
  return Counter(&impl_->shards, series->cell);
}

Result<Gauge> Registry::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const auto [family, series] = BIA_TRY(impl_->find_or_add(Type::kGauge, name, help, labels, {}));
  return Gauge(&series->gauge);
}

Result<Histogram> Registry::histogram(std::string_view name, std::string_view help,
                                      const Labels& labels, std::span<const double> bounds,
                                      Keep keep) {
  const bool ascending =
      std::adjacent_find(bounds.begin(), bounds.end(), std::greater_equal<>()) == bounds.end();
  const bool finite =
      std::all_of(bounds.begin(), bounds.end(), [](double bound) { return std::isfinite(bound); });
  if (!ascending || !finite || bounds.size() + 2 > Shards::kChunkCells) {
    return Error(Code::kInvalidArgument, "HISTOGRAM_BOUNDS",
                 fmt::format("histogram {}: bounds must be finite, ascend, and be at most {}", name,
                             Shards::kChunkCells - 2));
  }
  const auto [family, series] =
      BIA_TRY(impl_->find_or_add(Type::kHistogram, name, help, labels, bounds));
  Histogram histogram;
  histogram.shards_ = &impl_->shards;
  histogram.bounds_ = family->bounds.data();
  histogram.bounds_count_ = uint32_t(family->bounds.size());
  histogram.cell_ = series->cell;
  if (keep == Keep::kExemplars) {
    Locked locked(impl_->lock);
    if (!series->exemplars)
      series->exemplars = std::make_unique<Exemplars>(family->bounds.size() + 1);
    histogram.exemplars_ = series->exemplars.get();
  }
  return histogram;
}

void Registry::add_collector(std::function<void(TextWriter&)> collector) {
  Locked locked(impl_->lock);
  impl_->collectors.push_back(std::move(collector));
}

void Registry::write_text(std::string& out, TextFormat format) const {
  TextWriter writer(out, format);
  Locked locked(impl_->lock);
  for (const Impl::Family& family : impl_->families) {
    if (family.series.empty()) continue;
    writer.family(family.name, family.help, type_name(family.type));
    for (const Impl::Series& series : family.series) {
      if (family.type == Type::kGauge) {
        writer.sample(family.name, series.labels, series.gauge.load(std::memory_order_relaxed));
      } else if (family.type == Type::kCounter) {
        writer.sample(family.name, series.labels, double(impl_->shards.sum(series.cell)));
      } else {
        uint64_t count = 0;
        std::vector<Exemplar> exemplars;
        if (series.exemplars && format == TextFormat::kOpenMetrics)
          exemplars = series.exemplars->all();
        for (uint32_t bucket = 0; bucket <= family.bounds.size(); ++bucket) {
          count += impl_->shards.sum(series.cell + 1 + bucket);
          const bool last = bucket == family.bounds.size();
          writer.bucket(family.name, series.labels,
                        last ? std::numeric_limits<double>::infinity() : family.bounds[bucket],
                        count, exemplars.empty() ? nullptr : &exemplars[bucket]);
        }
        writer.sample(family.name + "_sum", series.labels, impl_->shards.sum_double(series.cell));
        writer.sample(family.name + "_count", series.labels, double(count));
      }
    }
  }
  for (const auto& collector : impl_->collectors) collector(writer);
  writer.end();
}

}  // namespace bia::metrics
