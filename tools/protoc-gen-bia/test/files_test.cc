// Bodies that are no JSON, rarer rules, per-operation options and the envelope.
#include <gmock/gmock.h>
#include <unistd.h>

#include <stdexcept>

#include "bia/bia/errors.h"
#include "peers.h"
#include "test/v1/files.bia.h"

namespace {
using namespace test::v1;
using bia::Context;
using bia::Result;
using bia::test_support::Peers;
using google::api::HttpBody;

class Service final : public FilesService {
 public:
  Result<FileReply> Upload(Context&, const HttpBody& request) override {
    FileReply reply;
    reply.set_type(request.content_type());
    reply.set_size(static_cast<int64_t>(request.data().size()));
    return reply;
  }
  Result<PutRequest> Put(Context&, const PutRequest& request) override { return request; }
  Result<HttpBody> Download(Context&, const FileRequest& request) override {
    if (request.name() == "none") return bia::errors::not_found("NO_FILE", "no such file");
    HttpBody body;
    body.set_content_type("image/png");
    body.set_data(std::string("\x89PNG\0\xff", 6) + request.name());
    return body;
  }
  Result<FormRequest> Form(Context&, const FormRequest& request) override { return request; }
  Result<FileReply> Every(Context& context, const FileRequest& request) override {
    FileReply reply;
    if (context.http_request()) reply.set_type(std::string(context.http_request()->method_text()));
    reply.set_name(request.name());
    return reply;
  }
  Result<Times> Moments(Context& context, const Times& request) override {
    Times times = request;
    if (request.text() == "template") times.set_text(std::string(context.path_template()));
    if (request.text() == "time") times.mutable_at()->set_seconds(INT64_MAX);
    if (request.text() == "length") times.mutable_lasts()->set_seconds(INT64_MIN);
    if (request.text() == "text") times.set_text("a\xff");
    if (request.text() == "sleep") BIA_TRY(bia::fiber::sleep_for(std::chrono::seconds(60)));
    if (request.text() == "run on") bia::fiber::offload([] { usleep(100'000); });
    if (request.text() == "throw")
      context.http_response()->set_header("Cache-Control", "max-age=9");
    if (request.text() == "throw") throw std::runtime_error("boom");
    if (request.text() == "see") return bia::errors::redirect("/other");
    return times;
  }
};

void serve(const std::function<void(Peers&)>& body, bia::ServerBindingOptions options = {}) {
  Service service;
  bia::test_support::serve(service, std::move(options), body);
}

TEST(HttpBody, GoesUpAndDown) {
  serve([](Peers& peers) {
    auto up = peers.send("POST", "/files", std::string_view("\0\1\2", 3), "image/gif");
    EXPECT_EQ(up.body, R"({"type":"image/gif","size":"3","name":""})");
    auto down = peers.send("GET", "/files/x");
    EXPECT_EQ(down.headers.get("content-type"), "image/png");
    EXPECT_EQ(down.body, std::string("\x89PNG\0\xffx", 7));
    auto both = peers.send("PUT", "/files/y", "{not json", "text/plain");
    EXPECT_EQ(both.headers.get("content-type"), "text/plain");
    EXPECT_EQ(both.body, "{not json");
    EXPECT_EQ(peers.send("GET", "/files/none").headers.get("content-type"), "application/json");
  });
}

TEST(HttpBody, IsSentByTheClient) {
  serve([](Peers& peers) {
    FilesHttpClient client(peers.http, "127.0.0.1", peers.port);
    HttpBody body;
    body.set_content_type("text/csv");
    body.set_data("a,b");
    auto up = client.Upload(body);
    ASSERT_TRUE(up.ok()) << up.error().text();
    EXPECT_EQ(up->type() + std::to_string(up->size()), "text/csv3");
    FileRequest request;
    request.set_name("x");
    auto down = client.Download(request);
    ASSERT_TRUE(down.ok());
    EXPECT_EQ(down->content_type(), "image/png");
    EXPECT_EQ(down->data().size(), 7u);
    bia::grpc::Channel channel(peers.grpc_address);
    EXPECT_EQ(FilesClient(channel).Download(request)->data(), down->data());
    auto every = client.Every(request);
    ASSERT_TRUE(every.ok()) << every.error().text();
    EXPECT_EQ(every->type(), "SEARCH") << "the first rule that a client can send";
  });
}

TEST(Multipart, FillsFields) {
  serve([](Peers& peers) {
    const std::string body =
        "preamble\r\n--b b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhi there\r\n"
        "--b b\r\ncontent-disposition: form-data; filename=\"a;b.bin\"; name=\"data\"\r\n"
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: "
        "Binary\r\n\r\n\xff\r\n\x01\r\n"
        "--b b\r\nContent-Disposition: form-data; name=more\r\n\r\none\r\n"
        "--b b\r\nContent-Disposition: form-data; name=more\r\n\r\n\r\n"
        "--b b\r\nContent-Disposition: form-data; name=\"count\"\r\n\r\n7\r\n"
        "--b b\r\nContent-Disposition: form-data; name=\"file\"; filename=x\r\nContent-Type: "
        "image/png\r\n\r\nPNG\r\n--b b--\r\nepilogue";
    auto answer = peers.send("POST", "/forms", body, "multipart/form-data; boundary=\"b b\"");
    EXPECT_EQ(answer.body,
              R"({"title":"hi there","data":"/w0KAQ==","more":["b25l",""],"file":)"
              R"({"contentType":"image/png","data":"UE5H","extensions":[]},"count":7})");
  });
}

TEST(Multipart, SaysWhatIsWrong) {
  serve([](Peers& peers) {
    const auto post = [&](std::string_view body, std::string_view type) {
      auto answer = peers.send("POST", "/forms", body, type);
      EXPECT_EQ(answer.status, 400);
      return answer.body;
    };
    EXPECT_NE(post("x", "multipart/form-data").find("no boundary"), std::string::npos);
    EXPECT_NE(post("x", "multipart/form-data; boundary=b").find("no delimiter"), std::string::npos);
    const std::string head = "--b\r\nContent-Disposition: form-data; name=";
    EXPECT_NE(post(head + "title\r\n\r\ncut", "multipart/form-data; boundary=b").find("no end"),
              std::string::npos);
    EXPECT_NE(post("--b\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b").find("no name"),
              std::string::npos);
    EXPECT_NE(post(head + "title\r\nContent-Transfer-Encoding: base64\r\n\r\neA==\r\n--b--",
                   "multipart/form-data; boundary=b")
                  .find("send its bytes as they are"),
              std::string::npos);
    EXPECT_NE(post(head + "count\r\n\r\nx\r\n--b--", "multipart/form-data; boundary=b")
                  .find(R"(parsing field \"count\": strconv.ParseInt)"),
              std::string::npos);
  });
}

TEST(Rules, CustomKindsAndBareWildcards) {
  serve([](Peers& peers) {
    for (std::string_view method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
      EXPECT_EQ(peers.send(method, "/every/x").body,
                R"({"type":")" + std::string(method) + R"(","size":"0","name":"x"})");
    }
    EXPECT_EQ(peers.send("SEARCH", "/search/y").body, R"({"type":"SEARCH","size":"0","name":"y"})");
    EXPECT_EQ(peers.send("DELETE", "/gone", R"({"name":"z"})", "application/json").body,
              R"({"type":"DELETE","size":"0","name":"z"})");
    EXPECT_EQ(peers.send("GET", "/wild/a/x/b/c?name=q").status, 200);
    EXPECT_EQ(peers.send("GET", "/wild/a/b/x/c").status, 404) << "* is one segment";
  });
}

TEST(Replies, WithoutJsonAreErrors) {
  serve([](Peers& peers) {
    auto time = peers.send("GET", "/moments?text=time");
    EXPECT_EQ(time.status, 500);
    EXPECT_EQ(time.body, R"({"code":500,"reason":"CODEC","message":"the reply has no JSON: )"
                         R"(google.protobuf.Timestamp: 9223372036854775807 s and 0 ns are out of )"
                         R"(range","metadata":{}})");
    EXPECT_NE(peers.get("/moments?text=length").find("google.protobuf.Duration"),
              std::string::npos);
    EXPECT_NE(peers.get("/moments?text=text").find("invalid UTF-8"), std::string::npos);
    EXPECT_EQ(peers.send("GET", "/moments?text=%ff").status, 400);
    EXPECT_EQ(peers.send("GET", "/moments?text=ok").status, 200);
  });
}

TEST(Replies, InTheFormThatIsAskedFor) {
  serve([](Peers& peers) {
    const auto type = [&](std::string_view accept) {
      return std::string(
          peers.send("GET", "/moments?text=x", {}, {}, accept).headers.get("content-type"));
    };
    EXPECT_EQ(type("text/html,application/xml;q=0.9,*/*;q=0.8"), "application/json");
    EXPECT_EQ(type("application/json;q=0.1, application/x-protobuf"), "application/proto");
    EXPECT_EQ(peers.send("GET", "/moments?text=x", {}, {}, "application/yaml").body,
              "at: null\nlasts: null\ntext: x\n");
  });
}

TEST(Options, OfOneOperation) {
  bia::ServerBindingOptions options;
  options.operations["/test.v1.Files/Form"] = {.timeout = {}, .body_bytes_max = 20, .json = {}};
  options.operations["/test.v1.Files/Moments"] = {
      .timeout = {}, .body_bytes_max = 0, .json = bia::HttpJsonOptions{.omit_unset = true}};
  serve(
      [](Peers& peers) {
        const std::string_view json = "application/json";
        EXPECT_EQ(peers.send("POST", "/forms", R"({"title":"12345678"})", json).status, 200);
        auto large = peers.send("POST", "/forms", R"({"title":"123456789"})", json);
        EXPECT_EQ(large.status, 413);
        EXPECT_NE(large.body.find("BODY_TOO_LARGE"), std::string::npos);
        EXPECT_EQ(peers.get("/moments?text=x"), R"({"text":"x"})");
      },
      options);
  options.operations["/test.v1.Files/Nope"] = {};
  bia::ServerBinding binding(options);
  EXPECT_FALSE(binding.check().ok());
}

TEST(Options, TimeoutOfOneOperation) {
  bia::ServerBindingOptions options;
  options.http_timeout = std::chrono::seconds(60);
  options.operations["/test.v1.Files/Moments"] = {.timeout = std::chrono::milliseconds(20)};
  serve(
      [](Peers& peers) {
        EXPECT_EQ(peers.send("GET", "/moments?text=sleep").status, 504);
        EXPECT_EQ(peers.send("GET", "/moments?text=x").status, 200);
      },
      options);
}

TEST(Options, DeadlineOfTheCaller) {
  bia::ServerBindingOptions options;
  options.http_timeout = std::chrono::seconds(60);
  options.deadline_header = "X-Deadline";
  serve(
      [](Peers& peers) {
        const auto moments = [&](std::string_view deadline, std::string_view text) {
          bia::http::Headers headers;
          headers.add("x-deadline", deadline);
          Times times;
          times.set_text(std::string(text));
          auto reply = FilesHttpClient(peers.http, "127.0.0.1", peers.port)
                           .Moments(times, {.deadline = {}, .headers = &headers});
          return reply.ok() ? "ok" : reply.error().reason() + ": " + reply.error().message();
        };
        EXPECT_EQ(moments("20ms", "sleep"), "GATEWAY_TIMEOUT: context deadline exceeded");
        EXPECT_EQ(moments("1h", "x"), "ok");
        EXPECT_EQ(moments("2562047h", "x"), "ok") << "292 years: the clock does not overflow";
        for (const char* bad : {"soon", "5", "0s", "-1s"})
          EXPECT_EQ(moments(bad, "x"), "CODEC: header X-Deadline \"" + std::string(bad) +
                                           "\" is no duration above zero, like \"1.5s\"");
        EXPECT_EQ(peers.calls.back(), "http /test.v1.Files/Moments CODEC");
      },
      options);
}

TEST(Options, PathPrefix) {
  bia::ServerBindingOptions options;
  options.path_prefix = "/api/v2";
  serve(
      [](Peers& peers) {
        EXPECT_EQ(peers.get("/api/v2/every/y"), R"({"type":"GET","size":"0","name":"y"})");
        EXPECT_EQ(peers.send("DELETE", "/api/v2/every/y").status, 200);
        EXPECT_EQ(peers.get("/api/v2/files/x").size(), 7u);
        EXPECT_EQ(peers.send("GET", "/every/y").status, 404);
        EXPECT_EQ(peers.send("GET", "/api/every/y").status, 404);
        EXPECT_EQ(peers.get("/api/v2/moments?text=template"),
                  R"({"at":null,"lasts":null,"text":"/api/v2/moments"})")
            << "the template that log, metrics and traces see";
      },
      options);
  for (const char* wrong : {"api", "/api/", "/{x}"}) {
    Service service;
    bia::http::Router router;
    options.path_prefix = wrong;
    auto added = bia::ServerBinding(options).add(service, &router, nullptr);
    ASSERT_FALSE(added.ok()) << wrong;
    EXPECT_THAT(added.error().text(), testing::HasSubstr("is no path like \"/api\""));
  }
}

TEST(Options, Envelope) {
  bia::ServerBindingOptions options;
  options.envelope = {.reply = R"({"code":0,"msg":"ok","data":$reply})",
                      .error = R"({"code":$code,"msg":$message,"why":$reason,"data":$reply})",
                      .error_status = 200};
  serve(
      [](Peers& peers) {
        EXPECT_EQ(peers.get("/every/y"),
                  R"({"code":0,"msg":"ok","data":{"type":"GET","size":"0","name":"y"}})");
        auto error = peers.send("GET", "/files/none");
        EXPECT_EQ(error.status, 200);
        EXPECT_EQ(error.body, R"({"code":404,"msg":"no such file","why":"NO_FILE","data":null})");
        EXPECT_EQ(peers.send("GET", "/files/x").body.size(), 7u) << "raw bytes have no envelope";
      },
      options);
  options.operations["/test.v1.Files/Moments"] = {.timeout = std::chrono::milliseconds(20)};
  serve(
      [](Peers& peers) {
        const auto says = [&](std::string_view method, std::string_view target,
                              const std::string& start) {
          auto answer = peers.send(method, target);
          EXPECT_EQ(answer.status, 200) << target;
          EXPECT_EQ(answer.headers.get("content-type"), "application/json") << target;
          EXPECT_EQ(answer.body.substr(0, start.size()), start) << target;
        };
        says("GET", "/nowhere", R"({"code":404,"msg":"no route for /nowhere","why":"NOT_FOUND")");
        says("PUT", "/moments",
             R"({"code":405,"msg":"/moments does not take PUT","why":"METHOD_NOT_ALLOWED")");
        EXPECT_EQ(peers.send("PUT", "/moments").headers.get("allow"), "GET, HEAD");
        says("GET", "/moments?at=x", R"({"code":400,)");
        says("GET", "/moments?text=sleep",
             R"({"code":504,"msg":"context deadline exceeded","why":"GATEWAY_TIMEOUT")");
        says("GET", "/moments?text=run%20on",
             R"({"code":504,"msg":"context deadline exceeded","why":"GATEWAY_TIMEOUT")");
        says("GET", "/moments?text=throw", R"({"code":500,"msg":"unknown request error",)");
        says("GET", "/moments?text=text", R"({"code":500,"msg":"the reply has no JSON)");
        EXPECT_EQ(peers.send("GET", "/moments?text=see").status, 302) << "redirects stay";
      },
      options);
  Service throws;
  bia::test_support::serve(
      throws, options,
      [](Peers& peers) {
        auto answer = peers.send("GET", "/moments?text=throw");
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body,
                  R"({"code":500,"msg":"the handler failed","why":"INTERNAL","data":null})");
        EXPECT_FALSE(answer.headers.has("cache-control")) << "of the answer that was to be";
        EXPECT_EQ(peers.send("GET", "/moments?text=x").status, 200) << "the connection goes on";
      },
      bia::test_support::Recovery::kNo);
  options.envelope.error_status = 0;
  serve(
      [](Peers& peers) {
        for (const auto& [target, status] :
             {std::pair("/nowhere", 404), std::pair("/moments?text=run%20on", 504)}) {
          auto answer = peers.send("GET", target);
          EXPECT_EQ(answer.status, status);
          EXPECT_EQ(answer.body.find(R"({"code":)" + std::to_string(status) + R"(,"msg":)"), 0u);
        }
      },
      options);
  for (std::string_view wrong :
       {"{\"data\":$nope}", "{\"data\":$reply", "$reply,", R"({"data":"$reply"})",
        R"({"code":$code,"data":$reply})", R"({"data":1})", "[$reply,$reply]"}) {
    options.envelope.reply = wrong;
    bia::ServerBinding binding(options);
    EXPECT_FALSE(binding.check().ok()) << wrong;
  }
}

}  // namespace
