#include "zelus/templates/moment_layout.h"

#include <fmt/format.h>

#include <algorithm>

#include "zelus/templates/moment.h"

namespace zelus::templates {
namespace {

bool digit_at(std::string_view text, size_t at) {
  return at < text.size() && text[at] >= '0' && text[at] <= '9';
}

struct Known {
  std::string_view text;
  TimeElement element;
};

/// Longer ones first where one begins with another.
constexpr Known kKnown[] = {{"January", TimeElement::kLongMonth},
                            {"Jan", TimeElement::kMonth},
                            {"Monday", TimeElement::kLongWeekday},
                            {"Mon", TimeElement::kWeekday},
                            {"MST", TimeElement::kZoneName},
                            {"002", TimeElement::kZeroYearDay},
                            {"01", TimeElement::kZeroMonth},
                            {"02", TimeElement::kZeroDay},
                            {"03", TimeElement::kZeroHour12},
                            {"04", TimeElement::kZeroMinute},
                            {"05", TimeElement::kZeroSecond},
                            {"06", TimeElement::kYear},
                            {"15", TimeElement::kHour},
                            {"1", TimeElement::kNumMonth},
                            {"2006", TimeElement::kLongYear},
                            {"2", TimeElement::kDay},
                            {"__2", TimeElement::kUnderYearDay},
                            {"_2", TimeElement::kUnderDay},
                            {"3", TimeElement::kHour12},
                            {"4", TimeElement::kMinute},
                            {"5", TimeElement::kSecond},
                            {"PM", TimeElement::kUpperPm},
                            {"pm", TimeElement::kLowerPm},
                            {"-070000", TimeElement::kZone},
                            {"-07:00:00", TimeElement::kZone},
                            {"-0700", TimeElement::kZone},
                            {"-07:00", TimeElement::kZone},
                            {"-07", TimeElement::kZone},
                            {"Z070000", TimeElement::kZone},
                            {"Z07:00:00", TimeElement::kZone},
                            {"Z0700", TimeElement::kZone},
                            {"Z07:00", TimeElement::kZone},
                            {"Z07", TimeElement::kZone}};

Known element_at(std::string_view rest) {
  if ((rest[0] == '.' || rest[0] == ',') && rest.size() > 1 && (rest[1] == '0' || rest[1] == '9')) {
    size_t end = rest.find_first_not_of(rest[1], 1);
    if (end == std::string_view::npos) end = rest.size();
    if (!digit_at(rest, end)) {
      return {rest.substr(0, end),
              rest[1] == '0' ? TimeElement::kFraction : TimeElement::kFractionTrimmed};
    }
  }
  for (const Known& known : kKnown) {
    if (!rest.starts_with(known.text)) continue;
    const bool short_name =
        known.element == TimeElement::kMonth || known.element == TimeElement::kWeekday;
    const char next = rest.size() > known.text.size() ? rest[known.text.size()] : ' ';
    if (short_name && next >= 'a' && next <= 'z') continue;  // "Janet" is no month
    return known;
  }
  return {{}, TimeElement::kNone};
}

void append_zone(std::string& out, std::string_view form, int32_t offset) {
  if (form[0] == 'Z' && offset == 0) {
    out += 'Z';
    return;
  }
  out += offset < 0 ? '-' : '+';
  if (offset < 0) offset = -offset;
  const bool colons = form.find(':') != std::string_view::npos;
  out += fmt::format("{:02}", offset / 3600);
  if (form.size() <= 3) return;
  out += fmt::format("{}{:02}", colons ? ":" : "", offset / 60 % 60);
  if (form.size() > 6) out += fmt::format("{}{:02}", colons ? ":" : "", offset % 60);
}

void append_zone_name(std::string& out, const Zone::Offset& offset) {
  if (!offset.name.empty()) {
    out += offset.name;
    return;
  }
  const int32_t minutes = (offset.seconds < 0 ? -offset.seconds : offset.seconds) / 60;
  out += fmt::format("{}{:02}{:02}", offset.seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void append_fraction(std::string& out, std::string_view form, bool trimmed, int32_t nanos) {
  std::string digits = fmt::format("{:09}", nanos);
  digits.resize(std::min<size_t>(form.size() - 1, 9));
  if (trimmed) {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return;
  }
  out += form[0];
  out += digits;
}

int hour12(int hour) { return hour % 12 == 0 ? 12 : hour % 12; }

void append_number(std::string& out, int64_t value, size_t width, char pad) {
  const std::string digits = std::to_string(value);
  if (digits.size() < width) out.append(width - digits.size(), pad);
  out += digits;
}

void append_year(std::string& out, int64_t year) {
  if (year < 0) out += '-';
  append_number(out, year < 0 ? -year : year, 4, '0');
}

void append_date(std::string& out, const LayoutChunk& chunk, const Calendar& at) {
  switch (chunk.element) {
    case TimeElement::kLongMonth:
      out += kMonthNames[at.month - 1];
      return;
    case TimeElement::kMonth:
      out += kMonthNames[at.month - 1].substr(0, 3);
      return;
    case TimeElement::kNumMonth:
      return append_number(out, at.month, 1, '0');
    case TimeElement::kZeroMonth:
      return append_number(out, at.month, 2, '0');
    case TimeElement::kLongWeekday:
      out += kDayNames[at.weekday];
      return;
    case TimeElement::kWeekday:
      out += kDayNames[at.weekday].substr(0, 3);
      return;
    case TimeElement::kDay:
      return append_number(out, at.day, 1, '0');
    case TimeElement::kUnderDay:
      return append_number(out, at.day, 2, ' ');
    case TimeElement::kZeroDay:
      return append_number(out, at.day, 2, '0');
    case TimeElement::kUnderYearDay:
      return append_number(out, at.year_day, 3, ' ');
    case TimeElement::kZeroYearDay:
      return append_number(out, at.year_day, 3, '0');
    case TimeElement::kLongYear:
      return append_year(out, at.year);
    case TimeElement::kYear:
      return append_number(out, (at.year % 100 + 100) % 100, 2, '0');
    default:
      return;
  }
}

void append_clock(std::string& out, const LayoutChunk& chunk, const Calendar& at, int32_t nanos) {
  switch (chunk.element) {
    case TimeElement::kHour:
      return append_number(out, at.hour, 2, '0');
    case TimeElement::kHour12:
      return append_number(out, hour12(at.hour), 1, '0');
    case TimeElement::kZeroHour12:
      return append_number(out, hour12(at.hour), 2, '0');
    case TimeElement::kMinute:
      return append_number(out, at.minute, 1, '0');
    case TimeElement::kZeroMinute:
      return append_number(out, at.minute, 2, '0');
    case TimeElement::kSecond:
      return append_number(out, at.second, 1, '0');
    case TimeElement::kZeroSecond:
      return append_number(out, at.second, 2, '0');
    case TimeElement::kUpperPm:
      out += at.hour >= 12 ? "PM" : "AM";
      return;
    case TimeElement::kLowerPm:
      out += at.hour >= 12 ? "pm" : "am";
      return;
    case TimeElement::kZoneName:
      return append_zone_name(out, at.offset);
    case TimeElement::kZone:
      return append_zone(out, chunk.text, at.offset.seconds);
    case TimeElement::kFraction:
      return append_fraction(out, chunk.text, false, nanos);
    case TimeElement::kFractionTrimmed:
      return append_fraction(out, chunk.text, true, nanos);
    default:
      return;
  }
}

}  // namespace

LayoutChunk next_chunk(std::string_view& layout) {
  for (size_t at = 0; at < layout.size(); ++at) {
    // "_2006" is an underscore and a year.
    if (layout.substr(at).starts_with("_2006")) ++at;
    const Known found = element_at(layout.substr(at));
    if (found.element == TimeElement::kNone) continue;
    const LayoutChunk chunk{layout.substr(0, at), found.element,
                            layout.substr(at, found.text.size())};
    layout.remove_prefix(at + found.text.size());
    return chunk;
  }
  const LayoutChunk chunk{layout, TimeElement::kNone, {}};
  layout = {};
  return chunk;
}

std::string format_moment(std::string_view layout, const Moment& moment) {
  const Calendar at = calendar(moment);
  std::string out;
  while (!layout.empty()) {
    const LayoutChunk chunk = next_chunk(layout);
    out += chunk.before;
    append_date(out, chunk, at);
    append_clock(out, chunk, at, moment.nanos);
  }
  return out;
}

}  // namespace zelus::templates
