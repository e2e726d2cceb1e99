// Keys and signatures of JSON Web Tokens, on OpenSSL.
#include "bia/middleware/jwt_keys.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <array>

#include "bia/bia/log.h"
#include "bia/content/json_text.h"

namespace bia {
namespace {

using rapidjson::Value;
using Pkey = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

enum class Family : uint8_t { kHmac, kRsa, kPss, kEcdsa, kEdDsa };
struct Traits {
  std::string_view name;
  Family family;
  const char* digest;
  int curve_bytes;
};
// In the order of JwtAlgorithm.
constexpr std::array<Traits, 13> kTraits = {{{"HS256", Family::kHmac, "SHA256", 0},
                                             {"HS384", Family::kHmac, "SHA384", 0},
                                             {"HS512", Family::kHmac, "SHA512", 0},
                                             {"RS256", Family::kRsa, "SHA256", 0},
                                             {"RS384", Family::kRsa, "SHA384", 0},
                                             {"RS512", Family::kRsa, "SHA512", 0},
                                             {"PS256", Family::kPss, "SHA256", 0},
                                             {"PS384", Family::kPss, "SHA384", 0},
                                             {"PS512", Family::kPss, "SHA512", 0},
                                             {"ES256", Family::kEcdsa, "SHA256", 32},
                                             {"ES384", Family::kEcdsa, "SHA384", 48},
                                             {"ES512", Family::kEcdsa, "SHA512", 66},
                                             {"EdDSA", Family::kEdDsa, nullptr, 0}}};
constexpr int kRsaBitsMin = 2048;

const Traits& traits_of(JwtAlgorithm algorithm) { return kTraits.at(size_t(algorithm)); }
const EVP_MD* digest_of(const Traits& traits) {
  return traits.digest ? EVP_get_digestbyname(traits.digest) : nullptr;
}

Error bad_key(std::string message) {
  return Error(Code::kInvalidArgument, "JWT_KEY", std::move(message));
}

bool fits(const Traits& traits, EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  switch (traits.family) {
    case Family::kHmac:
      return false;
    case Family::kRsa:
    case Family::kPss:
      return type == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) >= kRsaBitsMin;
    case Family::kEcdsa:
      return type == EVP_PKEY_EC && (EVP_PKEY_get_bits(key) + 7) / 8 == traits.curve_bytes;
    case Family::kEdDsa:
      return type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448;
  }
  return false;
}

bool set_padding(const Traits& traits, EVP_PKEY_CTX* context) {
  return traits.family != Family::kPss ||
         (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
          EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0);
}

std::string hmac(const Traits& traits, std::string_view secret, std::string_view text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(digest_of(traits), secret.data(), int(secret.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), out, &size);
  return {reinterpret_cast<char*>(out), size};
}

/// JOSE writes r and s side by side, OpenSSL reads DER.
std::string der_of(std::string_view raw, int curve_bytes) {
  if (raw.size() != size_t(curve_bytes) * 2) return {};
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, curve_bytes, nullptr),
                 BN_bin2bn(bytes + curve_bytes, curve_bytes, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string text(reinterpret_cast<char*>(der), size > 0 ? size_t(size) : 0);
  OPENSSL_free(der);
  return text;
}

std::string raw_of(std::string_view der, int curve_bytes) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> signature(
      d2i_ECDSA_SIG(nullptr, &bytes, long(der.size())), ECDSA_SIG_free);
  if (!signature) return {};
  std::string raw(size_t(curve_bytes) * 2, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, curve_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + curve_bytes, curve_bytes);
  return raw;
}

struct DigestContext {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~DigestContext() { EVP_MD_CTX_free(context); }
};

Pkey read_pem(std::string_view pem) {
  const auto with = [&](auto&& read) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), int(pem.size())),
                                                  BIO_free);
    return read(bio.get());
  };
  // No prompt on the terminal for a key with a passphrase.
  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  EVP_PKEY* key =
      with([](BIO* bio) { return PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr); });
  if (!key)
    key = with(
        [&](BIO* bio) { return PEM_read_bio_PrivateKey(bio, nullptr, no_passphrase, nullptr); });
  if (!key) {
    X509* certificate =
        with([](BIO* bio) { return PEM_read_bio_X509(bio, nullptr, nullptr, nullptr); });
    if (certificate) key = X509_get_pubkey(certificate);
    X509_free(certificate);
  }
  return {key, EVP_PKEY_free};
}

bool decode_member(const Value& jwk, const char* name, std::string& bytes) {
  const auto member = jwk.FindMember(name);
  return member != jwk.MemberEnd() && member->value.IsString() &&
         base64url_decode(text_of(member->value), bytes) && !bytes.empty();
}

Pkey from_params(const char* type, OSSL_PARAM_BLD* builder) {
  const std::unique_ptr<OSSL_PARAM, void (*)(OSSL_PARAM*)> params(OSSL_PARAM_BLD_to_param(builder),
                                                                  OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (params && context && EVP_PKEY_fromdata_init(context.get()) > 0)
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get());
  return {key, EVP_PKEY_free};
}

Pkey rsa_of(const Value& jwk) {
  std::string n;
  std::string e;
  if (!decode_member(jwk, "n", n) || !decode_member(jwk, "e", e)) return {nullptr, EVP_PKEY_free};
  using Number = std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>;
  const auto number = [](const std::string& bytes) {
    return Number(
        BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), int(bytes.size()), nullptr),
        BN_free);
  };
  const Number modulus = number(n);
  const Number exponent = number(e);
  const std::unique_ptr<OSSL_PARAM_BLD, void (*)(OSSL_PARAM_BLD*)> builder(OSSL_PARAM_BLD_new(),
                                                                           OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
  return from_params("RSA", builder.get());
}

Pkey ec_of(const Value& jwk, JwtAlgorithm& algorithm) {
  const std::string curve(text_member(jwk, "crv"));
  algorithm = curve == "P-384"   ? JwtAlgorithm::kEs384
              : curve == "P-521" ? JwtAlgorithm::kEs512
                                 : JwtAlgorithm::kEs256;
  std::string x;
  std::string y;
  const size_t bytes = size_t(traits_of(algorithm).curve_bytes);
  if (!decode_member(jwk, "x", x) || !decode_member(jwk, "y", y) || x.size() != bytes ||
      y.size() != bytes)
    return {nullptr, EVP_PKEY_free};
  const std::string point = "\x04" + x + y;
  const std::unique_ptr<OSSL_PARAM_BLD, void (*)(OSSL_PARAM_BLD*)> builder(OSSL_PARAM_BLD_new(),
                                                                           OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.data(),
                                  curve.size());
  OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                   point.size());
  return from_params("EC", builder.get());
}

Pkey okp_of(const Value& jwk) {
  std::string x;
  const int type = text_member(jwk, "crv") == "Ed448" ? EVP_PKEY_ED448 : EVP_PKEY_ED25519;
  if (!decode_member(jwk, "x", x)) return {nullptr, EVP_PKEY_free};
  return {EVP_PKEY_new_raw_public_key(type, nullptr,
                                      reinterpret_cast<const unsigned char*>(x.data()), x.size()),
          EVP_PKEY_free};
}

/// Null for a key that is for something else.
Result<std::unique_ptr<JwtKeys::Key>> from_jwk(const Value& jwk) {
  auto key = std::make_unique<JwtKeys::Key>();
  if (!jwk.IsObject()) return bad_key("a JWKS has a key that is no object");
  if (const std::string_view use = text_member(jwk, "use"); !use.empty() && use != "sig")
    return std::unique_ptr<JwtKeys::Key>();
  key->id = text_member(jwk, "kid");
  const std::string_view type = text_member(jwk, "kty");
  if (type == "oct") {
    if (!decode_member(jwk, "k", key->secret))
      return bad_key("a JWKS has an oct key without \"k\"");
  } else if (type == "RSA") {
    key->algorithm = JwtAlgorithm::kRs256;
    key->pkey = rsa_of(jwk);
  } else if (type == "EC") {
    key->pkey = ec_of(jwk, key->algorithm);
  } else if (type == "OKP") {
    key->algorithm = JwtAlgorithm::kEdDsa;
    key->pkey = okp_of(jwk);
  } else {
    return std::unique_ptr<JwtKeys::Key>();
  }
  if (const std::string_view name = text_member(jwk, "alg"); !name.empty()) {
    bool known = false;
    for (size_t i = 0; i < kTraits.size(); ++i) {
      if (kTraits[i].name != name) continue;
      key->algorithm = JwtAlgorithm(i);
      known = true;
    }
    if (!known) return std::unique_ptr<JwtKeys::Key>();
  }
  const Traits& traits = traits_of(key->algorithm);
  const bool good =
      type == "oct" ? traits.family == Family::kHmac : key->pkey && fits(traits, key->pkey.get());
  if (!good)
    return bad_key(fmt::format("the key \"{}\" of a JWKS is no good {} key", key->id, traits.name));
  return key;
}

}  // namespace

std::string_view jwt_algorithm_name(JwtAlgorithm algorithm) { return traits_of(algorithm).name; }

bool base64url_decode(std::string_view text, std::string& bytes) {
  bytes.clear();
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    if (c >= '0' && c <= '9') value = c - '0' + 52;
    if (c == '-') value = 62;
    if (c == '_') value = 63;
    if (value < 0) return false;
    bits = bits << 6 | uint32_t(value);
    count += 6;
    if (count >= 8) bytes += char(bits >> (count -= 8) & 0xff);
  }
  return text.size() % 4 != 1 && (bits & ((1u << count) - 1)) == 0;
}

std::string base64url_encode(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int count = 0;
  for (char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6;) text += kDigits[bits >> (count -= 6) & 63];
  }
  if (count > 0) text += kDigits[bits << (6 - count) & 63];
  return text;
}

bool JwtKeys::Key::verify(std::string_view text, std::string_view signature) const {
  const Traits& traits = traits_of(algorithm);
  if (traits.family == Family::kHmac) {
    const std::string wanted = hmac(traits, secret, text);
    return signature.size() == wanted.size() &&
           CRYPTO_memcmp(signature.data(), wanted.data(), wanted.size()) == 0;
  }
  std::string der;
  if (traits.family == Family::kEcdsa) {
    der = der_of(signature, traits.curve_bytes);
    if (der.empty()) return false;
    signature = der;
  }
  const DigestContext digest;
  EVP_PKEY_CTX* context = nullptr;
  return EVP_DigestVerifyInit(digest.context, &context, digest_of(traits), nullptr, pkey.get()) >
             0 &&
         set_padding(traits, context) &&
         EVP_DigestVerify(digest.context, reinterpret_cast<const unsigned char*>(signature.data()),
                          signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                          text.size()) == 1;
}

Result<std::string> JwtKeys::Key::sign(std::string_view text) const {
  const Traits& traits = traits_of(algorithm);
  if (traits.family == Family::kHmac) return hmac(traits, secret, text);
  const DigestContext digest;
  EVP_PKEY_CTX* context = nullptr;
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  size_t size = 0;
  const Error failed(Code::kFailedPrecondition, "JWT_KEY",
                     "Can not sign token.Is the key correct?");
  if (EVP_DigestSignInit(digest.context, &context, digest_of(traits), nullptr, pkey.get()) <= 0 ||
      !set_padding(traits, context) ||
      EVP_DigestSign(digest.context, nullptr, &size, bytes, text.size()) <= 0)
    return failed;
  std::string signature(size, '\0');
  if (EVP_DigestSign(digest.context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) <= 0)
    return failed;
  signature.resize(size);
  return traits.family == Family::kEcdsa ? raw_of(signature, traits.curve_bytes) : signature;
}

JwtKeys::JwtKeys() = default;
JwtKeys::JwtKeys(JwtKeys&&) noexcept = default;
JwtKeys& JwtKeys::operator=(JwtKeys&&) noexcept = default;
JwtKeys::~JwtKeys() = default;
size_t JwtKeys::size() const { return keys_.size(); }

Result<JwtKeys> JwtKeys::secret(JwtAlgorithm algorithm, std::string_view secret) {
  if (traits_of(algorithm).family != Family::kHmac)
    return bad_key(
        fmt::format("{} takes no secret but a key in PEM", jwt_algorithm_name(algorithm)));
  if (secret.empty()) return bad_key("the secret is empty");
  JwtKeys keys;
  auto& key = keys.keys_.emplace_back(std::make_unique<Key>());
  key->algorithm = algorithm;
  key->secret = secret;
  return keys;
}

Result<JwtKeys> JwtKeys::pem(JwtAlgorithm algorithm, std::string_view pem, std::string key_id) {
  const Traits& traits = traits_of(algorithm);
  if (traits.family == Family::kHmac) return bad_key(fmt::format("{} takes a secret", traits.name));
  JwtKeys keys;
  auto& key = keys.keys_.emplace_back(std::make_unique<Key>());
  key->algorithm = algorithm;
  key->id = std::move(key_id);
  key->pkey = read_pem(pem);
  if (!key->pkey) return bad_key("no PEM of a key or certificate (without a passphrase)");
  if (!fits(traits, key->pkey.get())) {
    return bad_key(
        fmt::format("the key is none for {} (RSA: at least {} bits)", traits.name, kRsaBitsMin));
  }
  return keys;
}

Result<JwtKeys> JwtKeys::jwks(std::string_view json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject() || !document.HasMember("keys") ||
      !document["keys"].IsArray())
    return bad_key(R"(no JWKS: expected {"keys": [...]})");
  JwtKeys keys;
  std::vector<Error> odd;
  for (const Value& jwk : document["keys"].GetArray()) {
    auto key = from_jwk(jwk);
    if (!key.ok()) {
      odd.push_back(std::move(key).error());
    } else if (*key) {
      keys.keys_.push_back(std::move(*key));
    }
  }
  if (keys.keys_.empty())
    return odd.empty() ? bad_key("the JWKS has no key for signatures") : std::move(odd.front());
  // RFC 7517 section 5: the others are as good as without them.
  for (const Error& each : odd) log::warn("jwks: left out: " + each.message());
  return keys;
}

}  // namespace bia
