#include "http/content/decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/text.h"
#include "bia/fiber/threads.h"
#include "bia/http/client.h"
#include "bia/http/router.h"
#include "http/content/coder.h"

namespace bia::http {
namespace {

using std::chrono::seconds;

constexpr Coding kCodings[] = {Coding::kGzip, Coding::kDeflate, Coding::kBrotli, Coding::kZstd};

std::string coded(Coding coding, std::string text) {
  EXPECT_TRUE(encode(coding, text));
  return text;
}

/// Also where it is not smaller.
std::string gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string text_of(size_t size) {
  std::string text;
  for (int i = 0; text.size() < size; ++i) text += "line " + std::to_string(i / 3) + "\n";
  text.resize(size);
  return text;
}

std::string outcome(Coding coding, std::string_view in, size_t bytes_max) {
  std::string out;
  const Result<void> decoded = decode(coding, in, bytes_max, out);
  EXPECT_LE(out.size(), bytes_max < SIZE_MAX ? bytes_max + 1 : SIZE_MAX);
  return decoded ? out : decoded.error().reason();
}

TEST(Decode, GivesBackWhatWasCodedUpToTheLimit) {
  for (const Coding coding : kCodings) {
    for (const size_t size : {size_t{1000}, size_t{16 * 1024}, size_t{1'000'000}}) {
      const std::string text = text_of(size);
      const std::string packed = coded(coding, text);
      EXPECT_EQ(outcome(coding, packed, size), text) << coding_name(coding) << " at the limit";
      EXPECT_EQ(outcome(coding, packed, size - 1), "BODY_TOO_LARGE") << "one above it";
    }
    EXPECT_EQ(outcome(coding, coded(coding, std::string(100'000'000, 'x')), 1000), "BODY_TOO_LARGE")
        << "a bomb";
  }
  EXPECT_EQ(outcome(Coding::kIdentity, "abc", 3), "abc");
  EXPECT_EQ(outcome(Coding::kIdentity, "abc", 2), "BODY_TOO_LARGE");
}

TEST(Decode, RefusesWhatIsNotWholeOrNotAlone) {
  const std::string text = text_of(5000);
  for (const Coding coding : kCodings) {
    const std::string packed = coded(coding, text);
    for (const size_t size : {size_t{1}, packed.size() / 2, packed.size() - 1})
      EXPECT_EQ(outcome(coding, packed.substr(0, size), 10'000), "BAD_ENCODING")
          << coding_name(coding) << " cut at " << size;
    EXPECT_EQ(outcome(coding, packed + "more", 10'000), "BAD_ENCODING") << coding_name(coding);
    EXPECT_EQ(outcome(coding, "{\"name\":\"x\"}", 10'000), "BAD_ENCODING") << coding_name(coding);
    EXPECT_EQ(outcome(coding, "", 10'000), "BAD_ENCODING") << coding_name(coding);
  }
}

TEST(Decode, TakesGzipsMembersAndTheBareDeflate) {
  const std::string two = coded(Coding::kGzip, text_of(1000)) + coded(Coding::kGzip, text_of(900));
  EXPECT_EQ(outcome(Coding::kGzip, two, 1900), text_of(1000) + text_of(900));
  EXPECT_EQ(outcome(Coding::kGzip, two, 1899), "BODY_TOO_LARGE");
  const std::string zlib = coded(Coding::kDeflate, text_of(1000));
  EXPECT_EQ(outcome(Coding::kDeflate, zlib.substr(2, zlib.size() - 6), 1000), text_of(1000));
}

TEST(Decode, EmptyMembersAndFramesCostNothingThatGrowsWithTheBody) {
  // With room made anew for each of them, 800 GB would be cleared.
  const std::string text = text_of(4'000'000);
  for (const Coding coding : {Coding::kGzip, Coding::kZstd}) {
    const std::string empty =
        coding == Coding::kGzip ? gzipped("") : std::string("\x50\x2a\x4d\x18\0\0\0\0", 8);
    std::string many = coded(coding, text);
    for (int i = 0; i < 200'000; ++i) many += empty;
    EXPECT_TRUE(outcome(coding, many, 2 * text.size()) == text) << coding_name(coding);
  }
}

TEST(Decode, WithoutALimit) {
  for (const Coding coding : kCodings)
    EXPECT_TRUE(outcome(coding, coded(coding, text_of(50'000)), SIZE_MAX) == text_of(50'000))
        << coding_name(coding);
}

struct Answer {
  int status = 0;
  std::string body;
  std::string accepted;
};

/// `codings`: a field for each line.
Answer post(Client& client, uint16_t port, std::string_view codings, std::string_view body) {
  Headers headers;
  while (!codings.empty()) headers.add("Content-Encoding", cut(codings, '\n'));
  ClientRequest request;
  request.method = "POST";
  request.host = "127.0.0.1";
  request.port = port;
  request.target = "/";
  request.headers = &headers;
  request.body = body;
  ClientResponse response;
  Timings timings;
  client.send(request, response, timings, Deadline::after(seconds(5))).value();
  return {response.status, response.body, std::string(response.headers.get("accept-encoding"))};
}

void echo(ServerRequest& request, ServerResponse& response) {
  auto body = request.body();
  if (!body) return write_error(response, body.error());
  EXPECT_EQ(request.header("content-encoding"), "");
  response.body() = *body;
}

TEST(Unpacked, RequestsOfEachCodingOnBothProtocols) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    auto server =
        Server::create(*threads, options, unpacked(echo, {.body_bytes_max = 100'000})).value();
    server->start().value();
    const uint16_t port = net::Endpoint::parse(server->address())->port();
    const std::string text = text_of(50'000);
    for (auto version :
         {ClientOptions::Cleartext::kHttp1, ClientOptions::Cleartext::kPriorKnowledge}) {
      ClientOptions client_options;
      client_options.cleartext = version;
      Client client(client_options);
      for (const Coding coding : kCodings)
        EXPECT_EQ(post(client, port, coding_name(coding), coded(coding, text)).body, text);
      const std::string twice = gzipped(coded(Coding::kBrotli, text_of(90'000)));
      EXPECT_EQ(post(client, port, "br, X-GZIP", twice).body, text_of(90'000));
      EXPECT_EQ(post(client, port, "br\ngzip", twice).body, text_of(90'000)) << "two fields";
      EXPECT_EQ(post(client, port, "identity\nbr\ngzip", twice).body, text_of(90'000));
      EXPECT_EQ(post(client, port, "gzip\nbr", twice).status, 400) << "in the other order";
      EXPECT_EQ(post(client, port, "gzip\ngzip\ngzip", gzipped(gzipped(gzipped("x")))).status, 415);
      EXPECT_EQ(post(client, port, "", text).body, text);
      EXPECT_EQ(post(client, port, "gzip", "").status, 200) << "nothing is of every coding";
      EXPECT_EQ(post(client, port, "gzip", "{}").status, 400);
      EXPECT_EQ(post(client, port, "gzip", coded(Coding::kGzip, text_of(100'001))).status, 413);
      const Answer unknown = post(client, port, "compress", text);
      EXPECT_EQ(unknown.status, 415);
      EXPECT_EQ(unknown.accepted, "gzip, deflate, br, zstd");
      EXPECT_EQ(post(client, port, "gzip, gzip, gzip", gzipped(gzipped(gzipped("x")))).status, 415)
          << "more than two";
      EXPECT_NE(unknown.body.find("UNSUPPORTED_ENCODING"), std::string::npos);
    }
    server->stop(Deadline::after(seconds(2)));
  });
}

TEST(Unpacked, BodiesAreNoLongerThanAnyMayBe) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    options.limits.body_bytes_max = 100;
    options.limits.body_bytes_asked_max = 1000;
    const auto sized = [](ServerRequest& request, ServerResponse& response) {
      auto body = request.body_up_to(SIZE_MAX);
      if (!body) return write_error(response, body.error());
      response.body() = std::to_string(body->size());
    };
    auto server = Server::create(*threads, options, unpacked(sized, options.limits)).value();
    server->start().value();
    const uint16_t port = net::Endpoint::parse(server->address())->port();
    Client client({});
    EXPECT_EQ(post(client, port, "gzip", gzipped(std::string(1000, 'x'))).body, "1000");
    EXPECT_EQ(post(client, port, "gzip", gzipped(std::string(1001, 'x'))).status, 413);
    server->stop(Deadline::after(seconds(2)));
  });
}

TEST(Unpacked, SaysWhatItTakesWhateverTheStatusIs) {
  auto threads = fiber::ThreadGroup::create(1).value();
  threads->run([&](size_t) {
    ServerOptions options;
    options.address = "127.0.0.1:0";
    const auto envelope = [](ServerRequest& request, ServerResponse& response) {
      response.set_status(request.body().ok() ? 415 : 200);
    };
    auto server =
        Server::create(*threads, options, unpacked(envelope, {.body_bytes_max = 100})).value();
    server->start().value();
    const uint16_t port = net::Endpoint::parse(server->address())->port();
    Client client({});
    const Answer unknown = post(client, port, "compress", "x");
    EXPECT_EQ(unknown.status, 200);
    EXPECT_EQ(unknown.accepted, "gzip, deflate, br, zstd");
    const Answer other = post(client, port, "gzip", gzipped("x"));
    EXPECT_EQ(other.status, 415) << "the handler's own, of what the body is";
    EXPECT_EQ(other.accepted, "");
    server->stop(Deadline::after(seconds(2)));
  });
}

}  // namespace
}  // namespace bia::http
