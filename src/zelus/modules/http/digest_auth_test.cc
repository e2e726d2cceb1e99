#include "zelus/modules/http/digest_auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

using ::testing::HasSubstr;

TEST(DigestAuth, AnswersTheExamplesOfTheRfc) {
  // RFC 7616 section 3.9.1.
  DigestChallenge challenge;
  for (auto [algorithm, response] :
       {std::pair("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        std::pair("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1")}) {
    ASSERT_TRUE(parse_digest_challenge(
        std::string("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=") +
            algorithm +
            ", nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
            "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
        challenge));
    EXPECT_EQ(challenge.qop, "auth");
    std::string header =
        digest_authorization(challenge, {"Mufasa:Circle of Life", "GET", "/dir/index.html", "",
                                         "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"});
    EXPECT_THAT(header, HasSubstr(std::string("response=\"") + response + "\""));
    EXPECT_THAT(header, HasSubstr("qop=auth, nc=00000001, cnonce=\"f2/wE4q7"));
    EXPECT_THAT(header, HasSubstr("username=\"Mufasa\", realm=\"http-auth@example.org\""));
  }
}

TEST(DigestAuth, WithoutQopAsRfc2069) {
  // RFC 2069 section 2.4, its errata.
  DigestChallenge challenge;
  ASSERT_TRUE(parse_digest_challenge(
      "Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
      challenge));
  std::string header = digest_authorization(
      challenge, {"Mufasa:CircleOfLife", "GET", "/dir/index.html", "", "unused"});
  EXPECT_THAT(header, HasSubstr("response=\"1949323746fe6a43ef61f9606e7febea\""));
  EXPECT_THAT(header, ::testing::Not(HasSubstr("cnonce")));
}

TEST(DigestAuth, RefusesWhatItCannotAnswer) {
  DigestChallenge challenge;
  EXPECT_FALSE(parse_digest_challenge("Basic realm=\"x\"", challenge));
  EXPECT_FALSE(parse_digest_challenge("Digest realm=\"x\"", challenge));
  EXPECT_FALSE(parse_digest_challenge("Digest nonce=\"x\", algorithm=SHA3", challenge));
  EXPECT_FALSE(parse_digest_challenge("", challenge));
  EXPECT_TRUE(parse_digest_challenge("digest nonce=\"a\\\"b\", qop=auth-int, stale", challenge));
  EXPECT_EQ(challenge.nonce, "a\"b");
  EXPECT_EQ(challenge.qop, "auth-int");
  EXPECT_EQ(digest_cnonce().size(), 32u);
}

}  // namespace
}  // namespace zelus::modules
