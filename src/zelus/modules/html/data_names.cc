#include "zelus/modules/html/data_names.h"

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace zelus::modules {
namespace {

/// Those of Go's linter, which k6's library goes by.
constexpr std::string_view kInitialisms[] = {
    "ACL",  "API",   "ASCII", "CPU", "CSS",  "DNS",  "EOF",  "ETA", "GPU",  "GUID", "HTML",
    "HTTP", "HTTPS", "ID",    "IP",  "JSON", "LHS",  "OS",   "QPS", "RAM",  "RHS",  "RPC",
    "SLA",  "SMTP",  "SQL",   "SSH", "TCP",  "TLS",  "TTL",  "UDP", "UI",   "UID",  "UUID",
    "URI",  "URL",   "UTF8",  "VM",  "XML",  "XMPP", "XSRF", "XSS", "OAuth"};

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

std::string upper_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}

bool is_initialism(std::string_view word) {
  return std::find(std::begin(kInitialisms), std::end(kInitialisms), word) !=
         std::end(kInitialisms);
}

/// How long the longest one is that `text` begins with.
size_t leading_initialism(std::string_view text) {
  size_t found = 0;
  for (std::string_view each : kInitialisms) {
    if (text.starts_with(each)) found = std::max(found, each.size());
  }
  return found;
}

}  // namespace

std::string data_property(std::string_view attribute) {
  const size_t dash = attribute.find('-');
  std::string out(attribute.substr(0, dash));
  if (dash == std::string_view::npos) return out;
  attribute.remove_prefix(dash + 1);
  for (;;) {
    const size_t end = attribute.find_first_of("-_");
    const std::string_view word = attribute.substr(0, end);
    if (word == "oauth") {
      out += "OAuth";
    } else if (std::string capitals = upper_case(word); is_initialism(capitals)) {
      out += capitals;
    } else if (!word.empty()) {
      out += upper(word.front());
      out += word.substr(1);
    }
    if (end == std::string_view::npos) return out;
    attribute.remove_prefix(end + 1);
  }
}

std::string data_attribute(std::string_view property) {
  std::string out;
  size_t begin = 0;
  const auto word = [&](std::string_view text) {
    if (!out.empty()) out += '-';
    out += bia::lower_case(text);
  };
  for (size_t i = 1; i < property.size(); ++i) {
    if (!is_upper(property[i])) continue;
    const size_t size = leading_initialism(property.substr(begin));
    word(property.substr(begin, size > 0 ? size : i - begin));
    if (size > 0) i += size - 1;
    begin = i;
  }
  if (begin < property.size()) word(property.substr(begin));
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

}  // namespace zelus::modules
