#include "zelus/modules/http/ntlm_auth.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace zelus::modules {
namespace {

using namespace std::string_view_literals;

std::string bytes(std::string_view hex) {
  std::string out;
  std::string digits;
  for (char c : hex) {
    if (c != ' ') digits += c;
  }
  for (size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return out;
}

std::string hex(std::string_view text) {
  std::string out;
  for (char c : text) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

/// MS-NLMP 4.2.1 and 4.2.4.
const std::string kNonce = bytes("01 23 45 67 89 ab cd ef");
const std::string kOurNonce = bytes("aa aa aa aa aa aa aa aa");
const std::string kTargetInfo = bytes(
    "02 00 0c 00 44 00 6f 00 6d 00 61 00 69 00 6e 00 01 00 0c 00 53 00 65 00 72 00 76 00 65 00 "
    "72 00 00 00 00 00");

/// 4.2.4.3's message without its flag for an exchange of keys, which nobody asked for here.
std::string challenge_message(std::string_view flags = "33 82 8a a2",
                              const std::string& info = kTargetInfo) {
  const std::string target = bytes("53 00 65 00 72 00 76 00 65 00 72 00");
  std::string size = {static_cast<char>(info.size()), 0};
  return std::string("NTLMSSP\0\2\0\0\0"sv) + bytes("0c 00 0c 00 38 00 00 00") + bytes(flags) +
         kNonce + std::string(8, '\0') + size + size + bytes("44 00 00 00") +
         bytes("06 00 70 17 00 00 00 0f") + target + info;
}

std::string field(std::string_view message, size_t at) {
  auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(message[i])); };
  return std::string(
      message.substr(byte(at + 4) | byte(at + 5) << 8, byte(at) | byte(at + 1) << 8));
}

TEST(NtlmAuth, AnswersTheExamplesOfTheSpecification) {
  EXPECT_EQ(hex(ntlm_key("User", "Domain", "Password")), "0c868a403bfd7a93a3001ef22ef02e3f");
  const std::string challenge = challenge_message();
  auto parsed = parse_ntlm_challenge(challenge);
  ASSERT_TRUE(parsed);
  const std::string message =
      ntlm_authenticate(*parsed, {"Domain\\User", "Password"}, kOurNonce, 0);
  EXPECT_EQ(hex(message.substr(0, 12)), "4e544c4d5353500003000000");
  // 4.2.4.2.2.
  EXPECT_EQ(hex(field(message, 20)).substr(0, 32), "68cd0ab851e51c96aabc927bebef6a1c");
  EXPECT_EQ(
      hex(field(message, 20)).substr(32),
      "01010000000000000000000000000000aaaaaaaaaaaaaaaa00000000" + hex(kTargetInfo) + "00000000");
  EXPECT_EQ(field(message, 12), "") << "LM's answer is left out where there is target information";
  EXPECT_EQ(hex(field(message, 28)), "44006f006d00610069006e00");
  EXPECT_EQ(hex(field(message, 36)), "5500730065007200");
  EXPECT_EQ(field(message, 44), "");
}

TEST(NtlmAuth, WithoutTargetInformationLmIsAnsweredToo) {
  const std::string challenge = challenge_message("33 82 8a a2", "");
  auto parsed = parse_ntlm_challenge(challenge);
  ASSERT_TRUE(parsed);
  const std::string message =
      ntlm_authenticate(*parsed, {"Domain\\User", "Password"}, kOurNonce, 0);
  // 4.2.4.2.1.
  EXPECT_EQ(hex(field(message, 12)), "86c35097ac9cec102554764a57cccc19aaaaaaaaaaaaaaaa");
}

TEST(NtlmAuth, AServersTimeIsTaken) {
  const std::string time = bytes("07 00 08 00 01 02 03 04 05 06 07 08 00 00 00 00");
  const std::string challenge = challenge_message("33 82 8a a2", time);
  auto parsed = parse_ntlm_challenge(challenge);
  ASSERT_TRUE(parsed);
  const std::string message = ntlm_authenticate(*parsed, {"u", "p"}, kOurNonce, 77);
  EXPECT_EQ(hex(field(message, 20)).substr(48, 16), "0102030405060708");
}

TEST(NtlmAuth, NamesAreUpperCaseInTheKeyWhateverTheirScript) {
  EXPECT_EQ(ntlm_key("jürgen", "", "p"), ntlm_key("JÜRGEN", "", "p"));
  EXPECT_EQ(ntlm_key("жук@a", "", "p"), ntlm_key("ЖУК@A", "", "p"));
  EXPECT_NE(ntlm_key("u", "d", "p"), ntlm_key("u", "D", "p"));
  EXPECT_NE(ntlm_key("u", "d", "😀"), ntlm_key("u", "d", "😁"));
}

TEST(NtlmAuth, AsksFirstAsK6Does) {
  EXPECT_EQ(hex(ntlm_negotiate()),
            "4e544c4d5353500001000000018288a0000000002800000000000000280000000601b11d0000000f");
}

TEST(NtlmAuth, RefusesWhatItCannotAnswer) {
  const std::string good = challenge_message();
  for (size_t size = 0; size < 48; ++size) EXPECT_FALSE(parse_ntlm_challenge(good.substr(0, size)));
  for (size_t size = 69; size < good.size(); ++size)
    EXPECT_FALSE(parse_ntlm_challenge(good.substr(0, size))) << "cut target information";
  EXPECT_FALSE(parse_ntlm_challenge(challenge_message("33 82 8a e2"))) << "an exchange of keys";
  EXPECT_FALSE(parse_ntlm_challenge(challenge_message("b3 82 8a a2"))) << "LM's key";
  EXPECT_FALSE(parse_ntlm_challenge(challenge_message("32 82 8a a2"))) << "no Unicode";
  EXPECT_FALSE(parse_ntlm_challenge(challenge_message("33 82 8a a2", bytes("02 00 ff 00 41"))));
  EXPECT_FALSE(parse_ntlm_challenge(challenge_message("33 82 8a a2", bytes("02 00 01 00 41"))))
      << "no end";
  EXPECT_FALSE(parse_ntlm_challenge("NTLMSSP\0\1"sv));
  EXPECT_EQ(ntlm_authenticate(*parse_ntlm_challenge(good), {"", ""}, kOurNonce, 0), "");
}

TEST(NtlmAuth, OfSeveralSchemesNtlmIsTaken) {
  NtlmOffers none;
  none.add("Basic realm=\"x\"");
  none.add("ntlm");
  EXPECT_FALSE(none.best());
  NtlmOffers offers;
  offers.add("Negotiate");
  EXPECT_EQ(offers.best()->scheme, "Negotiate");
  offers.add("NTLM YWI=");
  offers.add("Negotiate Y2Q=");
  EXPECT_EQ(offers.best()->scheme, "NTLM");
  EXPECT_EQ(offers.best()->token, "ab");
}

}  // namespace
}  // namespace zelus::modules
