#pragma once
#include <cstddef>
#include <string_view>

namespace zelus::templates {

/// What a Go time layout is made of.
enum class TimeElement {
  kNone,
  kLongMonth,
  kMonth,
  kNumMonth,
  kZeroMonth,
  kLongWeekday,
  kWeekday,
  kDay,
  kUnderDay,
  kZeroDay,
  kUnderYearDay,
  kZeroYearDay,
  kHour,
  kHour12,
  kZeroHour12,
  kMinute,
  kZeroMinute,
  kSecond,
  kZeroSecond,
  kLongYear,
  kYear,
  kUpperPm,
  kLowerPm,
  kZoneName,
  kZone,            ///< -0700, Z07:00 and their like: see the text
  kFraction,        ///< .000
  kFractionTrimmed  ///< .999
};

struct LayoutChunk {
  std::string_view before;
  TimeElement element = TimeElement::kNone;
  std::string_view text;  ///< the element as the layout has it
};

/// Cuts the text before the next element, and it, off the front. kNone: all was text.
LayoutChunk next_chunk(std::string_view& layout);

}  // namespace zelus::templates
