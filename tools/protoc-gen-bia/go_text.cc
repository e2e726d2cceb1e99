#include "go_text.h"

#include <fmt/format.h>

#include "bia/base/time.h"
#include "codec/go_float.h"
#include "codec/time_text.h"

namespace bia::protoc {
std::string go_list(const std::vector<std::string>& shown) {
  std::string text;
  for (const std::string& one : shown) text += (&one == shown.data() ? "" : " ") + one;
  return "[" + text + "]";
}

std::string go_bytes(std::string_view bytes) {
  std::vector<std::string> shown;
  for (unsigned char byte : bytes) shown.push_back(fmt::format("{}", byte));
  return go_list(shown);
}

std::string go_hex(std::string_view bytes) {
  std::string text;
  for (unsigned char byte : bytes) text += fmt::format("\\x{:X}", byte);
  return '"' + text + '"';
}

std::string go_duration(const Moment& duration) {
  if (duration.is_wide()) return fmt::format("{}s", duration.seconds);
  return format_go_duration(Duration(duration.in_nanos()));
}

std::string go_time(const Moment& timestamp) {
  std::string text;
  if (!codec::append_timestamp(text, timestamp.seconds, timestamp.nanos)) return {};
  text.pop_back();  // the Z
  text[text.find('T')] = ' ';
  while (text.find('.') != std::string::npos && text.ends_with('0')) text.pop_back();
  return text + " +0000 UTC";
}

std::string go_message(const Moment& moment) {
  std::string text;
  if (moment.seconds != 0) text = fmt::format("seconds:{}", moment.seconds);
  if (moment.nanos != 0) text += fmt::format("{}nanos:{}", text.empty() ? "" : " ", moment.nanos);
  return text;
}

std::string go_float(float value) {
  std::string text;
  codec::append_go_float(text, value);
  return text;
}
std::string go_float(double value) {
  std::string text;
  codec::append_go_float(text, value);
  return text;
}

}  // namespace bia::protoc
