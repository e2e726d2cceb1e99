// Go's time.ParseInLocation, and what it says of a text that is no time.
#include <fmt/format.h>

#include <algorithm>

#include "codec/go_quote.h"
#include "zelus/templates/moment.h"
#include "zelus/templates/moment_layout.h"

namespace zelus::templates {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

bool digit_at(std::string_view text, size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

class MomentParser {
 public:
  MomentParser(std::string_view layout, std::string_view text, const ZonePtr& zone)
      : layout_(layout), text_(text), rest_(text), zone_(zone) {}

  Result<Moment> parse() {
    for (std::string_view layout = layout_;;) {
      const LayoutChunk chunk = next_chunk(layout);
      const std::string_view held = rest_;
      if (!skip(chunk.before)) return mismatch(held, chunk.before);
      if (chunk.element == TimeElement::kNone) {
        if (!rest_.empty()) return wrong(": extra text: " + bia::codec::go_quote(rest_));
        return finish();
      }
      after_ = layout;
      const std::string_view at = rest_;
      if (!date(chunk) && !clock(chunk) && !zone(chunk)) return mismatch(at, chunk.text);
      if (!range_.empty()) return wrong(fmt::format(": {} out of range", range_));
    }
  }

 private:
  Error wrong(std::string_view what) const {
    return Error(Code::kInvalidArgument, "BAD_TIME",
                 fmt::format("parsing time {}{}", bia::codec::go_quote(text_), what));
  }
  Error mismatch(std::string_view at, std::string_view element) const {
    return wrong(fmt::format(" as {}: cannot parse {} as {}", bia::codec::go_quote(layout_),
                             bia::codec::go_quote(at), bia::codec::go_quote(element)));
  }

  /// The layout's text, where a run of blanks stands for any run of them.
  bool skip(std::string_view prefix) {
    while (!prefix.empty()) {
      if (prefix[0] == ' ') {
        if (!rest_.empty() && rest_[0] != ' ') return false;
        prefix.remove_prefix(std::min(prefix.find_first_not_of(' '), prefix.size()));
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        continue;
      }
      if (rest_.empty() || rest_[0] != prefix[0]) return false;
      prefix.remove_prefix(1);
      rest_.remove_prefix(1);
    }
    return true;
  }

  /// One or two digits; `exact`: two.
  bool number(int64_t& out, bool exact) {
    if (!digit_at(rest_, 0)) return false;
    if (!digit_at(rest_, 1)) {
      if (exact) return false;
      return digits(out, 1);
    }
    return digits(out, 2);
  }
  bool digits(int64_t& out, size_t count) {
    out = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!digit_at(rest_, i)) return false;
      out = out * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(count);
    return true;
  }
  bool name(const std::string_view* names, size_t count, bool whole, int64_t& out) {
    for (size_t i = 0; i < count; ++i) {
      const std::string_view one = whole ? names[i] : names[i].substr(0, 3);
      if (rest_.size() < one.size()) continue;
      bool same = true;
      for (size_t k = 0; k < one.size(); ++k) same = same && (rest_[k] | 0x20) == (one[k] | 0x20);
      if (!same) continue;
      rest_.remove_prefix(one.size());
      out = static_cast<int64_t>(i);
      return true;
    }
    return false;
  }
  bool within(int64_t value, int64_t low, int64_t high, std::string_view what) {
    if (value < low || value > high) range_ = what;
    return true;
  }

  bool date(const LayoutChunk& chunk) {
    int64_t unused = 0;
    switch (chunk.element) {
      case TimeElement::kYear:
        if (!digits(year_, 2)) return false;
        year_ += year_ >= 69 ? 1900 : 2000;
        return true;
      case TimeElement::kLongYear:
        return digits(year_, 4);
      case TimeElement::kLongMonth:
      case TimeElement::kMonth:
        if (!name(kMonthNames, 12, chunk.element == TimeElement::kLongMonth, month_)) return false;
        ++month_;
        return true;
      case TimeElement::kNumMonth:
      case TimeElement::kZeroMonth:
        return number(month_, chunk.element == TimeElement::kZeroMonth) &&
               within(month_, 1, 12, "month");
      case TimeElement::kLongWeekday:
      case TimeElement::kWeekday:
        return name(kDayNames, 7, chunk.element == TimeElement::kLongWeekday, unused);
      case TimeElement::kDay:
      case TimeElement::kUnderDay:
      case TimeElement::kZeroDay:
        if (chunk.element == TimeElement::kUnderDay && rest_.starts_with(' '))
          rest_.remove_prefix(1);
        return number(day_, chunk.element == TimeElement::kZeroDay);
      case TimeElement::kUnderYearDay:
      case TimeElement::kZeroYearDay:
        for (int i = 0; i < 2 && chunk.element == TimeElement::kUnderYearDay; ++i) {
          if (rest_.starts_with(' ')) rest_.remove_prefix(1);
        }
        return chunk.element == TimeElement::kZeroYearDay
                   ? digits(year_day_, 3)
                   : digits(year_day_, std::min<size_t>(rest_.find_first_not_of("0123456789"), 3));
      default:
        return false;
    }
  }

  bool clock(const LayoutChunk& chunk) {
    switch (chunk.element) {
      case TimeElement::kHour:
        return number(hour_, false) && within(hour_, 0, 23, "hour");
      case TimeElement::kHour12:
      case TimeElement::kZeroHour12:
        return number(hour_, chunk.element == TimeElement::kZeroHour12) &&
               within(hour_, 0, 12, "hour");
      case TimeElement::kMinute:
      case TimeElement::kZeroMinute:
        return number(minute_, chunk.element == TimeElement::kZeroMinute) &&
               within(minute_, 0, 59, "minute");
      case TimeElement::kSecond:
      case TimeElement::kZeroSecond:
        if (!number(second_, chunk.element == TimeElement::kZeroSecond)) return false;
        within(second_, 0, 59, "second");
        unasked_fraction();
        return true;
      case TimeElement::kUpperPm:
      case TimeElement::kLowerPm: {
        const bool upper = chunk.element == TimeElement::kUpperPm;
        const std::string_view two = rest_.substr(0, 2);
        pm_ = two == (upper ? "PM" : "pm");
        am_ = two == (upper ? "AM" : "am");
        if (!pm_ && !am_) return false;
        rest_.remove_prefix(2);
        return true;
      }
      case TimeElement::kFraction:
        return fraction(chunk.text.size());
      case TimeElement::kFractionTrimmed:
        if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !digit_at(rest_, 1))
          return true;
        return fraction(fraction_size());
      default:
        return false;
    }
  }

  size_t fraction_size() const {
    size_t size = 1;
    while (digit_at(rest_, size)) ++size;
    return size;
  }
  /// `size` with its point.
  bool fraction(size_t size) {
    if (rest_.size() < size || (rest_[0] != '.' && rest_[0] != ',')) return false;
    std::string digits(rest_.substr(1, size - 1));
    if (digits.find_first_not_of("0123456789") != std::string::npos) return false;
    digits.resize(9, '0');
    nanos_ = 0;
    for (char c : digits) nanos_ = nanos_ * 10 + (c - '0');
    rest_.remove_prefix(size);
    return true;
  }
  /// After the seconds a text may have a fraction that its layout has not.
  void unasked_fraction() {
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !digit_at(rest_, 1)) return;
    std::string_view after = after_;
    const LayoutChunk next = next_chunk(after);
    if (next.before.empty() &&
        (next.element == TimeElement::kFraction || next.element == TimeElement::kFractionTrimmed))
      return;
    fraction(fraction_size());
  }

  bool zone(const LayoutChunk& chunk) {
    if (chunk.element == TimeElement::kZoneName) return zone_name();
    if (chunk.element != TimeElement::kZone) return false;
    if (chunk.text[0] == 'Z' && rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      zone_known_ = utc_zone();
      return true;
    }
    if (rest_.empty() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    const int sign = rest_[0] == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    const bool colons = chunk.text.find(':') != std::string_view::npos;
    const size_t parts = chunk.text.size() <= 3 ? 1 : chunk.text.size() <= 6 ? 2 : 3;
    int64_t values[3] = {};
    for (size_t i = 0; i < parts; ++i) {
      if (i > 0 && colons) {
        if (!rest_.starts_with(':')) return false;
        rest_.remove_prefix(1);
      }
      if (!digits(values[i], 2)) return false;
    }
    within(values[0], 0, 24, "time zone offset hour");
    within(values[1], 0, 60, "time zone offset minute");
    within(values[2], 0, 60, "time zone offset second");
    has_offset_ = true;
    offset_ = static_cast<int32_t>(sign * (values[0] * 3600 + values[1] * 60 + values[2]));
    return true;
  }
  bool zone_name() {
    if (rest_.starts_with("UTC")) {
      rest_.remove_prefix(3);
      zone_known_ = utc_zone();
      return true;
    }
    size_t size = 0;
    while (size < rest_.size() && rest_[size] >= 'A' && rest_[size] <= 'Z') ++size;
    if (size < 3 || size > 4) return false;
    name_ = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  Result<Moment> finish() {
    if (pm_ && hour_ < 12) hour_ += 12;
    if (am_ && hour_ == 12) hour_ = 0;
    const bool leap = (year_ % 4 == 0 && year_ % 100 != 0) || year_ % 400 == 0;
    if (year_day_ >= 0) {
      if (year_day_ < 1 || year_day_ > (leap ? 366 : 365))
        return wrong(": day-of-year out of range");
      month_ = 1;
      day_ = year_day_;
    } else {
      constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
      if (month_ < 0) month_ = 1;
      if (day_ < 0) day_ = 1;
      const int days = month_ == 2 && leap ? 29 : kDays[month_ - 1];
      if (day_ < 1 || day_ > days) return wrong(": day out of range");
    }
    Moment out{unix_of(year_, month_, day_, hour_, minute_, second_), static_cast<int32_t>(nanos_),
               zone_known_};
    if (zone_known_ != nullptr) return out;
    if (has_offset_) {
      out.seconds -= offset_;
      const Zone::Offset here = zone_->at(out.seconds);
      const bool same = here.seconds == offset_ && (name_.empty() || name_ == here.name);
      out.zone = same ? zone_ : fixed_zone(name_, offset_);
      return out;
    }
    if (!name_.empty()) {
      const Zone::Offset here = zone_->at(out.seconds);
      out.zone = here.name == name_ ? zone_ : fixed_zone(name_, 0);
      if (here.name == name_) out.seconds -= here.seconds;
      return out;
    }
    out.zone = zone_;
    const int64_t guess = out.seconds - zone_->at(out.seconds).seconds;
    out.seconds -= zone_->at(guess).seconds;
    return out;
  }

  std::string_view layout_;
  std::string_view text_;
  std::string_view rest_;
  std::string_view after_;
  ZonePtr zone_;
  ZonePtr zone_known_;
  std::string_view range_;
  std::string name_;
  int64_t year_ = 0, month_ = -1, day_ = -1, year_day_ = -1;
  int64_t hour_ = 0, minute_ = 0, second_ = 0, nanos_ = 0;
  int32_t offset_ = 0;
  bool has_offset_ = false, pm_ = false, am_ = false;
};

}  // namespace

Result<Moment> parse_moment(std::string_view layout, std::string_view text, const ZonePtr& zone) {
  return MomentParser(layout, text, zone).parse();
}

}  // namespace zelus::templates
