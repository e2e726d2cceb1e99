#pragma once
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

#include "bia/net/tls.h"

namespace bia::net {

/// A throw-away authority and what it signs, made when a test asks.
class TestAuthority {
 public:
  enum class Kind { kEcdsa, kRsa };

  explicit TestAuthority(const char* name = "bia test authority")
      : key_(make_key(Kind::kEcdsa)), certificate_(make(name, "", key_.get(), 0, 3600, true)) {}

  std::string pem() const { return pem_of(certificate_.get()); }

  /// `names` as OpenSSL writes them: "DNS:a.example,IP:127.0.0.1"; empty: none.
  TlsCertificate issue(const std::string& common_name, const std::string& names,
                       Kind kind = Kind::kEcdsa, long not_after = 3600) const {
    Key key = make_key(kind);
    Certificate made =
        make(common_name.c_str(), names, key.get(), not_after < 0 ? -7200 : 0, not_after, false);
    TlsCertificate out;
    out.certificate_pem = pem_of(made.get());
    std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    out.key_pem = text_of(bio.get());
    return out;
  }

  /// "It is good", until `seconds` from now.
  std::string ocsp(const TlsCertificate& of, long seconds) const {
    std::unique_ptr<BIO, decltype(&BIO_free)> bio(
        BIO_new_mem_buf(of.certificate_pem.data(), static_cast<int>(of.certificate_pem.size())),
        BIO_free);
    const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
                                  X509_free);
    OCSP_BASICRESP* basic = OCSP_BASICRESP_new();
    OCSP_CERTID* id = OCSP_cert_to_id(nullptr, certificate.get(), certificate_.get());
    ASN1_TIME* begin = X509_gmtime_adj(nullptr, -7200);
    ASN1_TIME* end = X509_gmtime_adj(nullptr, seconds);
    OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, nullptr, begin, end);
    OCSP_basic_sign(basic, certificate_.get(), key_.get(), EVP_sha256(), nullptr, 0);
    OCSP_RESPONSE* response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    unsigned char* der = nullptr;
    const int size = i2d_OCSP_RESPONSE(response, &der);
    std::string out(reinterpret_cast<char*>(der), static_cast<size_t>(size));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(begin);
    ASN1_TIME_free(end);
    return out;
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  static Key make_key(Kind kind) {
    return {kind == Kind::kRsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"), EVP_PKEY_free};
  }
  static std::string text_of(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    return {bytes, static_cast<size_t>(size)};
  }
  static std::string pem_of(X509* certificate) {
    std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(bio.get(), certificate);
    return text_of(bio.get());
  }
  static void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  Certificate make(const char* name, const std::string& names, EVP_PKEY* key, long from, long to,
                   bool authority) const {
    static long serial = 1;
    Certificate made(X509_new(), X509_free);
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), from - 60);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), to);
    X509_set_pubkey(made.get(), key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509* issuer = authority ? made.get() : certificate_.get();
    X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
    extend(made.get(), issuer, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) extend(made.get(), issuer, NID_subject_alt_name, names);
    X509_sign(made.get(), key_.get(), EVP_sha256());
    return made;
  }

  Key key_;
  Certificate certificate_;
};

/// A file of a test, gone with it.
class TestFile {
 public:
  explicit TestFile(const std::string& text) {
    char name[] = "/tmp/bia_tls_XXXXXX";
    int fd = mkstemp(name);
    EXPECT_GE(fd, 0);
    close(fd);
    path_ = name;
    write(text);
  }
  ~TestFile() { unlink(path_.c_str()); }
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  void write(const std::string& text) const { std::ofstream(path_, std::ios::trunc) << text; }
  std::string read() const {
    std::ifstream in(path_);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// A server with one certificate for "localhost" and 127.0.0.1.
inline std::shared_ptr<TlsServer> test_tls_server(const TestAuthority& authority,
                                                  std::vector<std::string> alpn = {}) {
  TlsServerOptions options;
  options.certificates = {authority.issue("localhost", "DNS:localhost,IP:127.0.0.1")};
  options.alpn = std::move(alpn);
  return TlsServer::create(std::move(options)).value();
}

inline std::shared_ptr<const TlsClient> test_tls_client(const TestAuthority& authority,
                                                        std::vector<std::string> alpn = {}) {
  TlsClientOptions options;
  options.roots = TlsClientOptions::Roots::kNone;
  options.ca_pem = authority.pem();
  options.alpn = std::move(alpn);
  return TlsClient::create(std::move(options)).value();
}

}  // namespace bia::net
