// crypto, TextEncoder and TextDecoder as globals.
#include "zelus/modules/test_support.h"
#include "zelus/modules/utf8.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class WebGlobalsTest : public ScriptTest {};

TEST(Utf8, ReplacesWhatIsNotWellFormed) {
  auto text = [](std::string_view bytes, bool last = true) { return read_utf8(bytes, last).text; };
  EXPECT_EQ(text("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"), "aé€😀");
  EXPECT_EQ(text("\xc3("), "\xef\xbf\xbd(");
  EXPECT_EQ(text("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(text("\xf0\x9f\x98"), "\xef\xbf\xbd");
  EXPECT_EQ(text("\xc0\x80\xff"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_TRUE(read_utf8("\x80", true).bad);
  Utf8Text cut = read_utf8("a\xf0\x9f", false);
  EXPECT_EQ(cut.text, "a");
  EXPECT_EQ(cut.left, 2u);
  EXPECT_FALSE(cut.bad);
}

TEST_F(WebGlobalsTest, TextIsEncodedAndDecoded) {
  EXPECT_THAT(
      run_default("", R"(
  const bytes = new TextEncoder().encode('hé€\ud800');
  console.log(bytes, new TextEncoder().encoding, new TextDecoder().decode(bytes.buffer));
  const d = new TextDecoder('UTF8', { fatal: true });
  console.log(d.encoding, d.fatal, d.ignoreBOM);
  for (const f of [() => d.decode(new Uint8Array([255])), () => new TextDecoder('latin9'), () => d.decode('x')])
    try { f(); } catch (e) { console.log(e.name, e.message); }
  const s = new TextDecoder();
  console.log(s.decode(new Uint8Array([0xef, 0xbb, 0xbf, 0xe2]), { stream: true }) + '|' + s.decode(new Uint8Array([0x82, 0xac])) + '|' + s.decode());
  console.log(new TextDecoder('utf-16le').decode(new Uint8Array([0x68, 0, 0xac, 0x20])), new TextDecoder('utf-16be').decode(new Uint8Array([0x20, 0xac])));
  console.log(new TextDecoder().decode(new Uint8Array([120, 0xff])));)"),
      ElementsAre("info: Uint8Array(9) [ 104, 195, 169, 226, 130, 172, 239, 191, 189 ] utf-8 "
                  "hé€\xef\xbf\xbd "
                  "source=console",
                  "info: utf-8 true false source=console",
                  "info: TypeError The encoded data was not valid source=console",
                  "info: RangeError unsupported encoding: latin9 source=console",
                  "info: TypeError unable to decode: expected an ArrayBuffer or a view of one "
                  "source=console",
                  "info: |€| source=console", "info: h€ € source=console",
                  "info: x\xef\xbf\xbd source=console"));
}

TEST_F(WebGlobalsTest, CryptoGivesRandomnessAndDigests) {
  auto lines = run(R"(export default async function () {
    const u = crypto.randomUUID();
    console.log(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(u), u !== crypto.randomUUID());
    const a = new Uint8Array(64);
    console.log(crypto.getRandomValues(a) === a, a.some((x) => x !== 0));
    for (const bad of [[1], new Float32Array(1), new Uint8Array(70000)])
      try { crypto.getRandomValues(bad); } catch (e) { console.log(e.message); }
    const d = new Uint8Array(await crypto.subtle.digest({ name: 'sha-256' }, new TextEncoder().encode('hello')));
    console.log(d.length, d[0].toString(16), d[31].toString(16));
    for (const f of [() => crypto.subtle.digest('MD5', d), () => crypto.subtle.digest('SHA-1', 'x'), () => crypto.subtle.importKey()])
      await f().catch((e) => console.log(e.message));
    crypto = 5; console.log(crypto);
  })");
  EXPECT_THAT(
      lines,
      ElementsAre("info: true true source=console", "info: true true source=console",
                  HasSubstr("not a typed array of whole numbers"),
                  HasSubstr("not a typed array of whole numbers"),
                  HasSubstr("70000 bytes are more than 65536"), "info: 32 2c 24 source=console",
                  HasSubstr("unsupported algorithm: MD5"), HasSubstr("data is no ArrayBuffer"),
                  HasSubstr("crypto.subtle.importKey is not built yet in zelus"),
                  "info: 5 source=console"));
}

// The order that k6 1.8.1 prints for the same list.
TEST_F(WebGlobalsTest, LocaleCompareIsTheRootCollation) {
  EXPECT_THAT(
      run_default("", R"(
  console.log(['résumé', 'resume', 'Resume', 'a b', 'ab', 'a-b', 'a_b', 'A', 'a', 'B', 'b', '10', '9', 'é', 'e', 'f', 'ä', 'z', 'Z', '', '$1', '#x', 'ß', 'я', 'а', 'co-op', 'coop', 'ae', 'æ', 'Éa', 'ea'].sort((a, b) => a.localeCompare(b)).join('|'));
  console.log('a'.localeCompare('b'), 'b'.localeCompare('a'), 'a'.localeCompare('a'), 'a'.localeCompare('A'), 'a'.localeCompare(), 'é'.localeCompare('e\u0301'), 'ab'.localeCompare('aB'), Object.keys(String.prototype).length);
  try { String.prototype.localeCompare.call(null, 'x'); } catch (e) { console.log(e.name); })"),
      ElementsAre("info: |#x|$1|10|9|a|A|ä|a b|a_b|a-b|ab|ae|æ|b|B|co-op|coop|e|é|ea|Éa|f|resume|"
                  "Resume|résumé|ß|z|Z|а|я source=console",
                  "info: -1 1 0 -1 -1 0 -1 0 source=console", "info: TypeError source=console"));
}

}  // namespace
}  // namespace zelus::modules
