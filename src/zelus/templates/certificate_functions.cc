// sprig's keys and certificates.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>

#include "zelus/templates/base64.h"
#include "zelus/templates/format.h"
#include "zelus/templates/function.h"

namespace zelus::templates {
namespace {

template <typename T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY, EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX, EVP_PKEY_CTX_free>>;
using Cert = std::unique_ptr<X509, Freer<X509, X509_free>>;
struct BioFreer {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, BioFreer>;

std::string bio_text(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

/// In the older form of its kind where it has one, as sprig writes it.
std::string key_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  const int kind = EVP_PKEY_base_id(key);
  if (kind == EVP_PKEY_RSA || kind == EVP_PKEY_EC || kind == EVP_PKEY_DSA)
    PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  else
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return bio_text(bio);
}

Key dsa_key() {
  const KeyContext of(EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, nullptr));
  EVP_PKEY* made = nullptr;
  if (EVP_PKEY_paramgen_init(of.get()) != 1 ||
      EVP_PKEY_CTX_set_dsa_paramgen_bits(of.get(), 2048) != 1 ||
      EVP_PKEY_CTX_set_dsa_paramgen_q_bits(of.get(), 256) != 1 ||
      EVP_PKEY_paramgen(of.get(), &made) != 1)
    return nullptr;
  const Key parameters(made);
  const KeyContext context(EVP_PKEY_CTX_new(parameters.get(), nullptr));
  made = nullptr;
  if (EVP_PKEY_keygen_init(context.get()) != 1 || EVP_PKEY_keygen(context.get(), &made) != 1)
    return nullptr;
  return Key(made);
}

Result<Value> private_key(Args args) {
  const std::string& type = args[0].as_text();
  Key key;
  if (type.empty() || type == "rsa")
    key.reset(EVP_RSA_gen(4096));
  else if (type == "ecdsa")
    key.reset(EVP_EC_gen("P-256"));
  else if (type == "ed25519")
    key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  else if (type == "dsa")
    key = dsa_key();
  else
    return Value::text("Unknown type " + type);
  return Value::text(key != nullptr ? key_pem(key.get()) : "failed to generate private key");
}

/// Without it OpenSSL asks on the terminal.
int no_password(char*, int, int, void*) { return 0; }

Result<Key> read_key(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (key == nullptr) return call_error("no PEM data in input");
  return key;
}
Cert read_cert(const std::string& pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Cert(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
}

struct Subject {
  std::string name;
  std::string alternatives;  // OpenSSL's "IP:127.0.0.1,DNS:a"
  int64_t days = 0;
  bool is_ca = false;
};

Result<Subject> subject(const Value& name, const Value& ips, const Value& names,
                        const Value& days) {
  Subject out{name.as_text(), {}, days.as_int(), false};
  auto add = [&out](std::string_view kind, const std::string& text) {
    out.alternatives += fmt::format("{}{}:{}", out.alternatives.empty() ? "" : ",", kind, text);
  };
  for (const Value& ip : ips.items()) {
    if (!ip.is(Type::kString))
      return call_error(fmt::format("error parsing ip: {} is not a string", value_text(ip)));
    unsigned char address[16];
    if (inet_pton(AF_INET, ip.as_text().c_str(), address) != 1 &&
        inet_pton(AF_INET6, ip.as_text().c_str(), address) != 1)
      return call_error("error parsing ip: " + ip.as_text());
    add("IP", ip.as_text());
  }
  for (const Value& dns : names.items()) {
    if (!dns.is(Type::kString))
      return call_error(
          fmt::format("error processing alternate dns name: {} is not a string", value_text(dns)));
    if (dns.as_text().find_first_of(",\n\\") != std::string::npos)
      return call_error("error processing alternate dns name: " + dns.as_text());
    add("DNS", dns.as_text());
  }
  return out;
}

bool extend(X509* cert, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
  if (extension == nullptr) return false;
  const bool added = X509_add_ext(cert, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return added;
}

Result<Value> certify(const Subject& subject, const Key& key, X509* issuer, EVP_PKEY* issuer_key) {
  const Cert cert(X509_new());
  unsigned char serial[16];
  if (RAND_bytes(serial, sizeof serial) != 1) return call_error("no random bytes");
  serial[0] &= 0x7F;
  BIGNUM* number = BN_bin2bn(serial, sizeof serial, nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert.get()));
  BN_free(number);
  X509_set_version(cert.get(), X509_VERSION_3);
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), 0);
  constexpr int64_t kDaysMax = 1'000'000;
  if (subject.days < -kDaysMax || subject.days > kDaysMax ||
      X509_time_adj_ex(X509_getm_notAfter(cert.get()), static_cast<int>(subject.days), 0,
                       nullptr) == nullptr)
    return call_error(fmt::format("no certificate lasts {} days", subject.days));
  // By its type: else OpenSSL takes no name above 64 characters, as Go does.
  if (X509_NAME_add_entry_by_NID(X509_get_subject_name(cert.get()), NID_commonName,
                                 V_ASN1_UTF8STRING,
                                 reinterpret_cast<const unsigned char*>(subject.name.data()),
                                 static_cast<int>(subject.name.size()), -1, 0) != 1)
    return call_error("error creating certificate: its common name");
  if (issuer == nullptr) issuer = cert.get();
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer));
  X509_set_pubkey(cert.get(), key.get());
  const bool extended =
      extend(cert.get(), issuer, NID_key_usage,
             subject.is_ca ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                           : "critical,digitalSignature,keyEncipherment") &&
      extend(cert.get(), issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
      extend(cert.get(), issuer, NID_basic_constraints,
             subject.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
      (!subject.is_ca || extend(cert.get(), issuer, NID_subject_key_identifier, "hash")) &&
      (subject.alternatives.empty() ||
       extend(cert.get(), issuer, NID_subject_alt_name, subject.alternatives));
  if (!extended) return call_error("error creating certificate: its names");
  const bool edwards = EVP_PKEY_base_id(issuer_key) == EVP_PKEY_ED25519;
  if (X509_sign(cert.get(), issuer_key, edwards ? nullptr : EVP_sha256()) <= 0)
    return call_error("error creating certificate");
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), cert.get());
  return Value::certificate({bio_text(bio), key_pem(key.get())});
}

Result<Key> new_key() {
  Key key(EVP_RSA_gen(2048));
  if (key == nullptr) return call_error("error generating rsa key");
  return key;
}
Result<Key> given_key(const Value& pem) {
  auto key = read_key(pem.as_text());
  if (!key.ok()) return call_error("parsing private key: " + key.error().message());
  return key;
}

Result<Value> authority(Args args) {
  const Key key = args.size() > 2 ? BIA_TRY(given_key(args[2])) : BIA_TRY(new_key());
  const Subject of{args[0].as_text(), {}, args[1].as_int(), true};
  return certify(of, key, nullptr, key.get());
}
Result<Value> self_signed(Args args) {
  const Key key = args.size() > 4 ? BIA_TRY(given_key(args[4])) : BIA_TRY(new_key());
  return certify(BIA_TRY(subject(args[0], args[1], args[2], args[3])), key, nullptr, key.get());
}
Result<Value> signed_by(Args args) {
  const Key key = args.size() > 5 ? BIA_TRY(given_key(args[5])) : BIA_TRY(new_key());
  const Certificate& ca = args[4].as_certificate();
  const Cert issuer = read_cert(ca.cert);
  if (issuer == nullptr) return call_error("unable to decode certificate");
  auto issuer_key = read_key(ca.key);
  if (!issuer_key.ok())
    return call_error("error parsing private key: " + issuer_key.error().message());
  return certify(BIA_TRY(subject(args[0], args[1], args[2], args[3])), key, issuer.get(),
                 issuer_key->get());
}

Result<Value> custom(Args args) {
  const Decoded cert = base64_decode(args[0].as_text());
  if (!cert.problem.empty()) return call_error("unable to decode base64 certificate");
  const Decoded key = base64_decode(args[1].as_text());
  if (!key.problem.empty()) return call_error("unable to decode base64 private key");
  if (read_cert(cert.bytes) == nullptr) return call_error("unable to decode certificate");
  if (auto read = read_key(key.bytes); !read.ok())
    return call_error("error parsing private key: " + read.error().message());
  return Value::certificate({cert.bytes, key.bytes});
}

constexpr Function kFunctions[] = {
    {"genPrivateKey", "s", private_key},
    {"buildCustomCert", "ss", custom},
    {"genCA", "si", authority},
    {"genCAWithKey", "sis", authority},
    {"genSelfSignedCert", "slli", self_signed},
    {"genSelfSignedCertWithKey", "sllis", self_signed},
    {"genSignedCert", "sllic", signed_by},
    {"genSignedCertWithKey", "sllics", signed_by},
};

}  // namespace

std::span<const Function> certificate_functions() { return kFunctions; }

}  // namespace zelus::templates
