#include "zelus/templates/moment.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>
#include <vector>

#include "base/read_file.h"

namespace zelus::templates {
namespace {

class FixedZone : public Zone {
 public:
  FixedZone(std::string name, int32_t seconds) : offset_{seconds, std::move(name)} {}
  Offset at(int64_t /*unix_seconds*/) const override { return offset_; }
  std::string name() const override { return offset_.name; }

 private:
  Offset offset_;
};

class LocalZone : public Zone {
 public:
  Offset at(int64_t unix_seconds) const override {
    const time_t at = unix_seconds;
    struct tm parts{};
    if (localtime_r(&at, &parts) == nullptr) return {};
    return {static_cast<int32_t>(parts.tm_gmtoff), parts.tm_zone != nullptr ? parts.tm_zone : ""};
  }
  std::string name() const override { return "Local"; }
};

/// A file of the time zone database (RFC 8536), its 64-bit part.
class FileZone : public Zone {
 public:
  static std::shared_ptr<FileZone> read(const std::string& name, std::string_view bytes) {
    auto zone = std::make_shared<FileZone>();
    zone->name_ = name;
    return zone->parse(bytes) ? zone : nullptr;
  }
  Offset at(int64_t unix_seconds) const override {
    auto after = std::upper_bound(
        changes_.begin(), changes_.end(), unix_seconds,
        [](int64_t at, const std::pair<int64_t, uint8_t>& change) { return at < change.first; });
    return after == changes_.begin() ? offsets_.front() : offsets_[std::prev(after)->second];
  }
  std::string name() const override { return name_; }

 private:
  static int64_t number(std::string_view bytes, size_t at, size_t size) {
    uint64_t value = 0;
    for (size_t i = 0; i < size; ++i)
      value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return size == 4 ? static_cast<int32_t>(value) : static_cast<int64_t>(value);
  }

  bool parse(std::string_view bytes) {
    constexpr size_t kHead = 44;
    if (!good_head(bytes)) return false;
    auto count = [&bytes](size_t index) {
      return static_cast<size_t>(number(bytes, 20 + 4 * index, 4));
    };
    // In the order of the file: UT/local, standard/wall, leap seconds, times, types, characters.
    const size_t first =
        kHead + count(3) * 5 + count(4) * 6 + count(5) + count(2) * 8 + count(1) + count(0);
    if (bytes.size() < first) return false;
    bytes.remove_prefix(first);
    if (!good_head(bytes)) return false;
    const size_t times = count(3), types = count(4), letters = count(5);
    const size_t indexes_at = kHead + times * 8, types_at = indexes_at + times;
    const size_t letters_at = types_at + types * 6;
    if (types == 0 || types > 256 || bytes.size() < letters_at + letters) return false;
    for (size_t i = 0; i < types; ++i) {
      const size_t at = types_at + i * 6;
      const size_t letter = static_cast<unsigned char>(bytes[at + 5]);
      if (letter >= letters) return false;
      std::string_view name = bytes.substr(letters_at + letter, letters - letter);
      offsets_.push_back({static_cast<int32_t>(number(bytes, at, 4)),
                          std::string(name.substr(0, name.find('\0')))});
    }
    for (size_t i = 0; i < times; ++i) {
      const auto type = static_cast<uint8_t>(bytes[indexes_at + i]);
      if (type >= types) return false;
      changes_.emplace_back(number(bytes, kHead + i * 8, 8), type);
    }
    return true;
  }
  static bool good_head(std::string_view bytes) {
    constexpr size_t kHead = 44;
    constexpr int64_t kCountMax = 1 << 20;
    if (bytes.size() < kHead || !bytes.starts_with("TZif") || bytes[4] < '2') return false;
    for (size_t i = 0; i < 6; ++i) {
      const int64_t count = number(bytes, 20 + 4 * i, 4);
      if (count < 0 || count > kCountMax) return false;
    }
    return true;
  }

  std::string name_;
  std::vector<std::pair<int64_t, uint8_t>> changes_;
  std::vector<Offset> offsets_;
};

/// Howard Hinnant's days_from_civil: days since 1970 of a date of the Gregorian calendar.
int64_t days_of(int64_t year, int64_t month, int64_t day) {
  // Months out of range belong to other years.
  year += (month - 1 - ((month - 1) % 12 + 12) % 12) / 12;
  month = ((month - 1) % 12 + 12) % 12 + 1;
  if (month <= 2) --year;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

}  // namespace

const std::string_view kMonthNames[12] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
const std::string_view kDayNames[7] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};

ZonePtr utc_zone() {
  static const ZonePtr zone = std::make_shared<FixedZone>("UTC", 0);
  return zone;
}

ZonePtr local_zone() {
  static const ZonePtr zone = std::make_shared<LocalZone>();
  return zone;
}

ZonePtr fixed_zone(std::string name, int32_t seconds) {
  return std::make_shared<FixedZone>(std::move(name), seconds);
}

ZonePtr load_zone(const std::string& name) {
  if (name.empty() || name == "UTC") return utc_zone();
  if (name == "Local") return local_zone();
  // A thread's own: templates of all threads look zones up. A zone's file is read once.
  thread_local std::map<std::string, ZonePtr> known;
  constexpr size_t kZonesMax = 1000;
  if (auto found = known.find(name); found != known.end()) return found->second;
  if (name.front() == '/' || name.find("..") != std::string::npos || known.size() >= kZonesMax)
    return nullptr;
  auto bytes = bia::read_file("/usr/share/zoneinfo/" + name);
  ZonePtr zone = bytes ? FileZone::read(name, *bytes) : nullptr;
  known.emplace(name, zone);
  return zone;
}

Moment moment_now() {
  const int64_t ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  return {ns / 1'000'000'000, static_cast<int32_t>(ns % 1'000'000'000), local_zone()};
}

Moment moment_zero() { return {unix_of(1, 1, 1, 0, 0, 0), 0, utc_zone()}; }

Moment moment_plus(const Moment& moment, int64_t nanos) {
  constexpr int64_t kSecond = 1'000'000'000;
  Moment out = moment;
  out.seconds += nanos / kSecond;
  int64_t rest = moment.nanos + nanos % kSecond;
  if (rest < 0) rest += kSecond, --out.seconds;
  if (rest >= kSecond) rest -= kSecond, ++out.seconds;
  out.nanos = static_cast<int32_t>(rest);
  return out;
}

int64_t unix_of(int64_t year, int64_t month, int64_t day, int64_t hour, int64_t minute,
                int64_t second) {
  return ((days_of(year, month, 1) + day - 1) * 24 + hour) * 3600 + minute * 60 + second;
}

Calendar calendar(const Moment& moment) {
  Calendar out;
  out.offset = moment.zone->at(moment.seconds);
  const int64_t local = moment.seconds + out.offset.seconds;
  int64_t days = local / 86400;
  int64_t rest = local % 86400;
  if (rest < 0) rest += 86400, --days;
  out.hour = static_cast<int>(rest / 3600);
  out.minute = static_cast<int>(rest / 60 % 60);
  out.second = static_cast<int>(rest % 60);
  out.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  const int64_t shifted = days + 719468;
  const int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const int64_t of_era = shifted - era * 146097;
  const int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * of_year + 2) / 153;
  out.day = static_cast<int>(of_year - (153 * month + 2) / 5 + 1);
  out.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  out.year = year_of_era + era * 400 + (out.month <= 2 ? 1 : 0);
  out.year_day = static_cast<int>(days - days_of(out.year, 1, 1) + 1);
  return out;
}

std::string moment_text(const Moment& moment) {
  return format_moment("2006-01-02 15:04:05.999999999 -0700 MST", moment);
}

}  // namespace zelus::templates
