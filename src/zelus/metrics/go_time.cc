#include "zelus/metrics/go_time.h"

#include <fmt/format.h>

#include <ctime>

namespace zelus::metrics {
namespace {

/// Without trailing zeros; nothing for zero.
void append_fraction(std::string& out, int64_t nanos) {
  if (nanos == 0) return;
  char fraction[] = ".000000000";
  for (char* digit = fraction + 9; digit > fraction; --digit, nanos /= 10)
    *digit = static_cast<char>('0' + nanos % 10);
  size_t size = 10;
  while (fraction[size - 1] == '0') --size;
  out.append(fraction, size);
}

}  // namespace

void append_rfc3339(std::string& out, int64_t unix_ns, TimePrecision precision) {
  constexpr int64_t kSecond = 1'000'000'000;
  UnixTime at{unix_ns / kSecond, unix_ns % kSecond};
  if (at.nanos < 0) at = {at.seconds - 1, at.nanos + kSecond};
  append_rfc3339(out, at, precision);
}

void append_rfc3339(std::string& out, UnixTime at, TimePrecision precision) {
  const time_t seconds = at.seconds;
  // localtime_r takes a lock of libc each time; samples come in order, so that one second serves
  // many of them.
  thread_local time_t known = -1;
  thread_local std::string date;
  thread_local std::string zone;
  if (seconds != known) {
    tm parts{};
    localtime_r(&seconds, &parts);
    date = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900,
                       parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    long offset = parts.tm_gmtoff / 60;
    long absolute = offset < 0 ? -offset : offset;
    zone = offset == 0
               ? "Z"
               : fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', absolute / 60, absolute % 60);
    known = seconds;
  }
  out += date;
  if (precision == TimePrecision::kNano) append_fraction(out, at.nanos);
  out += zone;
}

std::string time_text(UnixTime at) {
  const time_t seconds = at.seconds;
  tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  std::string out(text, strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts));
  append_fraction(out, at.nanos);
  out.append(text, strftime(text, sizeof(text), " %z %Z", &parts));
  return out;
}

std::string rfc3339(int64_t unix_ns, TimePrecision precision) {
  std::string out;
  append_rfc3339(out, unix_ns, precision);
  return out;
}

}  // namespace zelus::metrics
