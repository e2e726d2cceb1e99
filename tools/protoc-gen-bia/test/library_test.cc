// One service over HTTP and gRPC, called by the generated clients and by raw requests.
#include <stdexcept>

#include "peers.h"
#include "test/v1/library.bia.h"

namespace {
using namespace test::v1;
using bia::Code;
using bia::Context;
using bia::Error;
using bia::Result;
using bia::test_support::Peers;
using std::chrono::milliseconds;
using std::chrono::seconds;

class Library final : public LibraryService {
 public:
  Result<Book> GetBook(Context& context, const GetBookRequest& request) override {
    context.add_reply_header("X-Md-Operation", context.operation());
    if (request.name() == "shelves/1/books/missing") {
      return Error(Code::kNotFound, "BOOK_NOT_FOUND", "no such book").with_metadata("id", "7");
    }
    if (request.path() == "throw") throw std::runtime_error("boom");
    if (request.path() == "sleep") {
      if (auto slept = bia::fiber::sleep_for(seconds(10)); !slept.ok())
        return std::move(slept).error();
    }
    if (request.path() == "business") return Error::from_http(10001, "ODD", "business code");
    Book book;
    book.set_title(request.name());
    book.set_seen(request.ShortDebugString());
    return book;
  }
  Result<Book> CreateBook(Context&, const CreateBookRequest& request) override {
    Book book = request.book();
    book.set_seen(request.shelf() + (request.dry_run() ? " dry" : ""));
    return book;
  }
  Result<Book> PutBook(Context&, const Book& request) override { return request; }
  Result<google::protobuf::Empty> DeleteBook(Context&, const GetBookRequest&) override {
    return google::protobuf::Empty();
  }

  Result<Count> Upload(Context&, bia::ServerReader<Book>& reader) override {
    Count count;
    Book book;
    for (;;) {
      bool more = BIA_TRY(reader.read(book));
      if (!more) return count;
      count.set_n(count.n() + book.pages());
    }
  }
  Result<void> List(Context&, const Count& request, bia::ServerWriter<Book>& writer) override {
    for (int i = 0; i < request.n(); ++i) {
      Book book;
      book.set_pages(i);
      BIA_TRY(writer.write(book));
    }
    return {};
  }
  Result<void> Chat(Context&, bia::ServerReader<Book>& reader,
                    bia::ServerWriter<Book>& writer) override {
    Book book;
    for (;;) {
      bool more = BIA_TRY(reader.read(book));
      if (!more) return {};
      if (book.title() == "throw") throw std::runtime_error("boom");
      book.set_seen("seen");
      BIA_TRY(writer.write(book));
    }
  }
};

void serve(const std::function<void(Peers&)>& body, bia::Duration timeout = seconds(5)) {
  Library library;
  bia::test_support::serve(library, {.http_timeout = timeout}, body);
}

TEST(Library, BindsPathsAndQueries) {
  serve([](Peers& peers) {
    auto response = peers.send(
        "GET",
        "/v1/shelves/1/books/"
        "a%20b?tags=x&tags=y&counts[k]=3&since=2024-01-02T03:04:05Z&mask=aB,c.d&unknown=1");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.headers.get("content-type"), "application/json");
    EXPECT_EQ(response.headers.get("x-md-operation"), "/test.v1.Library/GetBook");
    EXPECT_EQ(
        response.body,
        R"({"title":"shelves/1/books/a b","pages":0,"tags":[],"sub":null,"seen":"name: \"shelves/1/books/a b\" tags: \"x\" tags: \"y\" )"
        R"(counts { key: \"k\" value: 3 } since { seconds: 1704164645 } mask { paths: \"a_b\" paths: \"c.d\" }"})");
    EXPECT_NE(peers.get("/v1/books/12/RED").find("id: 12 color: RED"), std::string::npos);
    EXPECT_NE(peers.get("/v1/books/12/RED?id=9&color=GREEN").find("id: 12 color: RED"),
              std::string::npos)
        << "the path wins over the query";
    EXPECT_NE(peers.get("/v1/tree/oak/a/b/c").find(R"(sub { name: \"oak\" } path: \"a/b/c\")"),
              std::string::npos);
  });
}

TEST(Library, AnswersBadInputAsKratosDoes) {
  serve([](Peers& peers) {
    EXPECT_EQ(
        peers.get("/v1/books/x/RED"),
        R"({"code":400,"reason":"CODEC","message":"parsing field \"id\": strconv.ParseInt: parsing \"x\": invalid syntax","metadata":{}})");
    EXPECT_EQ(
        peers.get("/v1/books/1/PURPLE"),
        R"({"code":400,"reason":"CODEC","message":"parsing field \"color\": \"PURPLE\" is not a valid value","metadata":{}})");
    EXPECT_EQ(
        peers.get("/v1/shelves/1/books/2?fail=maybe"),
        R"({"code":400,"reason":"CODEC","message":"parsing field \"fail\": strconv.ParseBool: parsing \"maybe\": invalid syntax","metadata":{}})");
    EXPECT_EQ(
        peers.get("/v1/shelves/1/books/2?fail=1&fail=0"),
        R"({"code":400,"reason":"CODEC","message":"too many values for field \"fail\": 1, 0","metadata":{}})");
    EXPECT_EQ(
        peers.get("/v1/shelves/1/books/2?sub=5"),
        R"({"code":400,"reason":"CODEC","message":"parsing field \"sub\": unsupported message type: \"test.v1.Sub\"","metadata":{}})");
    EXPECT_EQ(
        peers.send("PUT", "/v1/books", "{bad", "application/json").body,
        R"({"code":400,"reason":"CODEC","message":"body unmarshal proto: syntax error (line 1:2): invalid value bad","metadata":{}})");
    EXPECT_EQ(
        peers.send("PUT", "/v1/books", R"({"pages":"x"})", "application/json").body,
        R"({"code":400,"reason":"CODEC","message":"body unmarshal proto: (line 1:10): invalid value for int32 type: \"x\"","metadata":{}})");
    EXPECT_EQ(
        peers.send("PUT", "/v1/books", "hi", "text/plain").body,
        R"({"code":400,"reason":"CODEC","message":"unregister Content-Type: text/plain","metadata":{}})");
    EXPECT_EQ(peers.calls.back(), "http /test.v1.Library/PutBook CODEC")
        << "the middleware sees it too";
    EXPECT_EQ(peers.send("GET", "/nope").status, 404);
    EXPECT_EQ(peers.send("POST", "/v1/books").status, 405);
  });
}

TEST(Library, BindsBodies) {
  serve([](Peers& peers) {
    auto created = peers.send("POST", "/v1/shelves/s1/books?dry_run=true",
                              R"({"title":"t","unknown":[{}]})", "application/json");
    EXPECT_EQ(created.body, R"({"title":"t","pages":0,"tags":[],"sub":null,"seen":"s1 dry"})");
    auto renamed =
        peers.send("PATCH", "/v1/books/new:rename", R"({"title":"old","sub":{"name":"n","n":1}})",
                   "application/json; charset=utf-8");
    EXPECT_EQ(renamed.body, R"({"name":"n","n":1,"child":null})");
    auto tags = peers.send("POST", "/v1/tags/t", R"(["a","b"])", "application/json");
    EXPECT_EQ(tags.body, R"(["a","b"])");
    auto form = peers.send("PUT", "/v1/books", "title=a+b&tags=x&sub.n=4",
                           "application/x-www-form-urlencoded");
    EXPECT_EQ(
        form.body,
        R"({"title":"a b","pages":0,"tags":["x"],"sub":{"name":"","n":4,"child":null},"seen":""})");
    EXPECT_EQ(peers.send("PUT", "/v1/books").body,
              R"({"title":"","pages":0,"tags":[],"sub":null,"seen":""})");
    EXPECT_EQ(peers.send("DELETE", "/v1/books/3").body, "{}");

    Book book;
    book.set_title("proto");
    auto bytes = peers.send("PUT", "/v1/books", book.SerializeAsString(), "application/x-protobuf",
                            "application/proto");
    EXPECT_EQ(bytes.headers.get("content-type"), "application/proto");
    Book back;
    EXPECT_TRUE(back.ParseFromString(bytes.body));
    EXPECT_EQ(back.title(), "proto");
  });
}

TEST(Library, MapsErrors) {
  serve([](Peers& peers) {
    auto missing = peers.send("GET", "/v1/shelves/1/books/missing");
    EXPECT_EQ(missing.status, 404);
    EXPECT_EQ(
        missing.body,
        R"({"code":404,"reason":"BOOK_NOT_FOUND","message":"no such book","metadata":{"id":"7"}})");
    auto thrown = peers.send("GET", "/v1/tree/x/throw");
    EXPECT_EQ(thrown.status, 500);
    EXPECT_EQ(thrown.body,
              R"({"code":500,"reason":"UNKNOWN","message":"unknown request error","metadata":{}})");
    auto business = peers.send("GET", "/v1/tree/x/business");
    EXPECT_EQ(business.status, 500);
    EXPECT_EQ(
        business.body,
        R"({"code":500,"reason":"ODD","message":"business code","metadata":{"code":"10001"}})");
  });
}

TEST(Library, EndsAtTheTimeout) {
  serve(
      [](Peers& peers) {
        auto begin = bia::now();
        auto late = peers.send("GET", "/v1/tree/x/sleep");
        EXPECT_LT(bia::now() - begin, milliseconds(500));
        EXPECT_EQ(late.status, 504);
        EXPECT_EQ(
            late.body,
            R"({"code":504,"reason":"GATEWAY_TIMEOUT","message":"context deadline exceeded","metadata":{}})");

        bia::grpc::Channel channel(peers.grpc_address);
        GetBookRequest request;
        request.set_path("sleep");
        auto reply = LibraryClient(channel).GetBook(request);
        ASSERT_FALSE(reply.ok());
        EXPECT_EQ(reply.error().code(), Code::kDeadlineExceeded);
      },
      milliseconds(100));
}

TEST(Library, IsCalledByItsHttpClient) {
  serve([](Peers& peers) {
    LibraryHttpClient client(peers.http, "127.0.0.1", peers.port);
    GetBookRequest get;
    get.set_name("shelves/1/books/ü .");
    get.add_tags("x y");
    (*get.mutable_counts())["k"] = 2;
    get.mutable_since()->set_seconds(1);
    auto got = client.GetBook(get);
    ASSERT_TRUE(got.ok()) << got.error().text();
    EXPECT_EQ(got->seen(), get.ShortDebugString());

    CreateBookRequest create;
    create.set_shelf("a/b");
    create.set_dry_run(true);
    create.mutable_book()->set_pages(3);
    auto created = client.CreateBook(create);
    ASSERT_TRUE(created.ok()) << created.error().text();
    EXPECT_EQ(created->seen(), "a/b dry");
    EXPECT_EQ(created->pages(), 3);

    get.set_name("shelves/1/books/missing");
    auto missing = client.GetBook(get);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().code(), Code::kNotFound);
    EXPECT_EQ(missing.error().reason(), "BOOK_NOT_FOUND");
    EXPECT_EQ(missing.error().metadata().size(), 1u);

    get.set_name("");
    auto empty = client.GetBook(get);
    ASSERT_FALSE(empty.ok());
    EXPECT_EQ(empty.error().code(), Code::kInvalidArgument);
  });
}

TEST(Library, IsCalledByItsGrpcClient) {
  serve([](Peers& peers) {
    bia::grpc::Channel channel(peers.grpc_address);
    LibraryClient client(channel);
    GetBookRequest get;
    get.set_name("n");
    auto got = client.GetBook(get);
    ASSERT_TRUE(got.ok()) << got.error().text();
    EXPECT_EQ(got->title(), "n");
    EXPECT_EQ(peers.calls.back(), "grpc /test.v1.Library/GetBook ok");

    get.set_name("shelves/1/books/missing");
    auto missing = client.GetBook(get);
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().reason(), "BOOK_NOT_FOUND");
    ASSERT_EQ(missing.error().metadata().size(), 1u);
    EXPECT_EQ(missing.error().metadata()[0].second, "7");

    get.set_path("throw");
    get.set_name("");
    auto thrown = client.GetBook(get);
    ASSERT_FALSE(thrown.ok());
    EXPECT_EQ(thrown.error().code(), Code::kInternal);
    EXPECT_EQ(thrown.error().message(), "unknown request error");

    auto unmapped = client.Unmapped(Book());
    ASSERT_FALSE(unmapped.ok());
    EXPECT_EQ(unmapped.error().code(), Code::kUnimplemented);
  });
}

TEST(Library, BadMessagesPassTheMiddlewareToo) {
  serve([](Peers& peers) {
    bia::grpc::Channel channel(peers.grpc_address);
    bia::grpc::UnaryReply reply;
    channel.unary(LibraryService::kGetBook, "\xff\xff\xff", {}, reply);
    EXPECT_EQ(reply.status.code, Code::kInternal);
    EXPECT_EQ(reply.status.message,
              "grpc: error unmarshalling request: the bytes are no test.v1.GetBookRequest");
    EXPECT_EQ(peers.calls.back(), "grpc /test.v1.Library/GetBook CODEC");

    const auto stream = [&](std::string_view path, std::string_view bytes) {
      auto call = channel.stream(path, {});
      EXPECT_TRUE(call.ok());
      if (!bytes.empty()) call->write(bytes).value();
      call->close_send();
      return call->finish();
    };
    for (std::string_view path :
         {LibraryService::kList, LibraryService::kUpload, LibraryService::kChat}) {
      EXPECT_EQ(stream(path, "\xff\xff\xff").code, Code::kInternal);
      EXPECT_EQ(peers.calls.back(), "grpc " + std::string(path) + " CODEC");
    }
    const size_t before = peers.calls.size();
    EXPECT_EQ(stream(LibraryService::kList, {}).message,
              "the caller ended the stream without a request");
    EXPECT_EQ(peers.calls.size(), before + 1);
  });
}

TEST(Library, Streams) {
  serve([](Peers& peers) {
    bia::grpc::Channel channel(peers.grpc_address);
    LibraryClient client(channel);
    Book book;
    Count count;

    auto upload = client.Upload();
    ASSERT_TRUE(upload.ok());
    book.set_pages(2);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(upload->write(book).ok());
    upload->close_send();
    auto read = upload->read(count);
    ASSERT_TRUE(read.ok() && *read);
    EXPECT_EQ(count.n(), 6);
    EXPECT_TRUE(upload->finish().ok());

    auto list = client.List();
    ASSERT_TRUE(list.ok());
    count.set_n(4);
    ASSERT_TRUE(list->write(count).ok());
    list->close_send();
    int seen = 0;
    for (;;) {
      auto more = list->read(book);
      ASSERT_TRUE(more.ok());
      if (!*more) break;
      EXPECT_EQ(book.pages(), seen++);
    }
    EXPECT_EQ(seen, 4);
    EXPECT_TRUE(list->finish().ok());

    auto chat = client.Chat();
    ASSERT_TRUE(chat.ok());
    book.set_title("hi");
    ASSERT_TRUE(chat->write(book).ok());
    auto answered = chat->read(book);
    ASSERT_TRUE(answered.ok() && *answered);
    EXPECT_EQ(book.seen(), "seen");
    book.set_title("throw");
    ASSERT_TRUE(chat->write(book).ok());
    auto ended = chat->read(book);
    EXPECT_TRUE(!ended.ok() || !*ended);
    auto outcome = chat->finish();
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().message(), "unknown request error") << "recovery works on streams";
    EXPECT_EQ(peers.calls.back(), "grpc /test.v1.Library/Chat UNKNOWN");
  });
}

}  // namespace
