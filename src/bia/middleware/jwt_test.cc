#include "bia/bia/jwt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "bia/bia/log.h"
#include "bia/middleware/jwt_keys.h"

namespace bia {
namespace {

using testing::ElementsAre;

std::string pem_of(EVP_PKEY* key, bool private_part) {
  BIO* bio = BIO_new(BIO_s_mem());
  if (private_part) {
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  } else {
    PEM_write_bio_PUBKEY(bio, key);
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, size_t(size));
  BIO_free(bio);
  return text;
}

struct Pair {
  std::string secret_pem, public_pem;
  explicit Pair(EVP_PKEY* key) : secret_pem(pem_of(key, true)), public_pem(pem_of(key, false)) {
    EVP_PKEY_free(key);
  }
};

std::string error_of(std::string_view token, const JwtKeys& keys, const JwtOptions& options = {}) {
  auto claims = verify_jwt(token, keys, options);
  return claims.ok() ? "" : claims.error().message();
}

constexpr const char* kClaims =
    R"({"sub":"kratos","iss":"bia","aud":["a","b"],"exp":2000,"nbf":1000})";
JwtOptions at(int64_t time) {
  JwtOptions options;
  options.clock = [time] { return time; };
  return options;
}

TEST(Jwt, EveryAlgorithmSignsAndVerifies) {
  const Pair rsa(EVP_RSA_gen(2048)), p256(EVP_EC_gen("P-256")), p384(EVP_EC_gen("P-384")),
      p521(EVP_EC_gen("P-521")), ed(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  using A = JwtAlgorithm;
  const std::pair<A, const Pair*> cases[] = {
      {A::kRs256, &rsa},  {A::kRs384, &rsa}, {A::kRs512, &rsa},  {A::kPs256, &rsa},
      {A::kPs384, &rsa},  {A::kPs512, &rsa}, {A::kEs256, &p256}, {A::kEs384, &p384},
      {A::kEs512, &p521}, {A::kEdDsa, &ed}};
  for (const auto& [algorithm, pair] : cases) {
    const std::string token = *JwtKeys::pem(algorithm, pair->secret_pem)->sign(kClaims);
    const JwtKeys keys = *JwtKeys::pem(algorithm, pair->public_pem);
    EXPECT_EQ(error_of(token, keys, at(1500)), "") << jwt_algorithm_name(algorithm);
    std::string forged = token;
    forged[token.size() / 2] = forged[token.size() / 2] == 'A' ? 'B' : 'A';
    EXPECT_NE(error_of(forged, keys, at(1500)), "") << jwt_algorithm_name(algorithm);
    EXPECT_EQ(error_of(token.substr(0, token.rfind('.') + 1), keys, at(1500)), "Token is invalid");
    EXPECT_FALSE(keys.sign(kClaims).ok()) << "a public key signs nothing";
    EXPECT_FALSE(JwtKeys::secret(algorithm, "x").ok());
  }
  for (A algorithm : {A::kHs256, A::kHs384, A::kHs512}) {
    const JwtKeys keys = *JwtKeys::secret(algorithm, "secret");
    EXPECT_EQ(error_of(*keys.sign(kClaims), keys, at(1500)), "");
    EXPECT_EQ(error_of(*JwtKeys::secret(algorithm, "other")->sign(kClaims), keys, at(1500)),
              "Token is invalid");
  }
  EXPECT_FALSE(JwtKeys::pem(A::kEs256, p384.public_pem).ok()) << "another curve";
  EXPECT_FALSE(JwtKeys::pem(A::kRs256, p256.public_pem).ok());
  EXPECT_FALSE(JwtKeys::pem(A::kRs256, "no pem").ok());
  EXPECT_FALSE(JwtKeys::pem(A::kRs256, Pair(EVP_RSA_gen(1024)).public_pem).ok());
  EXPECT_FALSE(JwtKeys::secret(A::kHs256, "").ok());
}

TEST(Jwt, SignsWithAHeaderOfOnesOwn) {
  const JwtKeys keys = *JwtKeys::secret(JwtAlgorithm::kHs256, "s");
  const auto header = [&](const JwtHeader& more) {
    const std::string token = *keys.sign(kClaims, more);
    EXPECT_EQ(error_of(token, keys, at(1500)), "");
    std::string json;
    EXPECT_TRUE(base64url_decode(token.substr(0, token.find('.')), json));
    return json;
  };
  EXPECT_EQ(header({}), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(header({{"kid", "a\"b"}, {"typ", "at+jwt"}}),
            R"({"alg":"HS256","kid":"a\"b","typ":"at+jwt"})");
  EXPECT_EQ(header({{"alg", "none"}}), R"({"alg":"HS256","typ":"JWT"})") << "the key's";
}

TEST(Jwt, TheKeyChoosesTheAlgorithm) {
  const Pair rsa(EVP_RSA_gen(2048));
  const JwtKeys keys = *JwtKeys::pem(JwtAlgorithm::kRs256, rsa.public_pem);
  // The public key taken for a secret: the attack that libraries fell for.
  EXPECT_EQ(error_of(*JwtKeys::secret(JwtAlgorithm::kHs256, rsa.public_pem)->sign(kClaims), keys,
                     at(1500)),
            "Wrong signing method");
  const std::string none =
      base64url_encode(R"({"alg":"none"})") + "." + base64url_encode(kClaims) + ".";
  EXPECT_EQ(error_of(none, keys, at(1500)), "Wrong signing method");
  EXPECT_EQ(error_of(*JwtKeys::secret(JwtAlgorithm::kHs512, "s")->sign(kClaims),
                     *JwtKeys::secret(JwtAlgorithm::kHs256, "s"), at(1500)),
            "Wrong signing method");
}

TEST(Jwt, ClaimsAreReadBeyondUPlus0000) {
  const JwtKeys keys = *JwtKeys::secret(JwtAlgorithm::kHs256, "secret");
  const std::string token =
      *keys.sign(R"({"sub":"admin\u0000x","iss":"bia\u0000x","aud":"a\u0000x"})");
  const JwtClaims claims = *verify_jwt(token, keys, at(1500));
  EXPECT_EQ(claims.subject, std::string("admin\0x", 7));
  EXPECT_EQ(claims.issuer, std::string("bia\0x", 5));
  EXPECT_THAT(claims.audience, ElementsAre(std::string("a\0x", 3)));
  JwtOptions issuer = at(1500), audience = at(1500);
  issuer.issuer = "bia";
  audience.audience = "a";
  EXPECT_EQ(error_of(token, keys, issuer), "Token is invalid");
  EXPECT_EQ(error_of(token, keys, audience), "Token is invalid");
  EXPECT_EQ(error_of(*keys.sign(R"({"aud":["b","a\u0000x"]})"), keys, audience),
            "Token is invalid");
}

TEST(Jwt, NamesThatAreThereTwiceAreRefused) {
  const JwtKeys keys = *JwtKeys::secret(JwtAlgorithm::kHs256, "secret");
  for (const char* twice :
       {R"({"sub":"a","sub":"b"})", R"({"role":1,"x":2,"role":1})", R"({"exp":9000,"\u0065xp":1})"})
    EXPECT_EQ(error_of(*keys.sign(twice), keys, at(1500)), "Token is invalid") << twice;
  EXPECT_EQ(error_of(*keys.sign(R"({"a":{"b":1},"c":{"b":1}})"), keys, at(1500)), "");
  const std::string header = base64url_encode(R"({"alg":"HS256","alg":"HS256"})");
  const std::string signed_text = header + "." + base64url_encode("{}");
  EXPECT_EQ(error_of(signed_text + "." + base64url_encode(*keys.list().front()->sign(signed_text)),
                     keys, at(1500)),
            "Token is invalid");
}

TEST(Jwt, ChecksTheClaims) {
  const JwtKeys keys = *JwtKeys::secret(JwtAlgorithm::kHs256, "secret");
  const std::string token = *keys.sign(kClaims);
  EXPECT_EQ(error_of(token, keys, at(2000)), "JWT token has expired");
  EXPECT_EQ(error_of(token, keys, at(999)), "JWT token has expired");
  JwtOptions lenient = at(2001);
  lenient.leeway = std::chrono::seconds(5);
  EXPECT_EQ(error_of(token, keys, lenient), "");
  JwtOptions strict = at(1500);
  strict.issuer = "bia";
  strict.audience = "b";
  const JwtClaims claims = *verify_jwt(token, keys, strict);
  EXPECT_EQ(claims.subject, "kratos");
  EXPECT_THAT(claims.audience, ElementsAre("a", "b"));
  EXPECT_EQ(claims.expires_at, 2000);
  strict.audience = "c";
  EXPECT_EQ(error_of(token, keys, strict), "Token is invalid");
  strict.audience = "b";
  strict.issuer = "other";
  EXPECT_EQ(error_of(token, keys, strict), "Token is invalid");
  for (const char* bad : {"{\"exp\":\"soon\"}", "{\"exp\":-1}", "[]", "{", "{\"aud\":1}", "\"x\""})
    EXPECT_EQ(error_of(*keys.sign(bad), keys, at(1500)), "Token is invalid") << bad;
  EXPECT_EQ(error_of(*keys.sign("{}"), keys, at(1500)), "")
      << "a token without exp does not expire";
}

TEST(Jwt, RefusesWhatIsNoToken) {
  const JwtKeys keys = *JwtKeys::secret(JwtAlgorithm::kHs256, "secret");
  const std::string token = *keys.sign(kClaims);
  for (const std::string& bad :
       {std::string(), std::string("a"), std::string("a.b"), std::string("a.b.c"),
        std::string("..."), token + ".x", "." + token, token + "=", token + "A",
        std::string(20'000, 'a') + ".a.a"})
    EXPECT_EQ(error_of(bad, keys, at(1500)), "Token is invalid") << bad.substr(0, 40);
  const std::string critical =
      base64url_encode(R"({"alg":"HS256","crit":["x"]})") + "." + base64url_encode(kClaims);
  EXPECT_EQ(
      error_of(critical + "." + base64url_encode(*keys.list()[0]->sign(critical)), keys, at(1500)),
      "Token is invalid");
}

/// The key set and signature of RFC 7515 appendix A.3 (ES256) and RFC 8037 appendix A.4 (Ed25519).
TEST(Jwt, ReadsKeySets) {
  const JwtKeys ec = *JwtKeys::jwks(
      R"({"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
      {"kty":"EC","use":"enc","crv":"P-256","x":"AA","y":"AA"},{"kty":"future"},{"kty":"oct","k":"c2VjcmV0","alg":"HS256","kid":"h"}]})");
  EXPECT_EQ(ec.size(), 2u);
  EXPECT_EQ(
      error_of(
          "eyJhbGciOiJFUzI1NiJ9."
          "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
          "cnVlfQ."
          "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
          ec, at(1300819379)),
      "");
  EXPECT_EQ(error_of(*JwtKeys::secret(JwtAlgorithm::kHs256, "secret")->sign("{}"), ec, at(1)), "");
  const auto with_kid = [&](std::string_view id) {
    const std::string text =
        base64url_encode(R"({"alg":"HS256","kid":")" + std::string(id) + "\"}") + "." +
        base64url_encode("{}");
    return text + "." + base64url_encode(*ec.list()[1]->sign(text));
  };
  EXPECT_EQ(error_of(with_kid("h"), ec, at(1)), "");
  EXPECT_EQ(error_of(with_kid("unknown"), ec, at(1)), "Token is invalid")
      << "the right secret, but named otherwise";
  const JwtKeys ed = *JwtKeys::jwks(
      R"({"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]})");
  EXPECT_TRUE(ed.list()[0]->verify("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", [] {
    std::string raw;
    base64url_decode(
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
        raw);
    return raw;
  }()));
  for (const char* bad :
       {"", "[]", "{}", R"({"keys":[]})", R"({"keys":[1]})",
        R"({"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]})",
        R"({"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]})",
        R"({"keys":[{"kty":"oct","k":"c2VjcmV0","alg":"RS256"}]})", R"({"keys":[{"kty":"oct"}]})"})
    EXPECT_FALSE(JwtKeys::jwks(bad).ok()) << bad;
}

TEST(Jwt, LeavesOutTheKeysOfASetThatAreNoGood) {
  std::string lines;
  log::set_sink([&](std::string_view line) { lines.append(line).append("\n"); });
  for (const char* odd :
       {R"({"kty":"RSA","n":"AQAB","e":"AQAB","kid":"short"})",
        R"({"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"})",
        R"({"kty":"oct","k":"c2VjcmV0","alg":"RS256"})", R"({"kty":"oct"})", "1"}) {
    const auto keys = JwtKeys::jwks(R"({"keys":[)" + std::string(odd) +
                                    R"(,{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}]})");
    ASSERT_TRUE(keys.ok()) << odd;
    EXPECT_EQ(keys->size(), 1u) << odd;
  }
  log::set_sink(nullptr);
  EXPECT_THAT(lines, testing::HasSubstr(
                         "jwks: left out: the key \"short\" of a JWKS is no good RS256 key"));
}

}  // namespace
}  // namespace bia
