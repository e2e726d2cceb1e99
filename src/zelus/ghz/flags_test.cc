#include "zelus/ghz/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zelus/ghz/options.h"

namespace zelus::ghz {
namespace {

std::string error_of(std::vector<std::string> arguments) {
  auto parsed = parse_flags(arguments);
  return parsed.ok() ? "" : parsed.error().message();
}

TEST(ParseFlags, TakesEveryFormOfKingpin) {
  auto parsed = parse_flags({"--insecure", "-c", "5", "-n10", "--proto=a.proto", "--call", "p.S/M",
                             "-r=3", "127.0.0.1:1"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(parsed->get("concurrency"), "5");
  EXPECT_EQ(parsed->get("total"), "10");
  EXPECT_EQ(parsed->get("proto"), "a.proto");
  EXPECT_EQ(parsed->get("rps"), "3");
  EXPECT_EQ(parsed->get("timeout"), "20s") << "a default";
  EXPECT_EQ(parsed->host, "127.0.0.1:1");
  EXPECT_EQ(parse_flags({"--no-insecure"})->get("insecure"), "false");
}

TEST(ParseFlags, RefusesWithKingpinsTexts) {
  EXPECT_EQ(error_of({"--nope"}), "unknown long flag '--nope'");
  EXPECT_EQ(error_of({"-q"}), "unknown short flag '-q'");
  EXPECT_EQ(error_of({"-c", "1", "-c", "2"}), "flag 'concurrency' cannot be repeated");
  EXPECT_EQ(error_of({"-d"}), "expected argument for flag '-d'");
  EXPECT_EQ(error_of({"-n", "x"}), "strconv.ParseUint: parsing \"x\": invalid syntax");
  EXPECT_EQ(error_of({"-z", "5"}), "time: missing unit in duration \"5\"");
  EXPECT_EQ(error_of({"a:1", "b:2"}), "unexpected b:2");
}

TEST(ParseFlags, TakesGosNumbers) {
  EXPECT_EQ(parse_flags({"-n", "0x10"})->get("total"), "16");
  EXPECT_EQ(parse_flags({"-n", "1_000"})->get("total"), "1000");
  EXPECT_EQ(parse_flags({"--load-step=-5.9"})->get("load-step"), "-5");
  EXPECT_EQ(error_of({"-n", "99999999999999999999"}),
            "strconv.ParseUint: parsing \"99999999999999999999\": value out of range");
  EXPECT_EQ(error_of({"--load-step=x"}), "strconv.ParseFloat: parsing \"x\": invalid syntax");
}

TEST(HelpText, ShowsEveryFlag) {
  std::string help = help_text();
  for (const Flag& flag : flags())
    EXPECT_THAT(help, testing::HasSubstr("--" + std::string(flag.name)));
}

bia::Result<Options> options_of(std::vector<std::string> arguments,
                                std::string standard_input = "") {
  auto parsed = parse_flags(arguments);
  if (!parsed.ok()) return std::move(parsed).error();
  return make_options(*parsed, [&] { return standard_input; });
}

TEST(MakeOptions, ChecksAsGhzDoes) {
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c"}).error().message(), "host required");
  EXPECT_EQ(options_of({"--insecure", "h:1"}).error().message(), "call required");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "-c", "2", "--connections", "5", "h:1"})
                .error()
                .message(),
            "number of connections cannot be greater than concurrency");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "-n", "5", "--skipFirst", "6", "h:1"})
                .error()
                .message(),
            "you cannot skip more requests than those run");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "-O", "bad", "h:1"}).error().message(),
            "enum value must be one of "
            "summary,csv,json,pretty,html,influx-summary,influx-details,prometheus, got 'bad'");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "--load-schedule=sine", "h:1"})
                .error()
                .message(),
            R"(schedule much be "const", "step", or "line")");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "--concurrency-schedule=step", "h:1"})
                .error()
                .message(),
            "concurrency start start cannot equal concurrency end");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "-b", "--stream-dynamic-messages", "h:1"})
                .error()
                .message(),
            "cannot use dynamic messages with binary data");
  EXPECT_EQ(
      options_of({"--insecure", "--call", "a.b/c", "-m", "{\"a\":1}", "h:1"}).error().message(),
      "error unmarshaling metadata '{\"a\":1}': json: cannot unmarshal number into Go value of "
      "type string");
  EXPECT_EQ(options_of({"--call", "a.b/c", "--cname=a", "--authority=b", "h:1"}).error().message(),
            "ClientConn's authority from transport creds \"a\" and dial option \"b\" don't match");
  EXPECT_EQ(options_of({"--call", "a.b/c", "--cert=none.pem", "h:1"}).error().message(),
            "could not load client key pair: open none.pem: no such file or directory");
  EXPECT_EQ(options_of({"--call", "a.b/c", "--cacert=none.pem", "h:1"}).error().message(),
            "could not read ca certificate: open none.pem: no such file or directory");
  EXPECT_EQ(
      options_of({"--insecure", "--call", "a.b/c", "--cacert=/dev/null", "h:1"}).error().message(),
      "failed to append ca certs");
  EXPECT_NE(options_of({"--call", "a.b/c", "--skipTLS", "h:1"})->tls, nullptr);
  EXPECT_EQ(options_of({"--call", "a.b/c", "--insecure", "h:1"})->tls, nullptr);
}

TEST(MakeOptions, ReadsDataFromStandardInput) {
  auto options = options_of({"--insecure", "--call", "a.b/c", "--data=@", "h:1"}, "{}");
  ASSERT_TRUE(options.ok());
  EXPECT_EQ(options->data, "{}");
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "--data=@", "h:1"}).error().message(),
            "no data provided");
}

TEST(MakeOptions, DurationOverridesTotal) {
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "-z", "5s", "-n", "3", "h:1"})->total,
            2147483647u);
  EXPECT_EQ(options_of({"--insecure", "--call", "a.b/c", "-x", "5s", "-n", "3", "h:1"})->total, 3u);
}

TEST(ParseBytes, ReadsHumanSizes) {
  EXPECT_EQ(*parse_bytes("4096"), 4096u);
  EXPECT_EQ(*parse_bytes("42 MB"), 42'000'000u);
  EXPECT_EQ(*parse_bytes("1 kib"), 1024u);
  EXPECT_FALSE(parse_bytes("1 parsec").ok());
  EXPECT_FALSE(parse_bytes("").ok());
  EXPECT_EQ(parse_bytes("1 xb").error().message(), "unhandled size name: xb");
  EXPECT_EQ(parse_bytes("xx").error().message(),
            "strconv.ParseFloat: parsing \"\": invalid syntax");
  EXPECT_EQ(*parse_bytes("9 gb"), 2147483647u) << "no message is larger";
  EXPECT_EQ(*parse_bytes("1,024 KI"), 1048576u);
}

}  // namespace
}  // namespace zelus::ghz
