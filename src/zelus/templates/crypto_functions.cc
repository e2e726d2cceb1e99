// sprig's hashes, passwords and AES.
#include <crypt.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <memory>

#include "base/base64.h"
#include "base/text.h"
#include "zelus/templates/base64.h"
#include "zelus/templates/function.h"

namespace zelus::templates {
namespace {

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Result<Value> sha256(Args args) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes(args[0].as_text()), args[0].as_text().size(), bytes(digest));
  return Value::text(bia::hex_of(digest));
}
Result<Value> sha1(Args args) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(bytes(args[0].as_text()), args[0].as_text().size(), bytes(digest));
  return Value::text(bia::hex_of(digest));
}
Result<Value> adler32(Args args) {
  constexpr uint32_t kPrime = 65521;
  uint32_t a = 1, b = 0;
  for (char c : args[0].as_text()) {
    a = (a + static_cast<unsigned char>(c)) % kPrime;
    b = (b + a) % kPrime;
  }
  return Value::text(std::to_string(b << 16 | a));
}

/// Go's default cost, 10.
std::string bcrypt(const std::string& password) {
  constexpr size_t kPasswordMax = 72;
  constexpr std::string_view kFailed = "failed to encrypt string with bcrypt: ";
  if (password.size() > kPasswordMax)
    return fmt::format("{}bcrypt: password length exceeds 72 bytes", kFailed);
  char random[16];
  char salt[CRYPT_GENSALT_OUTPUT_SIZE];
  // On the heap: it is 32 KB, and a fiber's stack is small.
  const auto data = std::make_unique<crypt_data>();
  if (RAND_bytes(reinterpret_cast<unsigned char*>(random), sizeof random) != 1 ||
      crypt_gensalt_rn("$2a$", 10, random, sizeof random, salt, sizeof salt) == nullptr)
    return fmt::format("{}no salt", kFailed);
  const char* hash = crypt_rn(password.c_str(), salt, data.get(), sizeof(crypt_data));
  return hash != nullptr ? std::string(hash) : fmt::format("{}crypt has no bcrypt", kFailed);
}
Result<Value> htpasswd(Args args) {
  const std::string& user = args[0].as_text();
  if (user.find(':') != std::string::npos)
    return Value::text(fmt::format("invalid username: {}", user));
  return Value::text(fmt::format("{}:{}", user, bcrypt(args[1].as_text())));
}

// The Master Password algorithm (masterpassword.app), version 3.
struct PasswordType {
  std::string_view name;
  std::string_view forms;  // with blanks between them
};
constexpr PasswordType kPasswordTypes[] = {
    {"maximum", "anoxxxxxxxxxxxxxxxxx axxxxxxxxxxxxxxxxxno"},
    {"long",
     "CvcvnoCvcvCvcv CvcvCvcvnoCvcv CvcvCvcvCvcvno CvccnoCvcvCvcv CvccCvcvnoCvcv CvccCvcvCvcvno "
     "CvcvnoCvccCvcv CvcvCvccnoCvcv CvcvCvccCvcvno CvcvnoCvcvCvcc CvcvCvcvnoCvcc CvcvCvcvCvccno "
     "CvccnoCvccCvcv CvccCvccnoCvcv CvccCvccCvcvno CvcvnoCvccCvcc CvcvCvccnoCvcc CvcvCvccCvccno "
     "CvccnoCvcvCvcc CvccCvcvnoCvcc CvccCvcvCvccno"},
    {"medium", "CvcnoCvc CvcCvcno"},
    {"short", "Cvcn"},
    {"basic", "aaanaaan aannaaan aaannaaa"},
    {"pin", "nnnn"}};

std::string_view password_letters(char of) {
  switch (of) {
    case 'V':
      return "AEIOU";
    case 'C':
      return "BCDFGHJKLMNPQRSTVWXYZ";
    case 'v':
      return "aeiou";
    case 'c':
      return "bcdfghjklmnpqrstvwxyz";
    case 'a':
      return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    case 'n':
      return "0123456789";
    case 'o':
      return "@&%?,=[]_:-+*$#!'^~;()/.";
    default:
      return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()";
  }
}

std::string big_endian(uint64_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
  return out;
}

Result<Value> derive_password(Args args) {
  constexpr std::string_view kSeed = "com.lyndir.masterpassword";
  const std::string& type = args[1].as_text();
  std::vector<std::string_view> forms;
  for (const PasswordType& known : kPasswordTypes) {
    if (known.name != type) continue;
    for (std::string_view rest = known.forms; !rest.empty();) forms.push_back(bia::cut(rest, ' '));
  }
  if (forms.empty()) return Value::text("cannot find password template " + type);
  const std::string& password = args[2].as_text();
  const std::string& user = args[3].as_text();
  const std::string& site = args[4].as_text();
  const std::string salt = std::string(kSeed) + big_endian(user.size()) + user;
  constexpr uint64_t kN = 32768, kR = 8, kP = 2, kMemoryMax = 128 << 20;
  std::string key(64, '\0');
  if (EVP_PBE_scrypt(password.data(), password.size(), bytes(salt), salt.size(), kN, kR, kP,
                     kMemoryMax, bytes(key), key.size()) != 1)
    return Value::text("failed to derive password: scrypt");
  const std::string message = std::string(kSeed) + big_endian(site.size()) + site +
                              big_endian(static_cast<uint64_t>(args[0].as_int()));
  std::string seed(SHA256_DIGEST_LENGTH, '\0');
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(message), message.size(),
       bytes(seed), &size);
  auto at = [&seed](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(seed[i])); };
  const std::string_view form = forms[at(0) % forms.size()];
  std::string out;
  for (size_t i = 0; i < form.size(); ++i) {
    const std::string_view letters = password_letters(form[i]);
    out += letters[at(i + 1) % letters.size()];
  }
  return Value::text(std::move(out));
}

constexpr size_t kBlock = 16;

std::string aes_key(const std::string& password) {
  std::string key = password;
  key.resize(32, '\0');
  return key;
}
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Result<Value> encrypt_aes(Args args) {
  const std::string& text = args[1].as_text();
  if (text.empty()) return Value::text("");
  const std::string key = aes_key(args[0].as_text());
  std::string out(kBlock + text.size() + kBlock, '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0, last = 0;
  if (RAND_bytes(bytes(out), kBlock) != 1 ||
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, bytes(key), bytes(out)) != 1 ||
      EVP_EncryptUpdate(cipher.get(), bytes(out) + kBlock, &size, bytes(text),
                        static_cast<int>(text.size())) != 1 ||
      EVP_EncryptFinal_ex(cipher.get(), bytes(out) + kBlock + size, &last) != 1)
    return call_error("AES failed");
  out.resize(kBlock + static_cast<size_t>(size + last));
  return Value::text(bia::base64_encode(out));
}
Result<Value> decrypt_aes(Args args) {
  if (args[1].as_text().empty()) return Value::text("");
  const Decoded crypt = base64_decode(args[1].as_text());
  if (!crypt.problem.empty()) return call_error(crypt.problem);
  if (crypt.bytes.size() < kBlock)
    return call_error(fmt::format("runtime error: slice bounds out of range [:16] with capacity {}",
                                  crypt.bytes.size()));
  if (crypt.bytes.size() % kBlock != 0) return call_error("crypto/cipher: input not full blocks");
  const std::string key = aes_key(args[0].as_text());
  std::string out(crypt.bytes.size(), '\0');
  const Cipher cipher(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  int size = 0;
  if (EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_cbc(), nullptr, bytes(key),
                         bytes(crypt.bytes)) != 1 ||
      EVP_CIPHER_CTX_set_padding(cipher.get(), 0) != 1 ||
      EVP_DecryptUpdate(cipher.get(), bytes(out), &size, bytes(crypt.bytes) + kBlock,
                        static_cast<int>(crypt.bytes.size() - kBlock)) != 1)
    return call_error("AES failed");
  out.resize(static_cast<size_t>(size));
  const size_t padding = out.empty() ? 0 : static_cast<unsigned char>(out.back());
  // Go trusts the last byte, and fails alone where it is too large.
  if (out.empty() || padding > out.size())
    return call_error("runtime error: slice bounds out of range");
  out.resize(out.size() - padding);
  return Value::text(std::move(out));
}

constexpr Function kFunctions[] = {
    {"sha256sum", "s", sha256},
    {"sha1sum", "s", sha1},
    {"adler32sum", "s", adler32},
    {"bcrypt", "s",
     [](Args args) -> Result<Value> { return Value::text(bcrypt(args[0].as_text())); }},
    {"htpasswd", "ss", htpasswd},
    {"derivePassword", "ussss", derive_password},
    {"encryptAES", "ss", encrypt_aes},
    {"decryptAES", "ss", decrypt_aes},
};

}  // namespace

std::span<const Function> crypto_functions() { return kFunctions; }

}  // namespace zelus::templates
