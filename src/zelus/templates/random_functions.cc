// ghz's own functions, and those of sprig's that draw.
#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>

#include "base/base64.h"
#include "bia/base/assert.h"
#include "zelus/templates/function.h"
#include "zelus/templates/random.h"
#include "zelus/templates/runes.h"

namespace zelus::templates {

std::mt19937_64& random_source() {
  thread_local std::mt19937_64 source = [] {
    // std::random_device takes 5 KB of the fiber's stack.
    uint64_t seed = 0;
    BIA_ASSERT(getentropy(&seed, sizeof seed) == 0);
    return std::mt19937_64(seed);
  }();
  return source;
}

int64_t random_between(int64_t low, int64_t below) {
  return std::uniform_int_distribution<int64_t>(low, below - 1)(random_source());
}

std::string random_text(size_t length, std::string_view letters) {
  std::string text;
  text.reserve(length);
  for (size_t i = 0; i < length; ++i)
    text += letters[static_cast<size_t>(random_between(0, static_cast<int64_t>(letters.size())))];
  return text;
}

std::string uuid_v4() {
  uint64_t a = random_source()();
  uint64_t b = random_source()();
  a = (a & ~0xF000ull) | 0x4000ull;
  b = (b & ~(0xC0ull << 56)) | (0x80ull << 56);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFFF,
                     b >> 48, b & 0xFFFFFFFFFFFFull);
}

namespace {

constexpr std::string_view kAlphanumeric =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
constexpr std::string_view kAlpha = kAlphanumeric.substr(0, 52);
constexpr std::string_view kDigits = kAlphanumeric.substr(52);

Result<size_t> length_of(const Value& count) {
  if (count.as_int() > kMadeBytesMax)
    return call_error(fmt::format("a length above {}", kMadeBytesMax));
  return static_cast<size_t>(std::max<int64_t>(count.as_int(), 0));
}

Result<Value> random_string(Args args) {
  size_t length = BIA_TRY(length_of(args[0]));
  if (length == 0) length = static_cast<size_t>(random_between(2, 17));
  return Value::text(random_text(length, kAlphanumeric));
}

/// Go's rand.Intn of their difference.
Result<Value> between(int64_t low, int64_t high) {
  if (high <= low) return call_error("invalid argument to Intn");
  return Value::integer(random_between(low, high));
}
Result<Value> random_int(Args args) {
  const int64_t high = args[1].as_int();
  return between(std::max<int64_t>(args[0].as_int(), 0), high <= 0 ? 1 : high);
}

Result<Value> random_of(Args args, std::string_view letters) {
  return Value::text(random_text(BIA_TRY(length_of(args[0])), letters));
}
Result<Value> random_ascii(Args args) {
  std::string letters;
  for (char c = ' '; c < 127; ++c) letters += c;
  return random_of(args, letters);
}

Result<Value> random_bytes(Args args) {
  if (args[0].as_int() < 0) return call_error("runtime error: makeslice: len out of range");
  std::string bytes(BIA_TRY(length_of(args[0])), '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) !=
      1)
    return call_error("no random bytes");
  return Value::text(bia::base64_encode(bytes));
}

Result<Value> shuffle(Args args) {
  std::u32string runes = runes_of(args[0].as_text());
  std::shuffle(runes.begin(), runes.end(), random_source());
  return Value::text(text_of(runes));
}

constexpr Function kFunctions[] = {
    {"newUUID", "", [](Args /*args*/) -> Result<Value> { return Value::text(uuid_v4()); }},
    {"randomString", "i", random_string},
    {"randomInt", "ii", random_int},
    {"uuidv4", "", [](Args /*args*/) -> Result<Value> { return Value::text(uuid_v4()); }},
    {"randInt", "ii", [](Args args) { return between(args[0].as_int(), args[1].as_int()); }},
    {"randAlphaNum", "i", [](Args args) { return random_of(args, kAlphanumeric); }},
    {"randAlpha", "i", [](Args args) { return random_of(args, kAlpha); }},
    {"randNumeric", "i", [](Args args) { return random_of(args, kDigits); }},
    {"randAscii", "i", random_ascii},
    {"randBytes", "i", random_bytes},
    {"shuffle", "s", shuffle},
};

}  // namespace

std::span<const Function> random_functions() { return kFunctions; }

}  // namespace zelus::templates
