// `k6/encoding`: b64encode and b64decode in the four variants that k6 has.
#include <string>

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
  JSValueConst input = argument(argc, argv, 0);
  if (!buffer_bytes(ctx, input, bytes)) {
    if (!JS_IsString(input))
      return throw_go_error(ctx, "invalid type, expected string or ArrayBuffer");
    text = to_text(ctx, input);
    bytes = text;
  }
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

JSValue decode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Variant variant;
  if (!variant_of(ctx, argc, argv, variant)) return JS_EXCEPTION;
  std::string text = to_text(ctx, argument(argc, argv, 0));
  std::string format = argc > 2 && !is_nullish(argv[2]) ? to_text(ctx, argv[2]) : "b";
  bool padded = variant == kStd || variant == kUrl;
  size_t size = text.size();
  while (padded && size > 0 && text.size() - size < 2 && text[size - 1] == '=') --size;
  bool ok = !padded || text.size() % 4 == 0;
  std::string out;
  uint32_t group = 0;
  for (size_t i = 0; i < size && ok; ++i) {
    int value = value_of(text[i], variant == kUrl || variant == kRawUrl);
    if (value < 0) {
      return throw_go_error(ctx, "illegal base64 data at input byte " + std::to_string(i));
    }
    group = group << 6 | static_cast<uint32_t>(value);
    if (i % 4 != 0) out.push_back(static_cast<char>(group >> (6 - 2 * (i % 4)) & 255));
  }
  if (!ok || size % 4 == 1)
    return throw_go_error(ctx, "illegal base64 data at input byte " + std::to_string(size));
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
