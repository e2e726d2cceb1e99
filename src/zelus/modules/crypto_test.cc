// k6/crypto: the values are those that k6 1.8.1 gives for the same calls.
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;

class CryptoTest : public ScriptTest {
 protected:
  std::vector<std::string> told(const std::string& body) {
    auto lines = run_default("import crypto, { sha256 } from 'k6/crypto';",
                             "const told = (f) => { try { const r = f(); console.log(r instanceof "
                             "ArrayBuffer ? 'buffer ' + r.byteLength : r); } catch (e) { "
                             "console.log(e.name, e.message); } };" +
                                 body);
    for (std::string& line : lines) {
      line = line.substr(std::string("info: ").size());
      line = line.substr(0, line.rfind(" source=console"));
    }
    return lines;
  }
};

TEST_F(CryptoTest, Hashes) {
  EXPECT_THAT(
      told("for (const a of ['md4','md5','sha1','sha256','sha384','sha512_224','sha512_256',"
           "'ripemd160']) told(() => crypto[a]('hello', 'hex')); told(() => crypto.sha512('hello', "
           "'hex').length); told(() => sha256('', 'hex').slice(0, 8));"),
      ElementsAre("866437cb7a794bce2b727acc0362ee27", "5d41402abc4b2a76b9719d911017c592",
                  "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
                  "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                  "59e1748777448c69de6b800d7a33bbfb9ff1b463e44354c3553bcdb9c666fa90125a3c79f90397bd"
                  "f5f6a13de828684f",
                  "fe8509ed1fb7dcefc27e6ac1a80eddbec4cb3d2c6fe565244374061c",
                  "e30d87cfa2a75db545eac4d61baf970366a8357c7f72fa95b52d0accb698f13a",
                  "108f07b8382412612c048d07d13f814118445acd", "128", "e3b0c442"));
}

TEST_F(CryptoTest, Encodings) {
  EXPECT_THAT(
      told("for (const e of ['base64', 'base64url', 'base64rawurl', 'binary', 'nope', "
           "undefined]) told(() => crypto.md5('hello', e)); told(() => "
           "crypto.hexEncode(new Uint8Array([1, 255])));"),
      ElementsAre("XUFAKrxLKna5cZ2REBfFkg==", "XUFAKrxLKna5cZ2REBfFkg==", "XUFAKrxLKna5cZ2REBfFkg",
                  "buffer 16", "GoError invalid output encoding: nope",
                  "GoError invalid output encoding: ", "01ff"));
}

TEST_F(CryptoTest, Hmacs) {
  EXPECT_THAT(
      told("told(() => crypto.hmac('sha256', 'key', 'data', 'hex')); told(() => "
           "crypto.hmac('md4', 'key', 'data', 'hex')); told(() => crypto.hmac('ripemd160', 'key', "
           "'data', 'base64')); told(() => crypto.hmac('sha1', new Uint8Array([1]).buffer, 'x', "
           "'hex')); told(() => crypto.hmac('nope', 'k', 'd', 'hex')); told(() => "
           "crypto.hmac('sha1', 5, 'd', 'hex')); told(() => crypto.hmac('md5', '', '', "
           "'hex').length);"),
      ElementsAre("5031fe3d989c6d1537a013fa6e739da23463fdaec3b70137d828e36ace221bd0",
                  "c2652d1b2872572984742fe9fcfa2a56", "ziHbZ5k+94DVXGG95G3PU+zw4Tg=",
                  "7be92c4e6f2ce38ce4b979e0ff5954ace1a1007a", "GoError invalid algorithm: nope",
                  "GoError invalid type int64, expected string, []byte or ArrayBuffer", "32"));
}

TEST_F(CryptoTest, HashersGoOnAfterADigest) {
  EXPECT_THAT(
      told("const h = crypto.createHash('sha1'); h.update('a'); h.update(new "
           "Uint8Array([98]).buffer); told(() => h.digest('hex')); told(() => h.digest('hex')); "
           "told(() => Object.keys(h).join()); const m = crypto.createHMAC('sha512', 'k'); "
           "m.update('a'); told(() => m.digest('base64rawurl')); told(() => "
           "m.digest('hex').length); "
           "told(() => crypto.createHMAC('nope', 'k')); told(() => crypto.createHash('nope')); "
           "told(() => h.update(7)); told(() => h.digest.call({}, 'hex'));"),
      ElementsAre("da23614e02469a0d7c7bd1bdab5c9c474b1904dc",
                  "da23614e02469a0d7c7bd1bdab5c9c474b1904dc", "digest,update",
                  "guDBXg1iqxeYS-oiW_fSitVPND3WUgwoPDos1DhSovecNJzJt1gzFzme441yJIm0WpQmZ-"
                  "Vbw4xCpbsgPAkAxw",
                  "128", "GoError invalid algorithm: nope", "GoError invalid algorithm: nope",
                  "GoError invalid type int64, expected string, []byte or ArrayBuffer",
                  "TypeError Hasher object expected"));
}

TEST_F(CryptoTest, RandomBytesAndBadInput) {
  EXPECT_THAT(
      told(
          "told(() => crypto.randomBytes(8)); told(() => crypto.randomBytes(0)); told(() => "
          "crypto.hexEncode(crypto.randomBytes(16)) !== crypto.hexEncode(crypto.randomBytes(16))); "
          "for (const v of [{}, null, [1], 1.5, true]) told(() => crypto.sha256(v, 'hex'));"),
      ElementsAre(
          "buffer 8", "GoError invalid size", "true",
          "GoError sha256 failed: invalid type map[string]interface {}, expected string, []byte or "
          "ArrayBuffer",
          "GoError sha256 failed: invalid type <nil>, expected string, []byte or ArrayBuffer",
          "GoError sha256 failed: invalid type []interface {}, expected string, []byte or "
          "ArrayBuffer",
          "GoError sha256 failed: invalid type float64, expected string, []byte or ArrayBuffer",
          "GoError sha256 failed: invalid type bool, expected string, []byte or ArrayBuffer"));
}

}  // namespace
}  // namespace zelus::modules
