// `k6/encoding`: b64encode and b64decode in the four variants that k6 has.
#include <string>

#include "zelus/modules/input_bytes.h"
#include "zelus/modules/native.h"
#include "zelus/modules/url.h"

namespace zelus::modules {

namespace {

enum Variant { kStd, kRawStd, kUrl, kRawUrl };

/// False with an exception pending.
bool variant_of(JSContext* ctx, int argc, JSValueConst* argv, Variant& out) {
  out = kStd;
  if (argc < 2 || is_nullish(argv[1])) return true;
  std::string name = to_text(ctx, argv[1]);
  out = name == "rawstd" ? kRawStd : name == "rawurl" ? kRawUrl : name == "url" ? kUrl : kStd;
  return true;
}

JSValue encode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Variant variant;
  if (!variant_of(ctx, argc, argv, variant)) return JS_EXCEPTION;
  std::string_view bytes;
  std::string text;
  std::string error;
  if (!input_bytes(ctx, argument(argc, argv, 0), text, bytes, error))
    return throw_go_error(ctx, error);
  std::string out = base64_encode(bytes);
  if (variant == kUrl || variant == kRawUrl) {
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  }
  if (variant == kRawStd || variant == kRawUrl) {
    while (out.ends_with('=')) out.pop_back();
  }
  return new_string(ctx, out);
}

int value_of(char c, bool url) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (url ? '-' : '+')) return 62;
  return c == (url ? '_' : '/') ? 63 : -1;
}

/// One group of four, as Go's encoding/base64 reads it: newlines do not count, and an error names
/// the byte that Go names.
struct Decoder {
  std::string_view text;
  bool url;
  bool padded;
  size_t at = 0;
  size_t bad = std::string_view::npos;

  bool fail(size_t where) {
    bad = where;
    return false;
  }
  void skip_newlines() {
    while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
  }
  /// What follows the first `=` of a group with `j` digits.
  bool padding(size_t j) {
    if (j < 2) return fail(at - 1);
    if (j == 2) {
      skip_newlines();
      if (at == text.size()) return fail(at);
      if (text[at] != '=') return fail(at - 1);
      ++at;
    }
    skip_newlines();
    return at == text.size() || fail(at);
  }
  /// False at the end of the text or with `bad` set.
  bool group(std::string& out) {
    uint32_t digits = 0;
    size_t j = 0;
    bool more = true;
    while (j < 4) {
      skip_newlines();
      if (at == text.size()) {
        if (j == 0) return false;
        if (j == 1 || padded) return fail(at - j);
        more = false;
        break;
      }
      int value = value_of(text[at++], url);
      if (value >= 0) {
        digits = digits << 6 | static_cast<uint32_t>(value);
        ++j;
      } else if (!padded || text[at - 1] != '=') {
        return fail(at - 1);
      } else {
        if (!padding(j)) return false;
        more = false;
        break;
      }
    }
    digits <<= 6 * (4 - j);
    for (size_t i = 0; i + 1 < j; ++i) out.push_back(static_cast<char>(digits >> (16 - 8 * i)));
    return more;
  }
};

JSValue decode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Variant variant;
  if (!variant_of(ctx, argc, argv, variant)) return JS_EXCEPTION;
  std::string text = to_text(ctx, argument(argc, argv, 0));
  std::string format = argc > 2 && !is_nullish(argv[2]) ? to_text(ctx, argv[2]) : "b";
  Decoder decoder{text, variant == kUrl || variant == kRawUrl, variant == kStd || variant == kUrl};
  std::string out;
  while (decoder.group(out)) {
  }
  if (decoder.bad != std::string_view::npos) {
    return throw_go_error(ctx, "illegal base64 data at input byte " + std::to_string(decoder.bad));
  }
  if (format == "s") return new_string(ctx, out);
  return JS_NewArrayBufferCopy(ctx, reinterpret_cast<const uint8_t*>(out.data()), out.size());
}

bool fill(JSContext* ctx, JSValueConst object) {
  define_functions(ctx, object, {{"b64encode", encode, 2}, {"b64decode", decode, 3}});
  return true;
}

}  // namespace

void add_encoding_module(bia::js::ModuleSet& modules) {
  modules.add_native({"k6/encoding", {"b64encode", "b64decode"}, &fill});
}

}  // namespace zelus::modules
