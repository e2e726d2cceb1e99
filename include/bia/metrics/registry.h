#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"

namespace bia::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

/// What one thread has counted. Only that thread writes its cells, so an add is a load and a store;
/// a scrape sums over the shards.
class Shards {
 public:
  static constexpr size_t kChunkCells = 256;
  static constexpr size_t kChunksMax = 256;
  static constexpr size_t kThreadsMax = 256;
  using Cell = std::atomic<uint64_t>;

  Shards();
  ~Shards();
  Shards(const Shards&) = delete;
  Shards& operator=(const Shards&) = delete;

  /// The calling thread's cell.
  Cell& cell(uint32_t index) {
    const Local& local = local_;
    Shard* shard = local.owner == id_ ? static_cast<Shard*>(local.shard) : attach();
    Chunk* chunk = shard->chunks[index / kChunkCells].load(std::memory_order_relaxed);
    if (__builtin_expect(chunk == nullptr, 0)) chunk = add_chunk(*shard, index / kChunkCells);
    return chunk->cells[index % kChunkCells];
  }
  uint64_t sum(uint32_t index) const;
  /// Cells that hold doubles, bit for bit.
  double sum_double(uint32_t index) const;

 private:
  /// Cache lines of its own: another thread's chunk may lie beside it.
  struct alignas(64) Chunk {
    Cell cells[kChunkCells] = {};
  };
  struct Shard {
    std::atomic<Chunk*> chunks[kChunksMax] = {};
  };
  struct Local {
    uint64_t owner = 0;
    void* shard = nullptr;
  };
  static thread_local constinit Local local_;

  Shard* attach();
  Chunk* add_chunk(Shard& shard, size_t index);

  uint64_t id_;  // never given twice in a process: a new registry at an old one's address must not
                 // find the old one's shard
  std::atomic<Shard*> shards_[kThreadsMax] = {};
};

/// A number that only grows. A handle: copy it, keep it; the registry must outlive it. Any thread
/// may add.
class Counter {
 public:
  Counter() = default;
  void add(uint64_t n = 1) {
    Shards::Cell& cell = shards_->cell(cell_);
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return shards_->sum(cell_); }

 private:
  friend class Registry;
  Counter(Shards* shards, uint32_t cell) : shards_(shards), cell_(cell) {}
  Shards* shards_ = nullptr;
  uint32_t cell_ = 0;
};

/// A number that goes up and down: one shared cell, not for the request path.
class Gauge {
 public:
  Gauge() = default;
  void set(double value) { value_->store(value, std::memory_order_relaxed); }
  void add(double value) { value_->fetch_add(value, std::memory_order_relaxed); }
  double value() const { return value_->load(std::memory_order_relaxed); }

 private:
  friend class Registry;
  explicit Gauge(std::atomic<double>* value) : value_(value) {}
  std::atomic<double>* value_ = nullptr;
};

/// The trace of one of a bucket's observations (OpenMetrics 1.0, exemplars).
struct Exemplar {
  std::string trace_id;
  double value = 0;
  double unix_seconds = 0;  ///< 0: none yet
};

/// The last exemplar of each bucket of one histogram. Any thread may put one; while another does,
/// it is left out.
class Exemplars {
 public:
  explicit Exemplars(size_t buckets) : slots_(buckets) {}
  void put(uint32_t bucket, double value, std::string_view trace_id);
  std::vector<Exemplar> all() const;

 private:
  bool try_lock() const { return !busy_.test_and_set(std::memory_order_acquire); }
  mutable std::atomic_flag busy_;
  std::vector<Exemplar> slots_;
};

/// Counts in fixed buckets. A handle like Counter. Any thread may observe.
class Histogram {
 public:
  Histogram() = default;
  void observe(double value) { count_in_bucket(value); }
  /// The same, and remembers the trace where the histogram keeps exemplars.
  void observe(double value, std::string_view trace_id) {
    const uint32_t bucket = count_in_bucket(value);
    if (exemplars_) exemplars_->put(bucket, value, trace_id);
  }
  uint64_t count() const;
  double sum() const { return shards_->sum_double(cell_); }

 private:
  friend class Registry;
  uint32_t count_in_bucket(double value) {
    uint32_t bucket = 0;
    while (bucket < bounds_count_ && !(value <= bounds_[bucket])) ++bucket;
    Shards::Cell* cells = &shards_->cell(cell_);
    cells[1 + bucket].store(cells[1 + bucket].load(std::memory_order_relaxed) + 1,
                            std::memory_order_relaxed);
    const double sum = __builtin_bit_cast(double, cells->load(std::memory_order_relaxed)) + value;
    cells->store(__builtin_bit_cast(uint64_t, sum), std::memory_order_relaxed);
    return bucket;
  }

  Shards* shards_ = nullptr;
  const double* bounds_ = nullptr;
  uint32_t bounds_count_ = 0;
  uint32_t cell_ = 0;  // the sum; the buckets' counts follow in the same chunk
  Exemplars* exemplars_ = nullptr;
};

/// kPrometheus is Prometheus' text format 0.0.4, kOpenMetrics OpenMetrics 1.0, which alone has
/// exemplars.
enum class TextFormat : uint8_t { kPrometheus, kOpenMetrics };
/// What the Content-Type says of it.
std::string_view content_type_of(TextFormat format);
/// What the caller of this Accept likes better; Prometheus' own where it says nothing.
TextFormat accepted_text(std::string_view accept);

class TextWriter {
 public:
  explicit TextWriter(std::string& out, TextFormat format = TextFormat::kPrometheus)
      : out_(out), format_(format) {}
  /// HELP and TYPE; `type` is counter, gauge or histogram. Once a name, before its samples.
  void family(std::string_view name, std::string_view help, std::string_view type);
  void sample(std::string_view name, const Labels& labels, double value);
  /// With the label le behind `labels`, as a histogram's buckets have.
  void bucket(std::string_view name, const Labels& labels, double bound, uint64_t count,
              const Exemplar* exemplar = nullptr);
  /// Behind everything.
  void end();

 private:
  void labels(const Labels& labels, std::string_view last_name, std::string_view last_value);
  std::string& out_;
  TextFormat format_;
};

/// The metrics of one program. Registering takes a lock and is for start-up, or for what turns up
/// rarely; the handles take none.
class Registry {
 public:
  static constexpr size_t kSeriesMax = 16 * 1024;

  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The series of that name and those labels, made where it is new. Thread-safe. Errors:
  /// kInvalidArgument for a name or label that Prometheus does not allow; kAlreadyExists for a name
  /// of another type, help or set of label names; kResourceExhausted above kSeriesMax series.
  Result<Counter> counter(std::string_view name, std::string_view help, const Labels& labels);
  Result<Gauge> gauge(std::string_view name, std::string_view help, const Labels& labels);
  /// `bounds` ascend and are finite; +Inf is added. The bounds of the name's first series count for
  /// all.
  enum class Keep : uint8_t { kCounts, kExemplars };
  Result<Histogram> histogram(std::string_view name, std::string_view help, const Labels& labels,
                              std::span<const double> bounds, Keep keep = Keep::kCounts);
  /// Called at each scrape, for figures that lie elsewhere. Must not suspend.
  void add_collector(std::function<void(TextWriter&)> collector);

  /// Everything as text, families and series in the order in which they were registered.
  /// Thread-safe.
  void write_text(std::string& out, TextFormat format = TextFormat::kPrometheus) const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// process_cpu_seconds_total, process_resident_memory_bytes and the like, by the names of
/// Prometheus' clients, and threads and context switches besides.
void write_process_metrics(TextWriter& out);

}  // namespace bia::metrics
