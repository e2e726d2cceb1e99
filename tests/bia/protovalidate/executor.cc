// Validates what it is given by the checks that protoc-gen-bia has written: a line "TYPE HEX" each,
// a line of JSON each back: {"violations": […]}, {"failure": "…"} or {"unknown": true}.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <iostream>
#include <string>

#include "bia/bia/validate.h"
#include "bia/codec/json_writer.h"
#include "checks.h"

namespace {
namespace pb = google::protobuf;

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

void text(bia::codec::JsonWriter& out, std::string_view name, std::string_view value) {
  out.key_text(name);
  out.string(value);
}

std::string answer(const Check& check, const std::string& bytes) {
  std::string json;
  bia::codec::JsonWriter out(json);
  out.begin_object();
  bia::Violations violations;
  if (const std::string wrong = check(bytes, violations); !wrong.empty()) {
    text(out, "failure", wrong);
  } else if (violations.list().empty() && !violations.empty()) {
    text(out, "failure", violations.error().message());
  } else {
    out.key_text("violations");
    out.begin_array();
    for (const auto& one : violations.list()) {
      out.element();
      out.begin_object();
      text(out, "path", one.path);
      text(out, "rule", one.rule);
      text(out, "text", one.text);
      out.end_object();
    }
    out.end_array();
  }
  out.end_object();
  return json;
}

}  // namespace

int main() {
  const auto checks = all_checks();
  std::string line;
  while (std::getline(std::cin, line)) {
    const size_t space = line.find(' ');
    const auto found = checks.find(line.substr(0, space));
    std::cout << (found == checks.end() ? "{\"unknown\":true}"
                                        : answer(found->second, bytes_of(line.substr(space + 1))))
              << '\n';
  }
}
