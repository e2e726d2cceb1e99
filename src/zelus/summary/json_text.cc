#include "zelus/summary/json_text.h"

#include <fmt/format.h>

#include <cmath>

#include "zelus/summary/numbers.h"

namespace zelus::summary {
namespace {

class Stringifier {
 public:
  explicit Stringifier(size_t indent) : indent_(indent) {}

  void value(const rapidjson::Value& value) {
    if (value.IsObject()) {
      open('{', '}', value.MemberCount(), [&] {
        for (auto at = value.MemberBegin(); at != value.MemberEnd(); ++at) {
          next();
          text_ += json_quote({at->name.GetString(), at->name.GetStringLength()});
          text_ += indent_ > 0 ? ": " : ":";
          this->value(at->value);
        }
      });
    } else if (value.IsArray()) {
      open('[', ']', value.Size(), [&] {
        for (const rapidjson::Value& item : value.GetArray()) {
          next();
          this->value(item);
        }
      });
    } else if (value.IsString()) {
      text_ += json_quote({value.GetString(), value.GetStringLength()});
    } else if (value.IsNumber()) {
      // JavaScript has doubles only, and null for what JSON cannot say.
      double number = value.GetDouble();
      text_ += std::isfinite(number) ? js_number(number) : "null";
    } else {
      text_ += value.IsTrue() ? "true" : value.IsFalse() ? "false" : "null";
    }
  }
  std::string take() { return std::move(text_); }

 private:
  template <typename Body>
  void open(char begin, char end, size_t count, Body&& body) {
    text_ += begin;
    if (count > 0) {
      ++depth_;
      first_ = true;
      body();
      --depth_;
      new_line();
    }
    first_ = false;
    text_ += end;
  }
  void next() {
    if (!first_) text_ += ',';
    first_ = false;
    new_line();
  }
  void new_line() {
    if (indent_ > 0) text_ += "\n" + std::string(depth_ * indent_, ' ');
  }

  size_t indent_;
  size_t depth_ = 0;
  bool first_ = true;
  std::string text_;
};

}  // namespace

std::string json_quote(std::string_view text) {
  std::string quoted = "\"";
  for (char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\b':
        quoted += "\\b";
        break;
      case '\f':
        quoted += "\\f";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          quoted += c;
        }
    }
  }
  return quoted + '"';
}

std::string json_stringify(const rapidjson::Value& value, size_t indent) {
  Stringifier out(indent);
  out.value(value);
  return out.take();
}

}  // namespace zelus::summary
