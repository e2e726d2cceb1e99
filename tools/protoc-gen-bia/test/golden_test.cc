// Kratos 2.7.2's recorded answers (3.3 of the parity checklist). Where bia means to do better, the
// test says so.
#include <fmt/format.h>

#include "bia/bia/errors.h"
#include "demo/v1/greeter.bia.h"
#include "peers.h"

namespace {
using namespace demo::v1;
using bia::Context;
using bia::Error;
using bia::Result;
using bia::test_support::Peers;

class Service final : public GreeterService {
 public:
  Result<HelloReply> SayHello(Context& context, const HelloRequest& request) override {
    context.add_reply_header("X-Md-Reply", context.operation());
    HelloReply reply;
    reply.set_message("Hello " + request.name());
    return reply;
  }
  Result<BindReply> Bind(Context&, const BindRequest& request) override {
    BindReply reply;
    *reply.mutable_echo() = request;
    return reply;
  }
  Result<HelloReply> Fail(Context&, const FailRequest& request) override {
    const std::string& kind = request.kind();
    if (kind == "notfound")
      return error_user_not_found("user bob missing").with_metadata("id", "7");
    if (kind == "exists") return Error(bia::Code::kAlreadyExists, "", "dup");
    if (kind == "conflict") return bia::errors::conflict("DUP", "dup key");
    if (kind == "moved") return bia::errors::redirect("/helloworld/bob", 301);
    if (kind == "plain302") return Error::from_http(302, "MOVED", "no place");
    if (kind == "code10001") return Error::from_http(10001, "ODD", "odd");
    return Error::from_http(500, "", "plain boom");
  }
};

void serve(const std::function<void(Peers&)>& body) {
  Service service;
  bia::test_support::serve(service, {}, body);
}

std::string codec(std::string_view message) {
  std::string text = R"({"code":400,"reason":"CODEC","message":")";
  for (char c : message) {
    if (c == '"') text += '\\';
    text += c;
  }
  return text + R"(","metadata":{}})";
}
constexpr std::string_view kHello = R"({"message":"Hello bob","echo":null})";

TEST(KratosGolden, AnswersAGet) {
  serve([](Peers& peers) {
    auto response = peers.send("GET", "/helloworld/kratos");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("content-type"), "application/json");
    EXPECT_EQ(response.headers.get("x-md-reply"), "/demo.v1.Greeter/SayHello");
    EXPECT_EQ(response.body, R"({"message":"Hello kratos","echo":null})");
  });
}

TEST(KratosGolden, ReadsBodies) {
  serve([](Peers& peers) {
    auto post = [&](std::string_view body, std::string_view type = "application/json") {
      return peers.send("POST", "/helloworld", body, type).body;
    };
    EXPECT_EQ(post("{bad"),
              codec("body unmarshal proto: syntax error (line 1:2): invalid value bad"));
    EXPECT_EQ(post("[]"),
              codec("body unmarshal proto: syntax error (line 1:1): unexpected token ["));
    EXPECT_EQ(
        post(R"({"age":"x"})"),
        R"({"code":400,"reason":"CODEC","message":"body unmarshal proto: (line 1:8): invalid value )"
        R"(for int32 type: \"x\"","metadata":{}})");
    EXPECT_EQ(post(R"({"name":"bob","nope":1})"), kHello);
    EXPECT_EQ(post(""), R"({"message":"Hello ","echo":null})");
    EXPECT_EQ(post("hi", "text/plain"), codec("unregister Content-Type: text/plain"));
    EXPECT_EQ(post("{}", ""), codec("unregister Content-Type: "));
    EXPECT_EQ(post("name=bob&age=3", "application/x-www-form-urlencoded"), kHello);
    EXPECT_EQ(post("name=%zz", "application/x-www-form-urlencoded"),
              codec("body unmarshal invalid URL escape \"%zz\""));
    EXPECT_EQ(post("name=a;age=5", "application/x-www-form-urlencoded"),
              codec("body unmarshal invalid semicolon separator in query"));
    // Section 13.5: better than Kratos, which refuses these three.
    EXPECT_EQ(post(R"({"name":"bob"})", "application/JSON"), kHello);
    EXPECT_EQ(post("", ""), R"({"message":"Hello ","echo":null})");
    EXPECT_EQ(post("--x\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nbob\r\n--x--\r\n",
                   "multipart/form-data; boundary=x"),
              kHello);
    EXPECT_EQ(post("name: bob\nage: 3", "application/yaml"), kHello);
  });
}

// Recorded from Kratos 2.7.2 besides: names of the Go structs.
TEST(KratosGolden, ReadsAndWritesXml) {
  serve([](Peers& peers) {
    auto post = [&](std::string_view body, std::string_view type = "application/xml") {
      return peers.send("POST", "/helloworld", body, type);
    };
    EXPECT_EQ(post("<HelloRequest><Name>bob</Name><Age>3</Age></HelloRequest>").body, kHello);
    EXPECT_EQ(post("<x><Name>bob</Name></x>", "text/xml; charset=utf-8").body, kHello);
    EXPECT_EQ(post("").body, R"({"message":"Hello ","echo":null})");
    // Kratos says neither which field nor that it is in the document type.
    auto wrong = post("<HelloRequest><Age>x</Age></HelloRequest>");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_EQ(wrong.body,
              codec(R"(body unmarshal XML on line 1: parsing field "age": strconv.ParseInt: )"
                    R"(parsing "x": invalid syntax)"));
    EXPECT_EQ(post("<!DOCTYPE x><x/>").body,
              codec("body unmarshal XML on line 1: a document type declaration is not taken; send "
                    "the document without <!DOCTYPE>"));
    EXPECT_EQ(post("{}").body.find(R"({"code":400,"reason":"CODEC","message":"body unmarshal XML )"
                                   R"(syntax error on line 1: )"),
              0u);
    auto answer = peers.send("GET", "/helloworld/bob", {}, {}, "text/xml");
    EXPECT_EQ(answer.headers.get("content-type"), "application/xml");
    EXPECT_EQ(answer.body, "<HelloReply><Message>Hello bob</Message></HelloReply>");
    // Kratos: 500 and no body.
    auto error = peers.send("GET", "/err/notfound", {}, {}, "application/xml");
    EXPECT_EQ(error.status, 404);
    EXPECT_EQ(error.headers.get("content-type"), "application/json");
  });
}

// Recorded from Kratos 2.7.2 besides: names of the Go structs in lower case.
TEST(KratosGolden, ReadsAndWritesYaml) {
  serve([](Peers& peers) {
    auto answer = peers.send("GET", "/helloworld/bob", {}, {}, "application/yaml");
    EXPECT_EQ(answer.headers.get("content-type"), "application/yaml");
    EXPECT_EQ(answer.body, "message: Hello bob\necho: null\n");
    // Kratos does not say which field.
    EXPECT_EQ(peers.send("POST", "/helloworld", "name: bob\nage: x", "application/yaml").body,
              codec(R"(body unmarshal yaml: line 2: parsing field "age": strconv.ParseInt: )"
                    R"(parsing "x": invalid syntax)"));
    EXPECT_EQ(
        peers.send("PUT", "/subs/x?opt_field=o", "n: 5", "application/yaml", "application/yaml")
            .body.substr(0, 15),
        "name: \"\"\nage: 0");
  });
}

TEST(KratosGolden, WritesErrorsInTheCallersCodec) {
  serve([](Peers& peers) {
    auto fail = [&](std::string_view accept, std::string_view path = "/err/notfound") {
      auto answer = peers.send("GET", path, {}, {}, accept);
      return std::pair(std::string(answer.headers.get("content-type")), answer.body);
    };
    EXPECT_EQ(fail("application/yaml"),
              std::pair(std::string("application/yaml"),
                        std::string("status:\n    code: 404\n    reason: USER_NOT_FOUND\n"
                                    "    message: user bob missing\n    metadata:\n"
                                    "        id: \"7\"\n")));
    EXPECT_EQ(fail("application/x-www-form-urlencoded"),
              std::pair(std::string("application/x-www-form-urlencoded"),
                        std::string("code=404&message=user+bob+missing&metadata%5Bid%5D=7&"
                                    "reason=USER_NOT_FOUND")));
    const std::string proto =
        "\x08\x94\x03\x12\x0eUSER_NOT_FOUND\x1a\x10user bob missing\x22\x07\n\x02id\x12\x01"
        "7";
    // Kratos takes application/proto alone.
    for (const char* type : {"application/proto", "application/x-protobuf"})
      EXPECT_EQ(fail(type), std::pair(std::string("application/proto"), proto)) << type;
    EXPECT_EQ(fail("application/yaml", "/err/code10001").second,
              "status:\n    code: 500\n    reason: ODD\n    message: odd\n    metadata:\n"
              "        code: \"10001\"\n");
    EXPECT_EQ(fail("application/yaml", "/err/plain").second,
              "status:\n    code: 500\n    reason: \"\"\n    message: plain boom\n"
              "    metadata: {}\n");
    EXPECT_EQ(fail("text/html, application/xml;q=0.9, */*").first, "application/json");
    EXPECT_EQ(fail("application/yaml", "/helloworld/bob?age=x").first, "application/yaml");
    EXPECT_EQ(fail("text/plain\napplication/yaml").first, "application/yaml") << "two fields";
  });
}

TEST(KratosGolden, ReadsQueries) {
  serve([](Peers& peers) {
    auto get = [&](std::string query) { return peers.get("/helloworld/bob?" + query); };
    EXPECT_EQ(get("age=x"),
              codec(R"(parsing field "age": strconv.ParseInt: parsing "x": invalid syntax)"));
    EXPECT_EQ(get("age=1&age=2"), codec(R"(too many values for field "age": 1, 2)"));
    EXPECT_EQ(get("ok=maybe"),
              codec(R"(parsing field "ok": strconv.ParseBool: parsing "maybe": invalid syntax)"));
    EXPECT_EQ(get("color=PURPLE"),
              codec(R"(parsing field "color": "PURPLE" is not a valid value)"));
    EXPECT_EQ(
        get("ts=yesterday"),
        codec(R"(parsing field "ts": parsing time "yesterday" as )"
              R"("2006-01-02T15:04:05.999999999Z07:00": cannot parse "yesterday" as "2006")"));
    const auto time = [&](std::string_view text, std::string_view why) {
      EXPECT_EQ(get("ts=" + std::string(text)),
                codec(fmt::format("parsing field \"ts\": parsing time \"{}\"{}", text, why)));
    };
    const std::string as = " as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse ";
    time("2024-01-02T03:04:05", as + R"("" as "Z07:00")");
    time("2024-01-02", as + R"("" as "T")");
    time("10000-01-01T00:00:00Z", as + R"("0-01-01T00:00:00Z" as "-")");
    time("2024-01-02t03:04:05z", as + R"("t03:04:05z" as "T")");
    time("2024-13-02T03:04:05Z", ": month out of range");
    time("2024-02-30T03:04:05Z", ": day out of range");
    time("2024-01-02T24:00:00Z", ": hour out of range");
    time("2024-01-02T03:04:60Z", ": second out of range");
    EXPECT_EQ(get("ts=2024-01-02T03:04:05.1234567891Z"), kHello);
    EXPECT_EQ(get("ts=2024-01-02T03:04:05,5Z"), kHello);
    EXPECT_EQ(get("dur=5"), codec(R"(parsing field "dur": time: missing unit in duration "5")"));
    EXPECT_EQ(get("data=!!"),
              codec(R"(parsing field "data": illegal base64 data at input byte 0)"));
    EXPECT_EQ(get("sub=5"),
              codec(R"(parsing field "sub": unsupported message type: "demo.v1.Sub")"));
    EXPECT_EQ(get("unknown=2"), kHello);
    // Kratos panics here and drops the connection (13.3).
    EXPECT_EQ(get("ts=null&dur=null"), kHello);
  });
}

TEST(KratosGolden, BindsPathOverQueryOverBody) {
  serve([](Peers& peers) {
    // RED is 0: here GREEN shows that it is read.
    auto answer = peers.send(
        "PUT",
        "/subs/path?age=9&name=q&tags=a&tags=b&nums=1&nums=2&kv[k1]=v1&ts=2024-01-02T03:04:05Z&"
        "dur=1m2s&sv=hi&iv=77&mask=optField,sub.name&color=GREEN&data=aGk%3D&d=1.5&a=x&"
        "opt_field=o&big=123&ok=true&val=z&st=%7B%22q%22%3A1%7D&sub.n=8",
        R"({"n":5,"name":"body"})", "application/json");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(
        answer.body,
        R"({"name":"q","age":9,"big":"123","ok":true,"color":"GREEN","tags":["a","b"],"nums":[1,2],)"
        R"("sub":{"name":"path","n":8},"subs":[],"kv":{"k1":"v1"},"ts":"2024-01-02T03:04:05Z",)"
        R"("dur":"62s","sv":"hi","iv":"77","mask":"optField,sub.name","data":"aGk=","d":1.5,)"
        R"("a":"x","optField":"o","st":{"q":1},"val":"z"})");
    EXPECT_EQ(peers.send("PUT", "/subs/x?subs=1", "{}", "application/json").body,
              codec(R"(parsing list "subs": unsupported message type: "demo.v1.Numbered")"));
    EXPECT_EQ(peers.send("PUT", "/subs/x?a=1&b=2", "{}", "application/json").body,
              codec(R"(field already set for oneof "pick")"));
    EXPECT_EQ(peers.send("PUT", "/subs/x?kv=x", "{}", "application/json").body,
              codec("invalid formatting for map key"));
    // 2.7.2: invalid formatting for map key; as since 2.9.
    EXPECT_EQ(peers.send("PUT", "/subs/x?kv.k2=v2", "{}", "application/json").status, 200);
  });
}

TEST(KratosGolden, Validates) {
  serve([](Peers& peers) {
    auto answer = peers.send("GET", "/helloworld/waytoolongname");
    EXPECT_EQ(answer.status, 400);
    // 13.8: Kratos' metadata is empty; here each violation is in it too.
    EXPECT_EQ(
        answer.body,
        R"({"code":400,"reason":"VALIDATOR","message":"invalid HelloRequest.Name: value length )"
        R"(must be at most 10 runes","metadata":{"name":"value length must be at most 10 runes"}})");
    EXPECT_EQ(peers.calls.back(), "http /demo.v1.Greeter/SayHello VALIDATOR");
    HelloRequest request;
    request.set_name("waytoolongname");
    bia::grpc::Channel channel(peers.grpc_address);
    auto over_grpc = GreeterClient(channel).SayHello(request);
    ASSERT_FALSE(over_grpc.ok());
    EXPECT_EQ(over_grpc.error().code(), bia::Code::kInvalidArgument);
    EXPECT_EQ(over_grpc.error().reason(), "VALIDATOR");
    EXPECT_EQ(over_grpc.error().metadata().size(), 1u);
  });
}

TEST(KratosGolden, MapsErrors) {
  serve([](Peers& peers) {
    auto missing = peers.send("GET", "/err/notfound");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(
        missing.body,
        R"({"code":404,"reason":"USER_NOT_FOUND","message":"user bob missing","metadata":{"id":"7"}})");
    EXPECT_EQ(peers.get("/err/plain"),
              R"({"code":500,"reason":"","message":"plain boom","metadata":{}})");
    EXPECT_EQ(peers.get("/err/exists"),
              R"({"code":409,"reason":"","message":"dup","metadata":{}})");
    EXPECT_EQ(peers.get("/err/conflict"),
              R"({"code":409,"reason":"DUP","message":"dup key","metadata":{}})");
    auto plain302 = peers.send("GET", "/err/plain302");
    EXPECT_EQ(plain302.status, 302);
    EXPECT_EQ(plain302.headers.get("location"), "");
    auto moved = peers.send("GET", "/err/moved");
    EXPECT_EQ(moved.status, 301);
    EXPECT_EQ(moved.headers.get("location"), "/helloworld/bob");
    // Kratos drops the connection (13.3).
    EXPECT_EQ(peers.send("GET", "/err/code10001").status, 500);
  });
}

TEST(KratosGolden, NamesWhatHasNoRoute) {
  serve([](Peers& peers) {
    // 13.1: Kratos answers both with the text "404 page not found".
    auto nope = peers.send("GET", "/nope");
    EXPECT_EQ(nope.status, 404);
    EXPECT_EQ(nope.headers.get("content-type"), "application/json");
    auto slash = peers.send("GET", "//helloworld//bob/?age=1");
    EXPECT_EQ(slash.status, 301);
    EXPECT_EQ(slash.headers.get("location"), "/helloworld/bob?age=1");
    EXPECT_EQ(peers.send("GET", "/nope/").status, 404);
    auto wrong = peers.send("DELETE", "/helloworld/bob");
    EXPECT_EQ(wrong.status, 405);
    EXPECT_EQ(wrong.headers.get("allow"), "GET, HEAD");
  });
}

TEST(ErrorsProto, MapsBackOnBothClients) {
  serve([](Peers& peers) {
    FailRequest request;
    request.set_kind("notfound");
    bia::grpc::Channel channel(peers.grpc_address);
    auto over_grpc = GreeterClient(channel).Fail(request);
    auto over_http = GreeterHttpClient(peers.http, "127.0.0.1", peers.port).Fail(request);
    for (const auto* reply : {&over_grpc, &over_http}) {
      ASSERT_FALSE(reply->ok());
      EXPECT_TRUE(is_user_not_found(reply->error()));
      EXPECT_FALSE(is_dup(reply->error()));
      EXPECT_TRUE(bia::errors::is_not_found(reply->error()));
      EXPECT_EQ(reply->error().message(), "user bob missing");
      ASSERT_EQ(reply->error().metadata().size(), 1u);
      EXPECT_EQ(reply->error().metadata()[0].second, "7");
    }
    request.set_kind("conflict");
    over_grpc = GreeterClient(channel).Fail(request);
    over_http = GreeterHttpClient(peers.http, "127.0.0.1", peers.port).Fail(request);
    EXPECT_TRUE(is_dup(over_grpc.error()));
    EXPECT_TRUE(is_dup(over_http.error()));
  });
}

// As Go's net/http does for Kratos' client.
TEST(Redirects, AreFollowedByTheHttpClient) {
  serve([](Peers& peers) {
    FailRequest request;
    request.set_kind("moved");
    auto reply = GreeterHttpClient(peers.http, "127.0.0.1", peers.port).Fail(request);
    ASSERT_TRUE(reply.ok()) << reply.error().text();
    EXPECT_EQ(reply->message(), "Hello bob");
  });
}

TEST(ErrorsProto, UsesTheEnumsDefault) {
  EXPECT_EQ(error_unspecified_error("x").http_status(), 500);
  EXPECT_FALSE(is_user_not_found(Error::from_http(404, "OTHER", "")));
  EXPECT_FALSE(is_user_not_found(Error::from_http(400, "USER_NOT_FOUND", "")));
}

}  // namespace
