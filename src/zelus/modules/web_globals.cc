#include "zelus/modules/web_globals.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "zelus/modules/native.h"
#include "zelus/modules/utf8.h"

namespace zelus::modules {

namespace {

/// (utf8, text) → [TextEncoder, TextDecoder]; `text(bytes, fatal, last)` gives [string, bytes that
/// wait for the rest of their character].
constexpr std::string_view kText = R"((function (utf8, text) {
  'use strict';
  const bytesOf = (input) => input === undefined ? new Uint8Array(0)
    : input instanceof ArrayBuffer ? new Uint8Array(input)
    : ArrayBuffer.isView(input) ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    : (() => { throw new TypeError('unable to decode: expected an ArrayBuffer or a view of one'); })();
  const names = { 'utf-8': 'utf-8', utf8: 'utf-8', 'unicode-1-1-utf-8': 'utf-8', 'utf-16': 'utf-16le', 'utf-16le': 'utf-16le', 'utf-16be': 'utf-16be' };
  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(input = '') { return utf8(String(input).toWellFormed()); }
  }
  class TextDecoder {
    #encoding; #fatal; #ignoreBOM; #left = new Uint8Array(0); #begun = false;
    constructor(label = 'utf-8', options = {}) {
      this.#encoding = names[String(label).trim().toLowerCase()];
      if (!this.#encoding) throw new RangeError(`unsupported encoding: ${label}`);
      this.#fatal = Boolean(options?.fatal);
      this.#ignoreBOM = Boolean(options?.ignoreBOM);
    }
    get encoding() { return this.#encoding; }
    get fatal() { return this.#fatal; }
    get ignoreBOM() { return this.#ignoreBOM; }
    decode(input, options = {}) {
      const last = !options?.stream, more = bytesOf(input);
      const bytes = new Uint8Array(this.#left.length + more.length);
      bytes.set(this.#left); bytes.set(more, this.#left.length);
      let [out, left] = this.#encoding === 'utf-8' ? text(bytes, this.#fatal, last) : this.#utf16(bytes, last);
      this.#left = last ? new Uint8Array(0) : left;
      if (!this.#begun && !this.#ignoreBOM && out.charCodeAt(0) === 0xfeff) out = out.slice(1);
      this.#begun = !last && (this.#begun || out.length > 0);
      return out;
    }
    #utf16(bytes, last) {
      const whole = bytes.length & ~1, swap = this.#encoding === 'utf-16be' ? 1 : 0;
      let out = '';
      for (let i = 0; i < whole; i += 2) out += String.fromCharCode(bytes[i + 1 - swap] << 8 | bytes[i + swap]);
      if (last && whole < bytes.length) out += '\ufffd';
      if (this.#fatal && (!out.isWellFormed() || last && whole < bytes.length)) throw new TypeError('The encoded data was not valid');
      return [last ? out.toWellFormed() : out, bytes.slice(whole)];
    }
  }
  return [TextEncoder, TextDecoder];
}))";

JSValue utf8_bytes(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string text = to_text(ctx, argument(argc, argv, 0));
  return JS_NewUint8ArrayCopy(ctx, reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

JSValue utf8_text(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string_view bytes;
  if (argc < 3 || !buffer_bytes(ctx, argv[0], bytes)) return JS_UNDEFINED;
  bool last = JS_ToBool(ctx, argv[2]) > 0;
  Utf8Text read = read_utf8(bytes, last);
  if (read.bad && JS_ToBool(ctx, argv[1]) > 0)
    return throw_type_error(ctx, "The encoded data was not valid");
  JSValue out = JS_NewArray(ctx);
  JS_SetPropertyUint32(ctx, out, 0, new_string(ctx, read.text));
  std::string_view left = bytes.substr(bytes.size() - read.left);
  JS_SetPropertyUint32(
      ctx, out, 1,
      JS_NewUint8ArrayCopy(ctx, reinterpret_cast<const uint8_t*>(left.data()), left.size()));
  return out;
}

template <uint32_t index>
JSValue make_text(JSContext* ctx) {
  Value factory(ctx, JS_Eval(ctx, kText.data(), kText.size(), "k6/text", JS_EVAL_TYPE_GLOBAL));
  if (factory.is_exception()) return JS_EXCEPTION;
  Value encode(ctx, JS_NewCFunction(ctx, utf8_bytes, "utf8", 1));
  Value decode(ctx, JS_NewCFunction(ctx, utf8_text, "text", 3));
  JSValueConst arguments[] = {encode.get(), decode.get()};
  Value both(ctx, JS_Call(ctx, factory.get(), JS_UNDEFINED, 2, arguments));
  if (both.is_exception()) return JS_EXCEPTION;
  return JS_GetPropertyUint32(ctx, both.get(), index);
}

JSValue random_uuid(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  uint8_t b[16];
  RAND_bytes(b, sizeof(b));
  b[6] = static_cast<uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<uint8_t>((b[8] & 0x3f) | 0x80);
  std::string out;
  for (size_t i = 0; i < sizeof(b); ++i)
    out += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
  return new_string(ctx, out);
}

JSValue get_random_values(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  constexpr size_t kBytesMax = 65536;
  JSValueConst array = argument(argc, argv, 0);
  int type = JS_IsObject(array) ? JS_GetTypedArrayType(array) : -1;
  std::string_view bytes;
  if (type < 0 || type == JS_TYPED_ARRAY_FLOAT16 || type == JS_TYPED_ARRAY_FLOAT32 ||
      type == JS_TYPED_ARRAY_FLOAT64 || !buffer_bytes(ctx, array, bytes)) {
    return throw_type_error(ctx,
                            "getRandomValues: the argument is not a typed array of whole numbers");
  }
  if (bytes.size() > kBytesMax) {
    return throw_go_error(
        ctx, fmt::format("getRandomValues: {} bytes are more than {}", bytes.size(), kBytesMax));
  }
  // The script's own memory: what `buffer_bytes` shows is its array.
  RAND_bytes(reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data())),
             static_cast<int>(bytes.size()));
  return JS_DupValue(ctx, array);
}

/// A promise that is settled already; takes the value. `failed`: with the pending exception.
JSValue settled(JSContext* ctx, JSValue value) {
  JSValue functions[2];
  JSValue promise = JS_NewPromiseCapability(ctx, functions);
  bool failed = JS_IsException(value);
  Value result(ctx, failed ? JS_GetException(ctx) : value);
  JSValueConst argument = result.get();
  JS_FreeValue(ctx, JS_Call(ctx, functions[failed ? 1 : 0], JS_UNDEFINED, 1, &argument));
  JS_FreeValue(ctx, functions[0]);
  JS_FreeValue(ctx, functions[1]);
  return promise;
}

JSValue subtle_digest(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  JSValueConst given = argument(argc, argv, 0);
  std::string name = JS_IsObject(given)
                         ? to_text(ctx, Value(ctx, JS_GetPropertyStr(ctx, given, "name")).get())
                         : to_text(ctx, given);
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c & ~0x20) : c;
  const EVP_MD* hash = name == "SHA-1"     ? EVP_sha1()
                       : name == "SHA-256" ? EVP_sha256()
                       : name == "SHA-384" ? EVP_sha384()
                       : name == "SHA-512" ? EVP_sha512()
                                           : nullptr;
  if (hash == nullptr)
    return settled(ctx, throw_go_error(ctx, fmt::format("unsupported algorithm: {}", name)));
  std::string_view bytes;
  if (!buffer_bytes(ctx, argument(argc, argv, 1), bytes))
    return settled(ctx, throw_type_error(ctx, "digest: data is no ArrayBuffer and no view of one"));
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), out, &size, hash, nullptr);
  return settled(ctx, JS_NewArrayBufferCopy(ctx, out, size));
}

JSValue not_built(JSContext* ctx, JSValueConst, int, JSValueConst*, int, JSValueConst* name) {
  return settled(ctx, throw_go_error(ctx, fmt::format("crypto.subtle.{} is not built yet in zelus",
                                                      to_text(ctx, name[0]))));
}

JSValue make_crypto(JSContext* ctx) {
  JSValue crypto = JS_NewObject(ctx);
  define_functions(ctx, crypto,
                   {{"getRandomValues", get_random_values, 1}, {"randomUUID", random_uuid, 0}});
  JSValue subtle = JS_NewObject(ctx);
  define_functions(ctx, subtle, {{"digest", subtle_digest, 2}});
  for (const char* name : {"encrypt", "decrypt", "sign", "verify", "generateKey", "deriveKey",
                           "deriveBits", "importKey", "exportKey", "wrapKey", "unwrapKey"}) {
    Value text(ctx, new_string(ctx, name));
    JSValueConst data = text.get();
    define(ctx, subtle, name, JS_NewCFunctionData(ctx, not_built, 0, 0, 1, &data));
  }
  define(ctx, crypto, "subtle", subtle);
  return crypto;
}

struct Global {
  const char* name;
  JSValue (*make)(JSContext* ctx);
};
constexpr Global kGlobals[] = {
    {"crypto", make_crypto}, {"TextEncoder", make_text<0>}, {"TextDecoder", make_text<1>}};

/// Replaces the getter by what it gives.
template <size_t index>
JSValue get_global(JSContext* ctx, JSValueConst, int, JSValueConst*) {
  JSValue value = kGlobals[index].make(ctx);
  if (JS_IsException(value)) return value;
  Value global(ctx, JS_GetGlobalObject(ctx));
  define(ctx, global.get(), kGlobals[index].name, JS_DupValue(ctx, value));
  return value;
}

template <size_t index>
JSValue set_global(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  Value global(ctx, JS_GetGlobalObject(ctx));
  define(ctx, global.get(), kGlobals[index].name, JS_DupValue(ctx, argument(argc, argv, 0)));
  return JS_UNDEFINED;
}

template <size_t index>
void add(JSContext* ctx, JSValueConst global) {
  JSAtom atom = JS_NewAtom(ctx, kGlobals[index].name);
  JS_DefinePropertyGetSet(
      ctx, global, atom, JS_NewCFunction(ctx, get_global<index>, kGlobals[index].name, 0),
      JS_NewCFunction(ctx, set_global<index>, kGlobals[index].name, 1), JS_PROP_CONFIGURABLE);
  JS_FreeAtom(ctx, atom);
}

}  // namespace

void add_web_globals(JSContext* ctx, JSValueConst global) {
  add<0>(ctx, global);
  add<1>(ctx, global);
  add<2>(ctx, global);
}

}  // namespace zelus::modules
