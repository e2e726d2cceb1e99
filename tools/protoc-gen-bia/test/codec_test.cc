// Content types: the client's, codecs of one's own, and functions in place of bia's.
#include "bia/bia/codec.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>

#include "bia/bia/errors.h"
#include "bia/bia/service_client.h"
#include "demo/v1/greeter.bia.h"
#include "peers.h"
#include "test/v1/files.bia.h"

namespace {
using namespace test::v1;
using bia::Code;
using bia::Context;
using bia::Error;
using bia::HttpContent;
using bia::Result;
using bia::test_support::Peers;
using google::api::HttpBody;
using google::protobuf::Message;
using testing::HasSubstr;

/// Protobuf's text as application/x-text, or under another name.
class TextCodec final : public bia::Codec {
 public:
  explicit TextCodec(std::string_view name = "x-text") : name_(name) {}
  std::string_view name() const override { return name_; }
  Result<void> encode(const Message& message, std::string& out) const override {
    out += message.ShortDebugString();
    return {};
  }
  Result<void> decode(std::string_view bytes, Message& message) const override {
    if (google::protobuf::TextFormat::MergeFromString(std::string(bytes), &message)) return {};
    return Error(Code::kInvalidArgument, "TEXT", "the text is wrong");
  }

 private:
  std::string_view name_;
};

class Service final : public FilesService {
 public:
  std::string seen;
  Result<FileReply> Upload(Context&, const HttpBody&) override { return FileReply(); }
  Result<PutRequest> Put(Context&, const PutRequest& request) override { return request; }
  Result<HttpBody> Download(Context&, const FileRequest&) override { return HttpBody(); }
  Result<FormRequest> Form(Context& context, const FormRequest& request) override {
    seen.clear();
    for (const char* name : {"content-type", "accept", "user-agent"})
      seen.append(seen.empty() ? "" : " ").append(context.header(name));
    if (request.title() == "none") return bia::errors::not_found("NONE", "no form");
    return request;
  }
  Result<FileReply> Every(Context&, const FileRequest&) override { return FileReply(); }
  Result<Times> Moments(Context&, const Times& request) override { return request; }
};

void serve(const std::function<void(Peers&, Service&)>& body, HttpContent content = {}) {
  Service service;
  bia::ServerBindingOptions options;
  options.content = std::move(content);
  bia::test_support::serve(service, std::move(options),
                           [&](Peers& peers) { body(peers, service); });
}

FormRequest form(std::string_view title) {
  FormRequest request;
  request.set_title(std::string(title));
  request.set_data("ab");  // XML has bytes as text, as Go
  request.set_count(7);
  return request;
}

bia::HttpOrigin origin_of(Peers& peers, bia::HttpClientContent content = {}) {
  bia::HttpOrigin origin;
  origin.client = &peers.http;
  origin.host = "127.0.0.1";
  origin.port = peers.port;
  origin.content = std::move(content);
  return origin;
}

TEST(ClientContent, IsOfEachTypeByClientAndByCall) {
  serve([](Peers& peers, Service& service) {
    FilesHttpClient plain(origin_of(peers, {.user_agent = "shop/1"}));
    for (const std::string type :
         {"application/json", "application/proto", "application/xml", "application/yaml",
          "application/x-protobuf", "application/x-www-form-urlencoded"}) {
      const std::string accepted =
          type == "application/x-www-form-urlencoded" ? "application/json" : type;
      auto reply = plain.Form(form("t"), {.content_type = type});
      ASSERT_TRUE(reply.ok()) << type << " " << reply.error().text();
      EXPECT_EQ(reply->ShortDebugString(), form("t").ShortDebugString()) << type;
      EXPECT_EQ(service.seen, type + " " + accepted + " shop/1");
      FilesHttpClient by_client(origin_of(peers, {.content_type = type}));
      ASSERT_TRUE(by_client.Form(form("t")).ok());
      EXPECT_EQ(service.seen, type + " " + accepted + " ");
      auto failed = plain.Form(form("none"), {.content_type = type});
      ASSERT_FALSE(failed.ok());
      EXPECT_EQ(failed.error().reason(), "NONE") << type;
    }
    auto unknown = plain.Form(form("t"), {.content_type = "text/plain"});
    ASSERT_FALSE(unknown.ok());
    EXPECT_THAT(unknown.error().message(), HasSubstr("no codec for \"text/plain\""));
  });
}

TEST(ClientContent, GoesThroughAServiceClient) {
  serve([](Peers& peers, Service& service) {
    bia::ServiceClientOptions options;
    options.pool.target = "127.0.0.1:" + std::to_string(peers.port);
    options.pool.scheme = "http";
    options.http.content_type = "application/proto";
    options.http.user_agent = "shop/2";
    options.http.decode_error = [](const bia::http::ClientResponse& response) {
      return Error::from_http(response.status, "OWN",
                              std::string(response.headers.get("content-type")));
    };
    auto client = bia::ServiceClient::create(options);
    ASSERT_TRUE(client.ok()) << client.error().text();
    FilesHttpClient files(**client);
    ASSERT_TRUE(files.Form(form("t")).ok());
    EXPECT_EQ(service.seen, "application/proto application/proto shop/2");
    bia::http::Headers headers;
    headers.add("user-agent", "call");
    ASSERT_TRUE(files.Form(form("t"), {.headers = &headers}).ok());
    EXPECT_EQ(service.seen, "application/proto application/proto call");
    auto failed = files.Form(form("none"));
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().reason() + failed.error().message(), "OWNapplication/proto");

    options.http.content_type = "text/plain";
    EXPECT_FALSE(bia::ServiceClient::create(options).ok());
    options.http.content_type = "application/proto";
    options.pool.scheme = "grpc";
    EXPECT_THAT(bia::ServiceClient::create(options).error().message(), HasSubstr("scheme"));
  });
}

TEST(ClientContent, ReadsAnErrorInProtobuf) {
  bia::http::ClientResponse response;
  response.status = 404;
  response.headers.add("Content-Type", "application/proto");
  response.body = std::string("\x08\x94\x03\x12\x04GONE\x1a\x02no\x22\x06\x0a\x01k\x12\x01v", 21);
  Error error = bia::error_of(response);
  EXPECT_EQ(error.reason() + " " + error.message(), "GONE no");
  ASSERT_EQ(error.metadata().size(), 1u);
  EXPECT_EQ(error.metadata()[0].first + error.metadata()[0].second, "kv");
  response.body.resize(8);
  EXPECT_THAT(bia::error_of(response).message(), HasSubstr("HTTP 404"));
}

TEST(ServerContent, CodecsOfItsOwnByContentTypeAndAccept) {
  serve(
      [](Peers& peers, Service&) {
        auto answer = peers.send("POST", "/forms", "title: \"a\"", "application/X-Text; v=1",
                                 "application/json;q=0.5, application/x-text");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.headers.get("content-type"), "application/x-text");
        EXPECT_EQ(answer.body, "title: \"a\"");
        answer = peers.send("POST", "/forms", "{\"title\":\"a\"}", "application/json",
                            "application/json, application/x-text");
        EXPECT_EQ(answer.headers.get("content-type"), "application/json");
        answer = peers.send("POST", "/forms", "titel: 1", "application/x-text");
        EXPECT_EQ(answer.status, 400);
        EXPECT_THAT(answer.body, HasSubstr("body unmarshal the text is wrong"));
        EXPECT_EQ(peers.calls.back(), "http /test.v1.Files/Form CODEC");

        const bia::CodecList codecs = {std::make_shared<TextCodec>()};
        FilesHttpClient client(
            origin_of(peers, {.content_type = "application/x-text", .codecs = codecs}));
        auto reply = client.Form(form("t"));
        ASSERT_TRUE(reply.ok()) << reply.error().text();
        EXPECT_EQ(reply->ShortDebugString(), form("t").ShortDebugString());
      },
      {.codecs = {std::make_shared<TextCodec>()}});
  serve(
      [](Peers& peers, Service&) {
        EXPECT_EQ(peers.send("POST", "/forms", "count: 3", "application/json").body, "count: 3");
        EXPECT_EQ(peers.send("POST", "/forms", "count: 3", "text/json", "*/*").body, "count: 3");
      },
      {.codecs = {std::make_shared<TextCodec>("JSON")}});
}

TEST(ServerContent, FormsAreRepliesToo) {
  serve([](Peers& peers, Service&) {
    auto answer =
        peers.send("POST", "/forms", "title=a+b&count=2", "application/x-www-form-urlencoded",
                   "application/x-www-form-urlencoded");
    EXPECT_EQ(answer.headers.get("content-type"), "application/x-www-form-urlencoded");
    EXPECT_EQ(answer.body, "title=a%20b&count=2");
  });
}

TEST(ServerContent, FunctionsDecodeAndEncode) {
  HttpContent content;
  content.decode_request = [](bia::http::ServerRequest& request, std::string_view body,
                              Message& message, const HttpContent::Builtin& builtin) {
    if (request.header("content-type") != "text/title") return builtin();
    if (body.empty()) return Result<void>(bia::errors::bad_request("EMPTY", "no title"));
    static_cast<FormRequest&>(message).set_title(std::string(body));
    return Result<void>();
  };
  content.encode_reply = [](bia::http::ServerRequest&, bia::http::ServerResponse& response,
                            const Message& reply, const HttpContent::Builtin& builtin) {
    const auto* form = dynamic_cast<const FormRequest*>(&reply);
    if (!form || form->title() != "own") return builtin();
    response.set_status(201);
    response.add_header("Content-Type", "text/own");
    response.body() += "own";
    return Result<void>();
  };
  content.encode_error = [](bia::http::ServerRequest&, bia::http::ServerResponse& response,
                            const Error& error, const std::function<void()>& builtin) {
    if (error.reason() == "NONE") return builtin();
    response.set_status(418);
    response.set_header("Content-Type", "text/error");
    response.body() += error.reason();
  };
  serve(
      [](Peers& peers, Service&) {
        auto answer = peers.send("POST", "/forms", "own", "text/title");
        EXPECT_EQ(std::to_string(answer.status) + answer.body, "201own");
        EXPECT_EQ(answer.headers.get("content-type"), "text/own");
        EXPECT_THAT(peers.send("POST", "/forms", "{\"title\":\"x\"}", "application/json").body,
                    HasSubstr("\"title\":\"x\""));
        answer = peers.send("POST", "/forms", "", "text/title");
        EXPECT_EQ(std::to_string(answer.status) + answer.body, "418EMPTY");
        EXPECT_EQ(peers.calls.back(), "http /test.v1.Files/Form EMPTY");
        answer = peers.send("GET", "/nowhere");
        EXPECT_EQ(std::to_string(answer.status) + answer.body, "418NOT_FOUND");
        answer = peers.send("POST", "/forms", "none", "text/title");
        EXPECT_EQ(answer.status, 404);
        EXPECT_THAT(answer.body, HasSubstr("\"reason\":\"NONE\""));
        EXPECT_EQ(peers.send("POST", "/files", "raw", "text/title").status, 200);
      },
      std::move(content));
}

TEST(ServerContent, AnEncoderThatFailsLeavesNothingBehind) {
  HttpContent content;
  content.encode_reply = [](bia::http::ServerRequest&, bia::http::ServerResponse& response,
                            const Message&, const HttpContent::Builtin&) {
    response.add_header("Content-Type", "text/own");
    response.body() += "half";
    return Result<void>(Error(Code::kInternal, "ENCODE", "no"));
  };
  serve(
      [](Peers& peers, Service&) {
        auto answer = peers.send("POST", "/forms", "{}", "application/json");
        EXPECT_EQ(answer.body, R"({"code":500,"reason":"ENCODE","message":"no","metadata":{}})");
        size_t types = 0;
        for (const auto& [name, value] : answer.headers)
          types += bia::http::field_name_equals(name, "content-type");
        EXPECT_EQ(types, 1u);
      },
      std::move(content));
}

TEST(ServerContent, IsSetBeforeTheFirstService) {
  bia::ServerBinding binding;
  EXPECT_TRUE(binding.set_content({}).ok());
  Service service;
  bia::http::Router router;
  ASSERT_TRUE(binding.add(service, &router, nullptr).ok());
  EXPECT_EQ(binding.set_content({}).error().reason(), "HTTP_CONTENT");
}

/// Form with these codecs alone.
void serve_limited(std::vector<std::string> codecs,
                   const std::function<void(Peers&, Service&)>& body, HttpContent content = {}) {
  Service service;
  bia::ServerBindingOptions options;
  options.content = std::move(content);
  options.operations["/test.v1.Files/Form"] = {.codecs = std::move(codecs)};
  bia::test_support::serve(service, std::move(options),
                           [&](Peers& peers) { body(peers, service); });
}

std::string type_of(const bia::http::ClientResponse& response) {
  return std::to_string(response.status) + " " + std::string(response.headers.get("content-type"));
}

TEST(OperationCodecs, OneIsWhatEveryoneGets) {
  serve_limited({"json"}, [](Peers& peers, Service&) {
    const auto send = [&](std::string_view accept, std::string_view title = "t") {
      return peers.send("POST", "/forms", R"({"title":")" + std::string(title) + "\"}",
                        "application/json", accept);
    };
    const std::string json = send("").body;
    for (std::string_view accept : {"application/proto", "application/xml, application/yaml", "*/*",
                                    "text/html,application/xml;q=0.9"}) {
      EXPECT_EQ(type_of(send(accept)), "200 application/json") << accept;
      EXPECT_EQ(send(accept).body, json);
      EXPECT_EQ(type_of(send(accept, "none")), "404 application/json") << accept;
    }
    auto refused = peers.send("POST", "/forms", "title: t", "application/yaml");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("unregister Content-Type: application/yaml"));
    EXPECT_EQ(peers.calls.back(), "http /test.v1.Files/Form CODEC");
    EXPECT_EQ(type_of(peers.send("GET", "/moments?text=x", {}, {}, "application/yaml")),
              "200 application/yaml")
        << "another operation";
  });
}

TEST(OperationCodecs, TheFirstIsForWhoAcceptsNone) {
  serve_limited({"proto", "form", "multipart"}, [](Peers& peers, Service&) {
    const auto send = [&](std::string_view accept, std::string_view title = "t") {
      return type_of(peers.send("POST", "/forms", "title=" + std::string(title),
                                "application/x-www-form-urlencoded", accept));
    };
    EXPECT_EQ(send(""), "200 application/proto");
    EXPECT_EQ(send("*/*"), "200 application/proto");
    EXPECT_EQ(send("application/json"), "200 application/proto");
    EXPECT_EQ(send("application/json, application/x-www-form-urlencoded;q=0.1"),
              "200 application/x-www-form-urlencoded");
    EXPECT_EQ(send("application/json", "none"), "404 application/proto");
    EXPECT_EQ(peers.send("POST", "/forms", "{}", "application/json").status, 400);
    EXPECT_EQ(type_of(peers.send("POST", "/forms", {})), "200 application/proto") << "no body";
  });
}

TEST(OperationCodecs, MayBeOnesOwn) {
  HttpContent content;
  content.codecs = {std::make_shared<TextCodec>()};
  serve_limited(
      {"x-text"},
      [](Peers& peers, Service&) {
        auto reply =
            peers.send("POST", "/forms", "title: 't'", "application/x-text", "application/json");
        EXPECT_EQ(type_of(reply), "200 application/x-text");
        EXPECT_EQ(peers.send("POST", "/forms", "{}", "application/json").status, 400);
        reply = peers.send("POST", "/forms", "title: 'none'", "application/x-text");
        EXPECT_EQ(type_of(reply), "404 application/json") << "it has no form for errors";
      },
      content);
}

TEST(OperationCodecs, AreKnown) {
  for (const auto& [name, error] :
       {std::pair("msgpack", "there is no codec \"msgpack\"; there are json, proto, xml"),
        std::pair("multipart", "none of them is one that replies can have")}) {
    Service service;
    bia::ServerBindingOptions options;
    options.operations["/test.v1.Files/Form"] = {.codecs = {name}};
    bia::ServerBinding binding(options);
    bia::http::Router router;
    auto added = binding.add(service, &router, nullptr);
    ASSERT_FALSE(added.ok());
    EXPECT_THAT(added.error().text(), HasSubstr(error));
    EXPECT_THAT(added.error().text(),
                HasSubstr("server.http.operations./test.v1.Files/Form.codecs: "));
  }
}

}  // namespace
