#include "zelus/templates/format.h"

#include "bia/base/time.h"
#include "codec/go_float.h"

namespace zelus::templates {
namespace {

void print_nested(std::string& out, const Value& value, size_t depth);

void print_list(std::string& out, const Items& items, size_t depth) {
  out += '[';
  // One list may stand in itself many times over.
  for (size_t i = 0; i < items.size() && out.size() <= kOutputBytesMax; ++i) {
    if (i > 0) out += ' ';
    print_nested(out, items[i], depth + 1);
  }
  out += ']';
}

void print_map(std::string& out, const Members& members, size_t depth) {
  out += "map[";
  bool first = true;
  for (const auto& [key, value] : members) {
    if (out.size() > kOutputBytesMax) break;
    if (!first) out += ' ';
    first = false;
    out += key;
    out += ':';
    print_nested(out, value, depth + 1);
  }
  out += ']';
}

void print_integer(std::string& out, const Value& value) {
  const int64_t number = value.as_int();
  switch (value.type()) {
    case Type::kUint64:
      out += std::to_string(static_cast<uint64_t>(number));
      return;
    case Type::kDuration:
      out += bia::format_go_duration(bia::Duration(number));
      return;
    case Type::kMonth:
      out += number >= 1 && number <= 12 ? std::string(kMonthNames[number - 1])
                                         : "%!Month(" + std::to_string(number) + ")";
      return;
    case Type::kWeekday:
      out += kDayNames[number % 7];
      return;
    default:
      out += std::to_string(number);
  }
}

void print_nested(std::string& out, const Value& value, size_t depth) {
  if (depth > kValueDepthMax) {
    out += "…";
    return;
  }
  if (value.is_integer()) return print_integer(out, value);
  if (value.is_list()) return print_list(out, value.items(), depth);
  if (value.is_map()) return print_map(out, value.members(), depth);
  switch (value.type()) {
    case Type::kNil:
      out += "<nil>";
      return;
    case Type::kBool:
      out += value.as_bool() ? "true" : "false";
      return;
    case Type::kFloat64:
      bia::codec::append_go_float(out, value.as_real());
      return;
    case Type::kString:
      out += value.as_text();
      return;
    case Type::kTime:
      out += moment_text(value.as_time());
      return;
    case Type::kVersion: {
      const Version& version = value.as_version();
      out += std::to_string(version.major) + '.' + std::to_string(version.minor) + '.' +
             std::to_string(version.patch);
      if (!version.prerelease.empty()) out += '-' + version.prerelease;
      if (!version.metadata.empty()) out += '+' + version.metadata;
      return;
    }
    case Type::kCertificate:
      out += '{' + value.as_certificate().cert + ' ' + value.as_certificate().key + '}';
      return;
    default:
      out += "&{}";
  }
}

}  // namespace

void print_value(std::string& out, const Value& value) { print_nested(out, value, 0); }

void print_action(std::string& out, const Value& value) {
  if (value.is_nil()) {
    out += "<no value>";
  } else {
    print_value(out, value);
  }
}

std::string value_text(const Value& value) {
  std::string out;
  print_value(out, value);
  return out;
}

std::string sprint(std::span<const Value> values) {
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0 && !values[i].is(Type::kString) && !values[i - 1].is(Type::kString)) out += ' ';
    print_value(out, values[i]);
  }
  return out;
}

std::string sprintln(std::span<const Value> values) {
  std::string out;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ' ';
    print_value(out, values[i]);
  }
  return out + '\n';
}

}  // namespace zelus::templates
