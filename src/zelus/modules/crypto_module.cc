// `k6/crypto` (parity/k6.md 5.4): hashes, HMACs and random bytes, by OpenSSL.
#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <memory>

#include "base/base64.h"
#include "zelus/modules/input_bytes.h"
#include "zelus/modules/native.h"
#include "zelus/modules/openssl_library.h"

namespace zelus::modules {

namespace {

/// After those of vu.h.
constexpr JSClassID kClassHasher = kClassLast;

struct Algorithm {
  const char* name;     ///< k6's
  const char* openssl;  ///< OpenSSL's
};
constexpr std::array kAlgorithms = {
    Algorithm{"md4", "MD4"},
    Algorithm{"md5", "MD5"},
    Algorithm{"sha1", "SHA1"},
    Algorithm{"sha256", "SHA256"},
    Algorithm{"sha384", "SHA384"},
    Algorithm{"sha512", "SHA512"},
    Algorithm{"sha512_224", "SHA512-224"},
    Algorithm{"sha512_256", "SHA512-256"},
    Algorithm{"ripemd160", "RIPEMD160"},
};
constexpr int64_t kRandomBytesMax = 64 * 1024 * 1024;

/// A hash or an HMAC in progress. `digest` leaves it as it is: a script may go on.
class Hasher {
 public:
  static std::unique_ptr<Hasher> hash(const Algorithm& algorithm) {
    std::unique_ptr<Hasher> out(new Hasher());
    EVP_MD* digest = EVP_MD_fetch(openssl_library(), algorithm.openssl, nullptr);
    if (digest == nullptr) return nullptr;
    out->hash_ = EVP_MD_CTX_new();
    bool ok = EVP_DigestInit_ex(out->hash_, digest, nullptr) == 1;
    EVP_MD_free(digest);
    return ok ? std::move(out) : nullptr;
  }
  static std::unique_ptr<Hasher> hmac(const Algorithm& algorithm, std::string_view key) {
    std::unique_ptr<Hasher> out(new Hasher());
    EVP_MAC* mac = EVP_MAC_fetch(openssl_library(), "HMAC", nullptr);
    if (mac == nullptr) return nullptr;
    out->mac_ = EVP_MAC_CTX_new(mac);
    EVP_MAC_free(mac);
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(
                                   OSSL_MAC_PARAM_DIGEST, const_cast<char*>(algorithm.openssl), 0),
                               OSSL_PARAM_construct_end()};
    // A null key would mean the one of before.
    const auto* bytes = reinterpret_cast<const unsigned char*>(key.empty() ? "" : key.data());
    if (EVP_MAC_init(out->mac_, bytes, key.size(), parameters) != 1) return nullptr;
    return out;
  }
  ~Hasher() {
    EVP_MD_CTX_free(hash_);
    EVP_MAC_CTX_free(mac_);
  }
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void update(std::string_view bytes) {
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    if (hash_ != nullptr) {
      EVP_DigestUpdate(hash_, data, bytes.size());
    } else if (!bytes.empty()) {
      EVP_MAC_update(mac_, data, bytes.size());
    }
  }
  std::string digest() const {
    unsigned char out[EVP_MAX_MD_SIZE];
    size_t size = 0;
    if (hash_ != nullptr) {
      EVP_MD_CTX* copy = EVP_MD_CTX_new();
      unsigned int written = 0;
      if (EVP_MD_CTX_copy_ex(copy, hash_) == 1 && EVP_DigestFinal_ex(copy, out, &written) == 1)
        size = written;
      EVP_MD_CTX_free(copy);
    } else {
      EVP_MAC_CTX* copy = EVP_MAC_CTX_dup(mac_);
      if (EVP_MAC_final(copy, out, &size, sizeof(out)) != 1) size = 0;
      EVP_MAC_CTX_free(copy);
    }
    return {reinterpret_cast<const char*>(out), size};
  }

 private:
  Hasher() = default;
  EVP_MD_CTX* hash_ = nullptr;
  EVP_MAC_CTX* mac_ = nullptr;
};

const Algorithm* find_algorithm(std::string_view name) {
  for (const Algorithm& algorithm : kAlgorithms) {
    if (name == algorithm.name) return &algorithm;
  }
  return nullptr;
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (char c : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<uint8_t>(c));
  return out;
}

JSValue encoded(JSContext* ctx, std::string_view bytes, const std::string& encoding) {
  if (encoding == "hex") return new_string(ctx, hex(bytes));
  if (encoding == "binary") {
    return JS_NewArrayBufferCopy(ctx, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
  bool url = encoding == "base64url" || encoding == "base64rawurl";
  if (!url && encoding != "base64")
    return throw_go_error(ctx, fmt::format("invalid output encoding: {}", encoding));
  const auto form = encoding == "base64rawurl" ? bia::Base64::kRawUrl
                    : url                      ? bia::Base64::kUrl
                                               : bia::Base64::kStandard;
  return new_string(ctx, bia::base64_encode(bytes, form));
}

/// "" for undefined, which k6 refuses as an encoding.
std::string name_argument(JSContext* ctx, int argc, JSValueConst* argv, int index) {
  JSValueConst value = argument(argc, argv, index);
  return is_nullish(value) ? "" : to_text(ctx, value);
}

template <size_t index>
JSValue one_hash(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  const Algorithm& algorithm = kAlgorithms[index];
  std::string text;
  std::string_view bytes;
  std::string error;
  if (!input_bytes(ctx, argument(argc, argv, 0), text, bytes, error))
    return throw_go_error(ctx, fmt::format("{} failed: {}", algorithm.name, error));
  auto hasher = Hasher::hash(algorithm);
  if (hasher == nullptr) {
    return throw_go_error(
        ctx, fmt::format("{}: OpenSSL on this machine does not have it", algorithm.name));
  }
  hasher->update(bytes);
  return encoded(ctx, hasher->digest(), name_argument(ctx, argc, argv, 1));
}

Hasher* hasher_of(JSContext* ctx, JSValueConst self) {
  return static_cast<Hasher*>(JS_GetOpaque2(ctx, self, kClassHasher));
}

JSValue update(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Hasher* hasher = hasher_of(ctx, self);
  if (hasher == nullptr) return JS_EXCEPTION;
  std::string text;
  std::string_view bytes;
  std::string error;
  if (!input_bytes(ctx, argument(argc, argv, 0), text, bytes, error))
    return throw_go_error(ctx, error);
  hasher->update(bytes);
  return JS_UNDEFINED;
}

JSValue digest(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv) {
  Hasher* hasher = hasher_of(ctx, self);
  if (hasher == nullptr) return JS_EXCEPTION;
  return encoded(ctx, hasher->digest(), name_argument(ctx, argc, argv, 0));
}

JSValue new_hasher(JSContext* ctx, const std::string& name, std::unique_ptr<Hasher> hasher) {
  if (hasher == nullptr) return throw_go_error(ctx, fmt::format("invalid algorithm: {}", name));
  JSValue object = JS_NewObjectClass(ctx, kClassHasher);
  if (JS_IsException(object)) return object;
  JS_SetOpaque(object, hasher.release());
  define_functions(ctx, object, {{"digest", digest, 1}, {"update", update, 1}});
  return object;
}

JSValue create_hash(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string name = name_argument(ctx, argc, argv, 0);
  const Algorithm* algorithm = find_algorithm(name);
  return new_hasher(ctx, name, algorithm != nullptr ? Hasher::hash(*algorithm) : nullptr);
}

std::unique_ptr<Hasher> hmac_of(JSContext* ctx, const std::string& name, JSValueConst key,
                                std::string& error) {
  const Algorithm* algorithm = find_algorithm(name);
  if (algorithm == nullptr) {
    error = fmt::format("invalid algorithm: {}", name);
    return nullptr;
  }
  std::string text;
  std::string_view bytes;
  if (!input_bytes(ctx, key, text, bytes, error)) return nullptr;
  return Hasher::hmac(*algorithm, bytes);
}

JSValue create_hmac(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string name = name_argument(ctx, argc, argv, 0);
  std::string error;
  auto hasher = hmac_of(ctx, name, argument(argc, argv, 1), error);
  if (!error.empty()) return throw_go_error(ctx, error);
  return new_hasher(ctx, name, std::move(hasher));
}

JSValue hmac(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string name = name_argument(ctx, argc, argv, 0);
  std::string error;
  auto hasher = hmac_of(ctx, name, argument(argc, argv, 1), error);
  std::string text;
  std::string_view bytes;
  if (error.empty()) input_bytes(ctx, argument(argc, argv, 2), text, bytes, error);
  if (!error.empty()) return throw_go_error(ctx, error);
  if (hasher == nullptr) return throw_go_error(ctx, fmt::format("invalid algorithm: {}", name));
  hasher->update(bytes);
  return encoded(ctx, hasher->digest(), name_argument(ctx, argc, argv, 3));
}

JSValue random_bytes(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  int64_t size = 0;
  if (JS_ToInt64(ctx, &size, argument(argc, argv, 0)) < 0) return JS_EXCEPTION;
  if (size < 1) return throw_go_error(ctx, "invalid size");
  if (size > kRandomBytesMax)
    return throw_go_error(ctx, fmt::format("randomBytes: at most {} bytes", kRandomBytesMax));
  std::string out(static_cast<size_t>(size), 0);
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size)) != 1)
    return throw_go_error(ctx, "randomBytes: no randomness");
  return encoded(ctx, out, "binary");
}

JSValue hex_encode(JSContext* ctx, JSValueConst, int argc, JSValueConst* argv) {
  std::string text;
  std::string_view bytes;
  std::string error;
  if (!input_bytes(ctx, argument(argc, argv, 0), text, bytes, error))
    return throw_go_error(ctx, error);
  return new_string(ctx, hex(bytes));
}

bool fill(JSContext* ctx, JSValueConst object) {
  constexpr NativeFunction kHashes[] = {one_hash<0>, one_hash<1>, one_hash<2>,
                                        one_hash<3>, one_hash<4>, one_hash<5>,
                                        one_hash<6>, one_hash<7>, one_hash<8>};
  static_assert(std::size(kHashes) == kAlgorithms.size());
  for (size_t i = 0; i < kAlgorithms.size(); ++i)
    define_functions(ctx, object, {{kAlgorithms[i].name, kHashes[i], 2}});
  define_functions(ctx, object,
                   {{"createHash", create_hash, 1},
                    {"createHMAC", create_hmac, 2},
                    {"hmac", hmac, 4},
                    {"randomBytes", random_bytes, 1},
                    {"hexEncode", hex_encode, 1}});
  return true;
}

void finalize(JSRuntime*, JSValueConst value) {
  delete static_cast<Hasher*>(JS_GetOpaque(value, kClassHasher));
}
const JSClassDef kHasherClass = {"Hasher", &finalize, nullptr, nullptr, nullptr};

}  // namespace

void register_crypto_class(JSRuntime* rt) { JS_NewClass(rt, kClassHasher, &kHasherClass); }

void add_crypto_module(bia::js::ModuleSet& modules) {
  std::vector<std::string> names = {"createHash", "createHMAC", "hmac", "randomBytes", "hexEncode"};
  for (const Algorithm& algorithm : kAlgorithms) names.emplace_back(algorithm.name);
  modules.add_native({"k6/crypto", std::move(names), &fill});
}

}  // namespace zelus::modules
