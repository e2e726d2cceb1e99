// `k6/encoding`: b64encode and b64decode in the four variants that k6 has.
#include <string>

#include "base/base64.h"
#include "codec/go_base64.h"
#include "zelus/modules/input_bytes.h"
#include "zelus/modules/native.h"

namespace zelus::modules {

namespace {

using bia::Base64;

/// False with an exception pending.
bool variant_of(JSContext* ctx, int argc, JSValueConst* argv, Base64& out) {
  out = Base64::kStandard;
  if (argc < 2 || is_nullish(argv[1])) return true;
  std::string name = to_text(ctx, argv[1]);
  out = name == "rawstd"   ? Base64::kRawStandard
        : name == "rawurl" ? Base64::kRawUrl
        : name == "url"    ? Base64::kUrl
                           : Base64::kStandard;
  return true;
}

JSValue encode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Base64 variant;
  if (!variant_of(ctx, argc, argv, variant)) return JS_EXCEPTION;
  std::string_view bytes;
  std::string text;
  std::string error;
  if (!input_bytes(ctx, argument(argc, argv, 0), text, bytes, error))
    return throw_go_error(ctx, error);
  return new_string(ctx, bia::base64_encode(bytes, variant));
}

JSValue decode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Base64 variant;
  if (!variant_of(ctx, argc, argv, variant)) return JS_EXCEPTION;
  std::string text = to_text(ctx, argument(argc, argv, 0));
  std::string format = argc > 2 && !is_nullish(argv[2]) ? to_text(ctx, argv[2]) : "b";
  std::string problem;
  const std::string out = bia::codec::go_base64_decode(text, variant, problem);
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
