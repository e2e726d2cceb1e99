#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/codec/json_events.h"

namespace bia::codec {

/// Nesting above which a text is refused, protobuf's own default.
inline constexpr int kJsonDepthMax = 100;

/// Reads one JSON text piece by piece, strictly (RFC 8259), with the laxness of protobuf's JSON for
/// numbers in quotes. The first failure sticks; its text is that of Go's protojson, without "proto:
/// ". Views it gives live until the next call, or as long as the text where nothing was escaped.
///
///     JsonReader in(text);
///     if (in.enter_object()) {
///       std::string_view name;
///       while (in.next_field(name)) name == "age" ? in.take(age) : in.skip();
///     }
///     Result<void> done = in.finish();
class JsonReader final : public JsonSource {
 public:
  explicit JsonReader(std::string_view text, int depth_max = kJsonDepthMax)
      : text_(text), depth_left_(depth_max) {}

  Kind peek() override;
  bool take_null() override;
  bool take_bool(bool& value) override;
  bool take_number(JsonNumber& value) override;
  bool take_string(std::string_view& value) override;
  bool enter_object() override;
  bool next_field(std::string_view& name) override;
  bool enter_array() override;
  bool next_element() override;
  bool skip() override;
  bool failed() const override { return failed_; }
  void fail(std::string_view message) override;
  void fail_at_field(std::string_view message) override;
  std::string_view raw() override;

  /// Takes a null if it comes next.
  bool take_if_null() { return peek() == Kind::kNull && take_null(); }

  /// Values of protobuf's scalar types. Numbers may be in quotes, integers may be written 1.0 or
  /// 1e2.
  bool take(bool& value) { return take_bool_value(value); }
  bool take(int32_t& value);
  bool take(uint32_t& value);
  bool take(int64_t& value);
  bool take(uint64_t& value);
  bool take(double& value);
  bool take(float& value);
  bool take(std::string& value);
  bool take_bytes(std::string& value);
  /// The name or the number of an enum value, one of which is set: `name` is empty where it was a
  /// number.
  bool take_enum(std::string_view& name, int32_t& number);
  /// Fails as protojson does: `invalid value for int32 type: "x"`, about the token taken last.
  bool fail_value(std::string_view type);
  bool fail_duplicate();
  bool fail_oneof(std::string_view full_name);
  bool fail_unknown_field();
  /// The text of the value that comes next, taken.
  bool take_raw(std::string_view& json);

  /// Nothing but space may follow. Errors: kInvalidArgument, reason CODEC: what made this reader
  /// fail, or what follows.
  Result<void> finish();
  Error error() const;

 private:
  bool take_bool_value(bool& value);
  template <typename T>
  bool take_real(T& value, std::string_view type);
  /// The text of a number, bare or in quotes; empty (and failed) where there is none.
  std::string_view number_text(std::string_view type);
  char next_token();
  bool scan_number(size_t& end) const;
  bool read_string(std::string_view& value);
  bool read_escape(size_t& at);
  bool fail_syntax(size_t at, std::string_view message);
  bool fail_unexpected();
  bool fail_eof();
  std::string_view token_text(size_t at) const;
  std::string place(size_t at) const;
  bool close_or_comma(char close, bool& closed);

  std::string_view text_;
  size_t at_ = 0;
  size_t token_ = 0;
  size_t token_end_ = 0;
  size_t name_ = 0;  ///< the last field name's token
  size_t name_end_ = 0;
  int depth_left_;
  bool fresh_ = false;
  bool failed_ = false;
  std::string scratch_;
  std::string message_;
};

/// A decimal JSON number as an integer, where its value is one: "1.0", "1e2", "-5". False otherwise
/// or out of range.
bool number_to_int64(std::string_view text, int64_t& value);
bool number_to_uint64(std::string_view text, uint64_t& value);
/// True for UTF-8 without surrogates and overlong forms.
bool is_utf8(std::string_view text);

}  // namespace bia::codec
