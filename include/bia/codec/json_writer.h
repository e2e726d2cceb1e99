#pragma once
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/json_string.h"
#include "bia/codec/json_events.h"

namespace bia::codec {

using bia::append_json_escaped;
using bia::append_json_string;
using bia::is_plain_ascii;

/// As Go prints them: the shortest text that reads back the same, exponents below 1e-6 and from
/// 1e21 on, "NaN", "Infinity", "-Infinity" in quotes.
void append_json_double(std::string& out, double value);
void append_json_float(std::string& out, float value);
/// Standard base64 with padding.
void append_base64(std::string& out, std::string_view bytes);
/// As protojson reads bytes: standard or URL-safe digits, with the padding that is due or without
/// any. False for anything else, line ends too.
bool decode_base64(std::string_view text, std::string& bytes);

/// Writes JSON to the end of a string, without spaces. Commas are its work: a value that follows
/// another gets one. What has no JSON (a string that is no UTF-8, a time out of range) makes it
/// fail; the first failure sticks, and what was written is JSON all the same.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  /// Text that is JSON already.
  void raw(std::string_view text) { out_.append(text); }
  void begin_object() { out_.push_back('{'); }
  void end_object() { out_.push_back('}'); }
  void begin_array() { out_.push_back('['); }
  void end_array() { out_.push_back(']'); }
  /// `quoted` is `"name":`, escaped already; a comma comes before it unless it is the object's
  /// first.
  void key(std::string_view quoted) {
    if (out_.back() != '{') out_.push_back(',');
    out_.append(quoted);
  }
  /// A map's key.
  void key_text(std::string_view name) {
    if (out_.back() != '{') out_.push_back(',');
    string(name);
    out_.push_back(':');
  }
  void fail(std::string_view why) {
    if (failure_.empty()) failure_ = why;
  }
  bool failed() const { return !failure_.empty(); }
  /// Why it failed, in protojson's words; empty where it did not.
  const std::string& failure() const { return failure_; }
  /// Before each value of an array.
  void element() {
    if (out_.back() != '[') out_.push_back(',');
  }

  void null() { out_.append("null", 4); }
  void boolean(bool value) { value ? out_.append("true", 4) : out_.append("false", 5); }
  void int32(int32_t value) { number(value); }
  void uint32(uint32_t value) { number(value); }
  /// In quotes: JSON's numbers hold 53 bits.
  void int64(int64_t value) { quoted_number(value); }
  void uint64(uint64_t value) { quoted_number(value); }
  void real(double value) { append_json_double(out_, value); }
  void real(float value) { append_json_float(out_, value); }
  void string(std::string_view value) {
    if (!append_json_string(out_, value)) fail("a string contains invalid UTF-8");
  }
  void bytes(std::string_view value) {
    out_.push_back('"');
    append_base64(out_, value);
    out_.push_back('"');
  }
  std::string& out() { return out_; }

 private:
  template <typename T>
  void number(T value) {
    char text[24];
    out_.append(text,
                static_cast<size_t>(std::to_chars(text, text + sizeof text, value).ptr - text));
  }
  template <typename T>
  void quoted_number(T value) {
    out_.push_back('"');
    number(value);
    out_.push_back('"');
  }

  std::string& out_;
  std::string failure_;
};

/// A JsonWriter as a sink of events.
class JsonTextSink final : public JsonSink {
 public:
  explicit JsonTextSink(std::string& out) : out_(out) {}
  void null() override {
    comma();
    writer().null();
  }
  void boolean(bool value) override {
    comma();
    writer().boolean(value);
  }
  void integer(int64_t value) override {
    comma();
    char text[24];
    out_.append(text,
                static_cast<size_t>(std::to_chars(text, text + sizeof text, value).ptr - text));
  }
  void number(double value, Precision precision) override {
    comma();
    precision == Precision::kSingle ? append_json_float(out_, static_cast<float>(value))
                                    : append_json_double(out_, value);
  }
  void string(std::string_view value) override {
    comma();
    append_json_string(out_, value);
  }
  void begin_object() override {
    comma();
    out_.push_back('{');
  }
  void key(std::string_view name) override {
    comma();
    append_json_string(out_, name);
    out_.push_back(':');
  }
  void end_object() override { out_.push_back('}'); }
  void begin_array() override {
    comma();
    out_.push_back('[');
  }
  void end_array() override { out_.push_back(']'); }

 private:
  JsonWriter writer() { return JsonWriter(out_); }
  /// Whether one is due follows from the last byte: a value never ends in one of these.
  void comma() {
    if (out_.size() == start_) return;
    char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_.push_back(',');
  }
  std::string& out_;
  size_t start_ = out_.size();
};

}  // namespace bia::codec
