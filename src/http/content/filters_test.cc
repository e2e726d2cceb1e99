#include "bia/http/filters.h"

#include <brotli/decode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include "bia/fiber/threads.h"
#include "bia/http/client.h"
#include "bia/http/message.h"

namespace bia::http {
namespace {

using std::chrono::seconds;

Coding negotiated(std::string_view accept) {
  return negotiate_coding(accept,
                          {Coding::kZstd, Coding::kBrotli, Coding::kGzip, Coding::kDeflate});
}

TEST(NegotiateCoding, FollowsWeightsAndThenTheServer) {
  EXPECT_EQ(negotiated(""), Coding::kIdentity);
  EXPECT_EQ(negotiated("gzip"), Coding::kGzip);
  EXPECT_EQ(negotiated("x-gzip"), Coding::kGzip);
  EXPECT_EQ(negotiated("GZip, deflate"), Coding::kGzip);
  EXPECT_EQ(negotiated("gzip, deflate, br, zstd"), Coding::kZstd);
  EXPECT_EQ(negotiated("zstd;q=0.5, br;q=0.8, gzip;q=0.8"), Coding::kBrotli);
  EXPECT_EQ(negotiated("gzip;q=1.0,br;q=0.999"), Coding::kGzip);
  EXPECT_EQ(negotiated("gzip;q=0"), Coding::kIdentity);
  EXPECT_EQ(negotiated("gzip;q=nonsense"), Coding::kIdentity);
  EXPECT_EQ(negotiated("*"), Coding::kZstd);
  EXPECT_EQ(negotiated("zstd;q=0, *;q=0.1"), Coding::kBrotli);
  EXPECT_EQ(negotiated("identity, gzip;q=0.5"), Coding::kIdentity);
  EXPECT_EQ(negotiated("identity;q=0.5, gzip;q=0.5"), Coding::kGzip);
  EXPECT_EQ(negotiated("identity;q=0"), Coding::kIdentity) << "nothing else is acceptable either";
  EXPECT_EQ(negotiated("compress, lzw"), Coding::kIdentity);
  EXPECT_EQ(negotiated(",,;;q=,"), Coding::kIdentity);
}

std::string unpacked(std::string_view coding, const std::string& body) {
  std::string out(1 << 20, '\0');
  size_t size = out.size();
  if (coding == "zstd") {
    size = ZSTD_decompress(out.data(), size, body.data(), body.size());
    if (ZSTD_isError(size)) return "broken";
  } else if (coding == "br") {
    if (BrotliDecoderDecompress(body.size(), reinterpret_cast<const uint8_t*>(body.data()), &size,
                                reinterpret_cast<uint8_t*>(out.data())) !=
        BROTLI_DECODER_RESULT_SUCCESS)
      return "broken";
  } else {
    z_stream stream{};
    inflateInit2(&stream, coding == "gzip" ? 15 + 16 : 15);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
    stream.avail_in = static_cast<uInt>(body.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int end = inflate(&stream, Z_FINISH);
    size = out.size() - stream.avail_out;
    inflateEnd(&stream);
    if (end != Z_STREAM_END) return "broken";
  }
  out.resize(size);
  return out;
}

/// A server with the handler on both protocols; `body(send)` calls it.
class Filters : public ::testing::Test {
 protected:
  struct Answer {
    int status;
    Headers headers;
    std::string body;
    std::string header(std::string_view name) const { return std::string(headers.get(name)); }
  };
  void serve(Handler handler, const std::function<void()>& body) {
    for (auto version :
         {ClientOptions::Cleartext::kHttp1, ClientOptions::Cleartext::kPriorKnowledge}) {
      auto threads = fiber::ThreadGroup::create(1).value();
      threads->run([&](size_t) {
        ServerOptions options;
        options.address = "127.0.0.1:0";
        auto server = Server::create(*threads, options, handler).value();
        server->start().value();
        {
          ClientOptions client_options;
          client_options.cleartext = version;
          Client client(client_options);
          client_ = &client;
          port_ = net::Endpoint::parse(server->address())->port();
          body();
        }
        server->stop(Deadline::after(seconds(2)));
      });
    }
  }
  Answer send(Headers headers, std::string_view method = "GET") {
    ClientRequest request;
    request.method = method;
    request.host = "127.0.0.1";
    request.port = port_;
    request.target = "/";
    request.headers = &headers;
    ClientResponse response;
    Timings timings;
    auto sent = client_->send(request, response, timings, Deadline::after(seconds(5)));
    if (!sent) return {0, {}, sent.error().message()};
    return {response.status, response.headers, response.body};
  }
  Answer ask(std::string_view name, std::string_view value, std::string_view method = "GET") {
    Headers headers;
    if (!name.empty()) headers.add(name, value);
    return send(headers, method);
  }

  Client* client_ = nullptr;
  uint16_t port_ = 0;
};

std::string long_text() {
  std::string text;
  for (int i = 0; i < 500; ++i) text += "{\"item\":" + std::to_string(i * 7919) + "}";
  return text;
}

TEST_F(Filters, CompressesAsAccepted) {
  const std::string text = long_text();
  const Handler handler = compressed(
      [&](ServerRequest&, ServerResponse& response) {
        response.add_header("Content-Type", "application/json; charset=utf-8");
        response.add_header("ETag", "\"v1\"");
        response.body() = text;
      },
      {});
  serve(handler, [&] {
    for (std::string_view coding : {"gzip", "deflate", "br", "zstd"}) {
      const Answer answer = ask("Accept-Encoding", coding);
      EXPECT_EQ(answer.header("content-encoding"), coding);
      EXPECT_EQ(answer.header("vary"), "Accept-Encoding");
      EXPECT_EQ(answer.header("etag"), "W/\"v1\"");
      EXPECT_EQ(answer.header("content-length"), std::to_string(answer.body.size()));
      EXPECT_LT(answer.body.size(), text.size() / 2);
      EXPECT_EQ(unpacked(coding, answer.body), text);
      const Answer head = ask("Accept-Encoding", coding, "HEAD");
      EXPECT_EQ(head.header("content-length"), answer.header("content-length"));
    }
    Headers two;
    two.add("Accept-Encoding", "gzip;q=0.5");
    two.add("Accept-Encoding", "br");
    EXPECT_EQ(send(two).header("content-encoding"), "br") << "one list";
    const Answer plain = ask("", "");
    EXPECT_EQ(plain.body, text);
    EXPECT_EQ(plain.header("content-encoding"), "");
    EXPECT_EQ(plain.header("vary"), "Accept-Encoding");
    EXPECT_EQ(plain.header("etag"), "\"v1\"");
  });
}

TEST_F(Filters, LeavesAloneWhatGainsNothing) {
  std::string type = "text/plain", more_name, more_value;
  std::string text = long_text();
  const Handler handler = compressed(
      [&](ServerRequest&, ServerResponse& response) {
        response.add_header("Content-Type", type);
        if (!more_name.empty()) response.add_header(more_name, more_value);
        response.body() = text;
      },
      {.codings = {Coding::kGzip}, .bytes_min = 100, .bytes_max = 50'000});
  serve(handler, [&] {
    const auto coding = [&] { return ask("Accept-Encoding", "gzip").header("content-encoding"); };
    EXPECT_EQ(coding(), "gzip");
    text = std::string(99, 'a');
    EXPECT_EQ(coding(), "") << "below bytes_min";
    text = std::string(100, 'a');
    EXPECT_EQ(coding(), "gzip") << "at bytes_min";
    text = std::string(50'000, 'a');
    EXPECT_EQ(coding(), "gzip") << "at bytes_max";
    text = std::string(50'001, 'a');
    EXPECT_EQ(coding(), "") << "above bytes_max";
    text = std::string(100, 'a');
    type = "image/png";
    EXPECT_EQ(coding(), "");
    type = "application/problem+json";
    EXPECT_EQ(coding(), "gzip");
    more_name = "Content-Encoding", more_value = "br";
    EXPECT_EQ(coding(), "br");
    more_name = "Cache-Control", more_value = "no-transform";
    EXPECT_EQ(coding(), "");
    more_name.clear();
    text.clear();
    for (unsigned i = 0; i < 300; ++i) text += static_cast<char>((i * 2654435761u) >> 13);
    EXPECT_EQ(coding(), "") << "it would be no smaller";
    EXPECT_EQ(ask("Accept-Encoding", "br").header("content-encoding"), "") << "not offered";
    type = "text/plain", text = long_text();
  });
}

TEST_F(Filters, MakesEtagsAndAnswers304) {
  std::string text = "some text";
  int status = 200;
  const Handler handler = with_etags([&](ServerRequest&, ServerResponse& response) {
    response.set_status(status);
    response.add_header("Content-Type", "text/plain");
    response.body() = text;
  });
  serve(handler, [&] {
    const std::string etag = ask("", "").header("etag");
    EXPECT_TRUE(etag.starts_with("W/\"")) << etag;
    const Answer again = ask("If-None-Match", "\"other, one\", " + etag);
    EXPECT_EQ(again.status, 304);
    EXPECT_EQ(again.body, "");
    EXPECT_EQ(again.header("etag"), etag);
    EXPECT_EQ(ask("If-None-Match", etag, "HEAD").status, 304);
    EXPECT_EQ(ask("If-None-Match", "*").status, 304);
    EXPECT_EQ(ask("If-None-Match", "\"other\"").status, 200);
    EXPECT_EQ(ask("If-None-Match", "\"unended").status, 200);
    EXPECT_EQ(ask("If-None-Match", etag, "POST").status, 200) << "not a question";
    EXPECT_EQ(ask("If-Match", "*").status, 200);
    const Answer failed = ask("If-Match", etag);
    EXPECT_EQ(failed.status, 412) << "a weak tag equals none here";
    EXPECT_EQ(failed.header("etag"), etag);
    EXPECT_EQ(failed.headers.joined("content-type"), "application/json");
    EXPECT_EQ(failed.body.find("some text"), std::string::npos);
    Headers both;
    both.add("If-None-Match", "\"other\"");
    both.add("If-Match", "\"other\"");
    EXPECT_EQ(send(both).status, 412) << "If-Match goes first";
    text = "another text";
    EXPECT_EQ(ask("If-None-Match", etag).status, 200);
    status = 404;
    EXPECT_EQ(ask("", "").header("etag"), "");
    status = 200, text = "some text";
  });
}

TEST_F(Filters, A304VariesAsItsAnswerDoes) {
  std::string type = "text/plain";
  const Handler handler = compressed(with_etags([&](ServerRequest&, ServerResponse& response) {
                                       if (!type.empty()) response.add_header("Content-Type", type);
                                       response.body() = long_text();
                                     }),
                                     {});
  serve(handler, [&] {
    const std::string etag = ask("", "").header("etag");
    for (const char* each : {"", "text/plain", "image/png"}) {
      type = each;
      const Answer answer = ask("If-None-Match", etag);
      EXPECT_EQ(answer.status, 304);
      EXPECT_EQ(answer.header("vary"), type == "image/png" ? "" : "Accept-Encoding") << type;
    }
    type = "text/plain";
  });
}

TEST_F(Filters, AHandlerAsksBeforeItWorks) {
  const Handler handler = [&](ServerRequest& request, ServerResponse& response) {
    if (check_etag(request, response, "\"v7\"") == Precondition::kAnswered) return;
    response.body() = "made";
  };
  serve(handler, [&] {
    EXPECT_EQ(ask("", "").body, "made");
    EXPECT_EQ(ask("", "").header("etag"), "\"v7\"");
    EXPECT_EQ(ask("If-None-Match", "W/\"v7\"").status, 304);
    EXPECT_EQ(ask("If-None-Match", "\"v7\"", "PUT").status, 412);
    EXPECT_EQ(ask("If-Match", "\"v7\"", "PUT").body, "made");
    EXPECT_EQ(ask("If-Match", "\"v6\"", "PUT").status, 412);
    EXPECT_EQ(ask("If-Match", "W/\"v7\"", "PUT").status, 412) << "a weak tag equals none here";
    EXPECT_EQ(ask("If-Match", "W/\"v7\", \"v7\"", "PUT").body, "made");
    EXPECT_EQ(ask("If-Match", "*", "PUT").body, "made");
    Headers both;
    both.add("If-Match", "\"v7\"");
    both.add("If-None-Match", "\"v7\"");
    EXPECT_EQ(send(both).status, 304) << "both are asked";
  });
}

}  // namespace
}  // namespace bia::http
