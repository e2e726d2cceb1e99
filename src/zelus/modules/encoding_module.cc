// `k6/encoding`: b64encode and b64decode in the four variants that k6 has.
#include <string>

#include "codec/go_base64.h"
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

JSValue decode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Variant variant;
  if (!variant_of(ctx, argc, argv, variant)) return JS_EXCEPTION;
  std::string text = to_text(ctx, argument(argc, argv, 0));
  std::string format = argc > 2 && !is_nullish(argv[2]) ? to_text(ctx, argv[2]) : "b";
  std::string problem;
  const std::string out = bia::codec::go_base64_decode(text, variant == kUrl || variant == kRawUrl,
                                                       variant == kStd || variant == kUrl, problem);
  if (!problem.empty()) return throw_go_error(ctx, problem);
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
