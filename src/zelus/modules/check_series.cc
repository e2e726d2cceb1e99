#include "zelus/modules/check_series.h"

#include "zelus/modules/native.h"

namespace zelus::modules {

bool CheckSeries::find(Vu& vu, JSAtom name, const metrics::TagSet* tags,
                       metrics::SeriesId& series) {
  if (!table_.empty()) {
    for (size_t at = slot(name, tags);; at = (at + 1) & (table_.size() - 1)) {
      const Entry& entry = table_[at];
      if (entry.name == JS_ATOM_NULL) break;
      if (entry.name == name && entry.tags == tags) {
        series = entry.series;
        return true;
      }
    }
  }
  std::string text = atom_text(vu.ctx(), name);
  if (text.find("::") != std::string::npos) return false;
  const metrics::TagSet* with_name = tags;
  if (vu.script().has(metrics::SystemTag::kCheck))
    with_name = vu.shard().tags().with(tags, "check", text);
  series = vu.shard().resolve(metrics::kChecks, with_name);
  if (count_ >= kEntriesMax) return true;
  if (count_ * 2 >= table_.size()) grow();
  size_t at = slot(name, tags);
  while (table_[at].name != JS_ATOM_NULL) at = (at + 1) & (table_.size() - 1);
  table_[at] = {JS_DupAtom(vu.ctx(), name), tags, series};
  ++count_;
  return true;
}

void CheckSeries::grow() {
  std::vector<Entry> old = std::move(table_);
  table_.assign(old.empty() ? 8 : old.size() * 2, Entry());
  for (const Entry& entry : old) {
    if (entry.name == JS_ATOM_NULL) continue;
    size_t at = slot(entry.name, entry.tags);
    while (table_[at].name != JS_ATOM_NULL) at = (at + 1) & (table_.size() - 1);
    table_[at] = entry;
  }
}

void CheckSeries::clear(JSContext* ctx) {
  for (const Entry& entry : table_) JS_FreeAtom(ctx, entry.name);
  table_.clear();
  count_ = 0;
}

}  // namespace zelus::modules
