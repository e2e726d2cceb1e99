// k6/http against a server in the same process.
#include "bia/http/server.h"
#include "net/tls_test_support.h"
#include "zelus/modules/http/content_encoding.h"
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void add_cookie_header(bia::http::ServerRequest& request, bia::http::ServerResponse& response) {
  response.add_header("Set-Cookie", "sid=42; Path=/; HttpOnly");
  response.body() = request.header("Cookie");
}

void serve(bia::http::ServerRequest& request, bia::http::ServerResponse& response) {
  std::string_view path = request.path();
  if (path == "/json") {
    response.add_header("Content-Type", "application/json");
    response.body() =
        R"({"name": "ann", "items": [1, 2, 3], "deep": [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]})";
  } else if (path == "/echo") {
    auto body = request.body();
    response.body() = fmt::format("{}\n", request.method_text());
    for (size_t i = 0; i < request.header_count(); ++i) {
      auto [name, value] = request.header_at(i);
      if (name == "Host" || name == "host") continue;
      response.body() += fmt::format("{}: {}\n", name, value);
    }
    response.body() += body ? std::string(*body) : "";
  } else if (path == "/host") {
    response.body() = request.header("Host");
  } else if (path == "/target") {
    response.body() = request.target();
  } else if (path == "/redirect") {
    response.set_status(302);
    response.add_header("Set-Cookie", "hop=1");
    response.add_header("Location", "/json");
  } else if (path == "/loop") {
    response.set_status(302);
    response.add_header("Location", "/loop");
  } else if (path == "/keep") {
    response.set_status(307);
    response.add_header("Location", "/echo");
  } else if (path == "/gone" || path == "/nowhere") {
    response.set_status(302);
    response.add_header("Location", path == "/gone" ? "http://127.0.0.1:1/x" : ":nowhere");
  } else if (path == "/cookie") {
    add_cookie_header(request, response);
  } else if (path == "/gzip" || path == "/broken" || path == "/br") {
    response.add_header("Content-Encoding", path == "/br" ? "br" : "gzip");
    // gzip of "packed".
    constexpr unsigned char kPacked[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                         0x03, 0x2b, 0x48, 0x4c, 0xce, 0x4e, 0x4d, 0x01, 0x00,
                                         0x10, 0xb4, 0xf6, 0x21, 0x06, 0x00, 0x00, 0x00};
    response.body().assign(reinterpret_cast<const char*>(kPacked), sizeof(kPacked));
    // A wrong check sum.
    if (path == "/broken") response.body()[18] ^= 1;
  } else if (path == "/twice") {
    response.body() = "packed twice";
    std::string encodings;
    encode_content("gzip, br", response.body(), encodings).value();
    response.add_header("Content-Encoding", "gzip");
    response.add_header("Content-Encoding", "br");
  } else if (path == "/unpack") {
    auto body = request.body();
    response.body() = body ? std::string(*body) : "";
    if (!decode_content(request.header("Content-Encoding"), response.body()))
      response.set_status(400);
  } else if (path == "/digest") {
    if (!request.header("Authorization").starts_with("Digest ")) {
      response.set_status(401);
      response.add_header("WWW-Authenticate",
                          "Digest realm=\"here\", nonce=\"n1\", opaque=\"op\", qop=\"auth\"");
      return;
    }
    auto body = request.body();
    response.body() =
        fmt::format("{}\n{}", request.header("Authorization"), body ? std::string(*body) : "");
  } else if (path == "/slow") {
    bia::fiber::sleep_for(std::chrono::milliseconds(100)).ignore("test");
  } else if (path.starts_with("/status/")) {
    response.set_status(std::stoi(std::string(path.substr(8))));
  } else {
    response.body() = "ok";
  }
}

class HttpModuleTest : public ScriptTest {
 protected:
  /// Runs the body as a default function; BASE is the server. Gives the log without the level and
  /// source of console lines.
  std::vector<std::string> http(const std::string& body, int iterations = 1) {
    in_user([&] {
      bia::http::ServerOptions options;
      options.address = "127.0.0.1:0";
      options.tls = tls_;
      auto server = bia::http::Server::create(*group_, options, &serve);
      ASSERT_TRUE(server.ok());
      ASSERT_TRUE((*server)->start().ok());
      base_ = (tls_ ? "https://" : "http://") + (*server)->address();
      runtime_options_.env["BASE"] = base_;
      std::string error = load(
          "import http from 'k6/http'; const B = __ENV.BASE; const show = (...a) => "
          "console.log(...a);\nexport default async function () {\n" +
          body + "\n}");
      ASSERT_EQ(error, "");
      {
        auto user = make_user();
        for (int i = 0; i < iterations; ++i) outcome_ = user->run_iteration({0, 0});
      }
      (*server)->stop(bia::Deadline::after(std::chrono::seconds(1)));
    });
    std::vector<std::string> out;
    for (const std::string& line : logger_.lines) {
      size_t end = line.find(" source=console");
      out.push_back(end == std::string::npos
                        ? line
                        : line.substr(line.find(": ") + 2, end - line.find(": ") - 2));
    }
    return out;
  }
  std::string base_;
  std::shared_ptr<bia::net::TlsServer> tls_;  ///< BASE is https then
};

TEST_F(HttpModuleTest, SpeaksHttp2OverTls) {
  bia::net::TestAuthority authority;
  tls_ = bia::net::test_tls_server(authority, {"h2", "http/1.1"});
  options_.tls.roots = bia::net::TlsClientOptions::Roots::kNone;
  options_.tls.ca_pem = authority.pem();
  options_.tls.alpn = {"h2", "http/1.1"};
  EXPECT_THAT(
      http(
          "const r = http.post(`${B}/echo`, 'x'.repeat(100000)); show(r.status, r.proto, "
          "r.tls_version, r.tls_cipher_suite.slice(0, 4), r.body.length > 100000, "
          "r.timings.tls_handshaking > 0); const s = http.get(`${B}/json`); show(s.json('name'), "
          "s.timings.tls_handshaking, http.batch([`${B}/a`, `${B}/b`]).map(r => r.proto).join());"),
      ElementsAre("200 HTTP/2.0 tls1.3 TLS_ true true", "ann 0 HTTP/2.0,HTTP/2.0"));
  EXPECT_THAT(series("http_reqs"), testing::Contains(HasSubstr("proto=HTTP/2.0,scenario=default,"
                                                               "status=200,tls_version=tls1.3")));
}

TEST_F(HttpModuleTest, NamesWhyTlsFailsAsK6Does) {
  bia::net::TestAuthority authority;
  bia::net::TestAuthority stranger;
  tls_ = bia::net::test_tls_server(authority);
  options_.tls.roots = bia::net::TlsClientOptions::Roots::kNone;
  options_.tls.ca_pem = stranger.pem();
  auto shown = http(
      "const r = http.get(B); show(r.error_code, r.error, r.status, r.tls_version);"
      "show(http.get(B.replace('127.0.0.1', 'localhost')).error_code)");
  EXPECT_THAT(
      shown,
      ElementsAre("warning: Request Failed error=Get \"" + base_ +
                      "\": tls: failed to verify certificate: x509: certificate signed by unknown "
                      "authority",
                  "1310 x509: unknown authority 0 ",
                  StartsWith("warning: Request Failed error=Get \"https://localhost:"), "1310"));
}

TEST_F(HttpModuleTest, GetsAndSamples) {
  EXPECT_THAT(http("const r = http.get(`${B}/helloworld/${{}}`); show(r.status, r.body, "
                   "r.status_text, r.proto, r.error_code, JSON.stringify(r.error), r.remote_ip);",
                   2),
              ElementsAre("200 ok 200 OK HTTP/1.1 0 \"\" 127.0.0.1",
                          "200 ok 200 OK HTTP/1.1 0 \"\" 127.0.0.1"));
  std::string url = base_ + "/helloworld/%5Bobject%20Object%5D";
  std::string tags = "expected_response=true,group=,method=GET,name=" + url +
                     ",proto=HTTP/1.1,scenario=default,status=200,url=" + url;
  EXPECT_THAT(series("http_reqs"), ElementsAre(tags + " 2 2"));
  EXPECT_THAT(series("http_req_failed"), ElementsAre(tags + " 2 0"));
  for (const char* name :
       {"http_req_duration", "http_req_blocked", "http_req_connecting", "http_req_sending",
        "http_req_waiting", "http_req_receiving", "http_req_tls_handshaking"}) {
    EXPECT_THAT(series(name), ElementsAre(StartsWith(tags + " 2 "))) << name;
  }
  EXPECT_THAT(series("data_sent"), ElementsAre(HasSubstr("group=,scenario=default 2 ")));
}

TEST_F(HttpModuleTest, ResponseLooksAsInK6) {
  EXPECT_THAT(
      http(R"(const r = http.get(B + '/redirect');
    show(Object.keys(r).join());
    show(r.url.replace(B, ''), r.request.url.replace(B, ''), r.request.method, JSON.stringify(r.request.headers), JSON.stringify(r.cookies));
    show(r.headers['Content-Type'], Object.keys(r.timings).join(), r.timings.looking_up, r.timings.duration > 0);
    show(r.json('items.1'), r.json('items.#'), r.json('nope'), r.json().name, r.json('deep.#.n').join(), r.json('deep.#(id==2).n'), r.json('n*'));
    r.mine = 1; show(r.mine, 'body' in r, 'x' in r, r.headers === r.headers, typeof JSON.parse(JSON.stringify(r)).timings.waiting);
    const c = http.get(B + '/cookie'); show(JSON.stringify(c.cookies), c.body, JSON.stringify(c.request.cookies));)"),
      ElementsAre(
          "remote_ip,remote_port,url,status,status_text,proto,headers,cookies,body,timings,tls_"
          "version,tls_cipher_suite,ocsp,error,error_code,request,"
          "clickLink,html,json,submitForm",
          "/json /redirect GET {\"User-Agent\":[\"Grafana k6/1.8.1\"]} {}",
          "application/json "
          "duration,blocked,looking_up,connecting,tls_handshaking,sending,waiting,receiving 0 true",
          "2 3 undefined ann a,b b ann", "1 true false true number",
          "{\"sid\":[{\"name\":\"sid\",\"value\":\"42\",\"domain\":\"\",\"path\":\"/"
          "\",\"http_only\":true,\"secure\":false,\"max_age\":0,\"expires\":"
          "-6795364578871}]} hop=1 "
          "{\"hop\":[{\"name\":\"hop\",\"value\":\"1\",\"replace\":false}]}"));
}

TEST_F(HttpModuleTest, BodiesAndHeaders) {
  auto lines = http(R"(
    show(http.post(B + '/echo', 'text').body);
    show(http.put(B + '/echo', { b: 2, a: ['x', 'y'], c: null, d: 'ä &' }).body);
    show(http.patch(B + '/echo', new Uint8Array([65, 66]).buffer, { headers: { 'Content-Type': 'x/y', 'X-One': '1' } }).body);
    show(http.del(B + '/echo').body, http.options(B + '/echo').body);
    show(http.request('get', B + '/echo').body);
    show(http.get(B.replace('http://', 'http://u:p@') + '/echo').body);
    show(http.get(B + '/host', { headers: { Host: 'other.example' } }).body);
    show(http.get(B + '/target?a=b c').body);
    const m = http.post(B + '/echo', { f: http.file('data', 'x.txt', 'text/plain'), n: 1 }).body;
    show(/multipart\/form-data; boundary=/.test(m), /name="f"; filename="x.txt"\r\nContent-Type: text\/plain\r\n\r\ndata\r\n/.test(m));)");
  EXPECT_THAT(
      lines,
      ElementsAre(
          "POST\nUser-Agent: Grafana k6/1.8.1\nContent-Length: 4\ntext",
          "PUT\nUser-Agent: Grafana k6/1.8.1\nContent-Type: "
          "application/x-www-form-urlencoded\nContent-Length: "
          "27\na=x&a=y&b=2&c=&d=%C3%A4+%26",
          "PATCH\nUser-Agent: Grafana k6/1.8.1\nContent-Type: x/y\nX-One: 1\nContent-Length: 2\nAB",
          ::testing::_, "get\nUser-Agent: Grafana k6/1.8.1\n",
          "GET\nUser-Agent: Grafana k6/1.8.1\nAuthorization: Basic dTpw\n", "other.example",
          "/target?a=b%20c", "true true"));
}

TEST_F(HttpModuleTest, RedirectsKeepOrChangeTheMethod) {
  auto lines = http(R"(
    show(http.post(B + '/redirect', 'x').json('name'), http.post(B + '/keep', 'body').body.split('\n').pop());
    show(http.get(B + '/redirect', { redirects: 0 }).status, http.get(B + '/loop').status);)");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], "ann body");
  EXPECT_THAT(lines[1],
              StartsWith("warning: Stopped after 11 redirects and returned the redirection;"));
  EXPECT_EQ(lines[2], "302 302");
  EXPECT_THAT(series("http_reqs"),
              ::testing::Contains(HasSubstr("/loop,proto=HTTP/1.1,scenario=default,status=302")));
}

TEST_F(HttpModuleTest, RedirectsCarryAndShowWhatGoDoes) {
  options_.max_redirects = 10;  // Given: stopping at it is no warning.
  auto lines = http(R"(
    const U = B.replace('http://', 'http://u@'), headers = { 'Content-Type': 'a/b' };
    show(http.get(U + '/keep', { headers }).body);
    show(http.get(B + '/loop').status);
    const gone = http.get(B + '/gone'); show(gone.url, gone.error_code);
    const nowhere = http.get(B + '/nowhere'); show(nowhere.url === B + '/nowhere', nowhere.status, nowhere.error_code, nowhere.headers.Location);)");
  EXPECT_THAT(
      lines,
      ElementsAre("GET\nUser-Agent: Grafana k6/1.8.1\nContent-Type: a/b\nAuthorization: Basic "
                  "dTo=\nReferer: " +
                      base_ + "/keep\n",
                  "302", StartsWith("warning: Request Failed"), "http://127.0.0.1:1/x 1212",
                  StartsWith("warning: Request Failed"), "true 0 1000 undefined"));
  EXPECT_THAT(series("http_req_failed"),
              ::testing::Contains(::testing::AllOf(HasSubstr("error_code=1000"),
                                                   HasSubstr("/nowhere"), HasSubstr("status=0"))));
}

TEST_F(HttpModuleTest, ANameOfTheRunNamesRequests) {
  options_.tags = {{"name", "run"}};
  http(
      R"(http.get(B + '/a'); http.get(http.url`${B}/b`); http.get(B + '/c', { tags: { name: 'own' } });)");
  EXPECT_THAT(series("http_reqs"),
              ::testing::UnorderedElementsAre(
                  ::testing::AllOf(HasSubstr("name=run"), HasSubstr("url=run"), HasSubstr(" 2 2")),
                  ::testing::AllOf(HasSubstr("name=own"), HasSubstr("url=own"))));
}

TEST_F(HttpModuleTest, NoSystemTagsAtAll) {
  options_.system_tags.emplace();
  http("http.get(B + '/a'); http.get(http.url`${B}/${1}`);");
  EXPECT_THAT(series("http_reqs"), ElementsAre(" 2 2"));
}

TEST_F(HttpModuleTest, FailuresWarnAndFill) {
  options_.max_redirects = 10;
  auto lines = http(R"(
    const r = http.get('http://127.0.0.1:1/'); show(r.status, r.error_code, r.error, JSON.stringify(r.body), r.url);
    show(http.get(B + '/slow', { timeout: 20 }).error_code);
    show(http.get('http:// bad url').error_code);
    show(http.get(B + '/status/404').error_code, http.get(B + '/status/503').status);
    for (const f of [() => http.get('http://127.0.0.1:1/', { throw: true }), () => http.get('https://127.0.0.1:1/', { throw: true })]) { try { f(); } catch (e) { show(String(e)); } })");
  EXPECT_THAT(
      lines,
      ElementsAre(
          "warning: Request Failed error=Get \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: "
          "connect: connection refused",
          "0 1212 dial: connection refused null http://127.0.0.1:1/",
          "warning: Request Failed error=Get \"" + base_ + "/slow\": request timeout", "1050",
          "warning: Request Failed error=invalid URL: parse \"http:// bad url\": invalid character "
          "\" \" in host name",
          "1020", "1404 503",
          "GoError: Get \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused",
          "GoError: Get \"https://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection "
          "refused"));
  std::string refused =
      "error=dial: connection "
      "refused,error_code=1212,expected_response=false,group=,method=GET,name=http://127.0.0.1:1/"
      ",scenario=default,status=0,"
      "url=http://127.0.0.1:1/";
  EXPECT_THAT(series("http_reqs"), ::testing::Contains(refused + " 2 2"));
  EXPECT_THAT(series("http_req_failed"), ::testing::Contains(refused + " 2 2"));
  EXPECT_THAT(series("http_reqs"),
              ::testing::Contains(HasSubstr("error_code=1404,expected_response=false")));
}

TEST_F(HttpModuleTest, WrongParametersFailTheRequest) {
  auto lines = http(R"(const u = B + '/';
    http.get(); http.get('/x'); http.get(u, { timeout: 'x' }); http.get(u, { tags: { a: {} } }); http.get(u, { responseType: 'x' });
    http.get(u, { responseCallback: 1 }); http.post(u, 1); http.post(u, [1]); http.get(u, { headers: { 'a b': '1' } }); http.get(u, { headers: { a: '1\n2' } });
    http.post(u, 'x', { compression: 'nope' });)");
  std::vector<std::string> errors;
  for (const std::string& line : lines)
    errors.push_back(line.substr(std::string("warning: Request Failed error=").size()));
  EXPECT_THAT(
      errors,
      ElementsAre("invalid URL: '#<nil>'", "Get \"/x\": unsupported protocol scheme \"\"",
                  "invalid timeout value: time: invalid duration \"x\"",
                  "invalid HTTP request metric tags: invalid value for metric tag 'a': only "
                  "String, Boolean and Number types are accepted as a metric "
                  "tag values",
                  "x does not belong to ResponseType values", "unsupported responseCallback",
                  "unknown request body type int64", "unknown request body type []interface {}",
                  "Get \"" + base_ + "/\": net/http: invalid header field name \"a b\"",
                  "Get \"" + base_ + "/\": net/http: invalid header field value for \"a\"",
                  "unknown compression algorithm nope, supported algorithms are [gzip deflate zstd "
                  "br]"));
}

TEST_F(HttpModuleTest, TagsNamesAndExpectations) {
  http(R"(http.get(http.url`${B}/a/${1}`); http.get(B + '/b', { tags: { name: 'n', my: 'tag' } });
    http.get(B + '/status/404', { responseCallback: http.expectedStatuses(404, { min: 500, max: 599 }), tags: { name: 'e' } });
    http.get(B + '/status/404', { responseCallback: null, tags: { name: 'none' } });
    http.setResponseCallback(http.expectedStatuses(201)); http.get(B + '/', { tags: { name: 'set' } });)");
  EXPECT_THAT(
      series("http_reqs"),
      ElementsAre(
          HasSubstr("name=${}/a/${},proto=HTTP/1.1,scenario=default,status=200,url=${}/a/${}"),
          HasSubstr("expected_response=true,group=,method=GET,my=tag,name=n,proto=HTTP/"
                    "1.1,scenario=default,status=200,url=n"),
          HasSubstr("error_code=1404,expected_response=true,group=,method=GET,name=e"),
          HasSubstr("error_code=1404,group=,method=GET,name=none"),
          HasSubstr("expected_response=false,group=,method=GET,name=set")));
  EXPECT_EQ(series("http_req_failed").size(), 4u);
}

TEST_F(HttpModuleTest, CookiesLiveForAnIteration) {
  auto lines = http(R"(
    const jar = http.cookieJar(); jar.set(B, 'mine', 'x', { path: '/cookie' });
    show(http.get(B + '/cookie', { cookies: { k: 'v', mine: { value: 'y', replace: true } } }).body, '|', JSON.stringify(jar.cookiesForURL(B + '/')));
    const own = new http.CookieJar(); own.set(B, 'o', '1'); show(http.get(B + '/cookie', { jar: own }).body);
    jar.delete(B, 'sid'); jar.clear(B + '/cookie'); show(JSON.stringify(jar.cookiesForURL(B + '/cookie')));)",
                    2);
  EXPECT_THAT(lines, ElementsAre("k=v; mine=y | {\"sid\":[\"42\"]}", "o=1", "{\"mine\":[\"x\"]}",
                                 "k=v; mine=y | {\"sid\":[\"42\"]}", "o=1", "{\"mine\":[\"x\"]}"));
}

TEST_F(HttpModuleTest, ResponseTypes) {
  auto lines = http(
      R"(const b = http.get(B + '/json', { responseType: 'binary' }).body; show(b instanceof ArrayBuffer, b.byteLength);
    const n = http.request('GET', B + '/json', null, { responseType: 'none' }); show(n.body, typeof n.body, n.status);
    show(http.get(B + '/status/204').body); show(http.head(B + '/json').body === '');
    for (const f of [() => n.json(), () => http.get(B + '/').json(), () => n.html()]) { try { f(); } catch (e) { show(String(e)); } })");
  EXPECT_THAT(
      lines, ElementsAre("true 87", "null object 200", "null", "true",
                         HasSubstr("GoError: the body is null so we can't transform it to JSON"),
                         "GoError: cannot parse json due to an error at line 1, character 1 , "
                         "error: invalid character 'o' looking for beginning of value",
                         "GoError: the body is null so we can't transform it to HTML - this likely "
                         "was because of a request error getting the response"));
}

TEST_F(HttpModuleTest, UnpacksBodies) {
  auto lines = http(
      "show(http.get(B + '/gzip').body); show(http.get(B + '/broken').error_code, http.get(B + "
      "'/br').error); show(http.get(B + '/twice').body);");
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "packed");
  EXPECT_THAT(lines[3], "1701 error decompressing response body (brotli: CL_SPACE)");
  EXPECT_EQ(lines[4], "packed twice");
}

TEST_F(HttpModuleTest, PacksBodies) {
  EXPECT_THAT(
      http(R"(
    const back = (r) => { const [method, ...lines] = r.body.split('\n'); return lines.filter((l) => /^Content-(E|T)/.test(l)).join(); };
    for (const c of ['gzip', 'deflate', 'br', 'zstd', 'gzip, br']) { const r = http.post(B + '/unpack', 'packed body', { compression: c }); show(r.body, r.request.body, JSON.stringify(r.request.headers['Content-Encoding'])); }
    show(back(http.post(B + '/echo', { a: 1 }, { compression: 'gzip' })));
    show(back(http.get(B + '/echo', { compression: 'gzip' })) === '');
    show(back(http.post(B + '/echo', 'x', { compression: 'gzip', headers: { 'Content-Encoding': 'mine' } })));)"),
      ElementsAre("packed body packed body [\"gzip\"]", "packed body packed body [\"deflate\"]",
                  "packed body packed body [\"br\"]", "packed body packed body [\"zstd\"]",
                  "packed body packed body [\"gzip, br\"]",
                  "Content-Type: application/x-www-form-urlencoded,Content-Encoding: gzip", "true",
                  HasSubstr("mismatch between the desired `compression`"),
                  "Content-Encoding: mine"));
}

TEST_F(HttpModuleTest, AnswersDigestChallenges) {
  EXPECT_THAT(http(R"(const U = B.replace('//', '//ann:secret@');
    const r = http.post(U + '/digest?a=1', 'body', { auth: 'digest', tags: { name: 'd' } });
    show(r.status, /username="ann", realm="here", nonce="n1", uri="\/digest\?a=1", response="[0-9a-f]{32}", opaque="op", qop=auth, nc=00000001, cnonce="[0-9a-f]{32}"/.test(r.body), r.body.endsWith('\nbody'));
    show(r.url === B + '/digest?a=1', http.get(U + '/', { auth: 'digest', tags: { name: 'open' } }).status, http.get(U + '/digest', { tags: { name: 'basic' } }).status);)"),
              ElementsAre("200 true true", "true 200 401"));
  // k6: a challenge is what the first request shall bring, and nothing else.
  EXPECT_THAT(
      series("http_req_failed"),
      ElementsAre(
          HasSubstr("error_code=1401,expected_response=true,group=,method=POST,name=d"),
          HasSubstr("expected_response=true,group=,method=POST,name=d,proto=HTTP/1.1,"
                    "scenario=default,status=200"),
          HasSubstr("expected_response=false,group=,method=GET,name=open"),
          HasSubstr("error_code=1401,expected_response=false,group=,method=GET,name=basic")));
}

TEST_F(HttpModuleTest, JsonPathsMayHaveModifiersAndPipes) {
  EXPECT_THAT(
      http(
          R"(const r = http.get(B + '/json'); for (const p of ['items|@reverse', 'items.@reverse.0', 'deep.#.n|0', 'deep|1|n', '@keys',
      'deep.#(id>1)#|#', 'deep.@flatten:{"deep":true}|#', '@this.name', 'name.@tostr', 'deep.@join', 'items.@values|#', 'name.@fromstr', '@nosuch', 'items.#(|x', 'deep.0|@reverse|@keys', '@reverse:x|@keys|0'])
      show(JSON.stringify(r.json(p)));)"),
      ElementsAre("[3,2,1]", "3", "\"a\"", "\"b\"", "[\"name\",\"items\",\"deep\"]", "1", "2",
                  "\"ann\"", "\"\\\"ann\\\"\"", R"({"id":2,"n":"b"})", "3", "undefined",
                  "undefined", "undefined", R"(["n","id"])", "\"deep\""));
}

TEST_F(HttpModuleTest, JsonPathsMayPickSeveral) {
  EXPECT_THAT(
      http(
          R"(const r = http.get(B + '/json'); for (const p of ['{name,items}', '[name,items.0]', '{"x":name,y:items.#}', '{nope}', '[nope,name]', '{a:{name}}', '[[name]]',
      '{name}.name', '{name,items}|items.1', 'deep.#.{n}', 'deep.#.[id,n]', 'deep.0.{id}', '{deep.#.id}', '{deep.#(id=2).n}', '[items.@reverse]', '[!5,name]', '!"x"', '{name', '{', '', undefined, null])
      show(JSON.stringify(r.json(p)));
      r.json().zz = 1; show(r.json().zz, r.json('zz'));)"),
      ElementsAre(R"({"name":"ann","items":[1,2,3]})", R"(["ann",1])", R"({"x":"ann","y":3})", "{}",
                  R"(["ann"])", R"({"a":{"name":"ann"}})", R"([["ann"]])", R"("ann")", "2",
                  R"([{"n":"a"},{"n":"b"}])", R"([[1,"a"],[2,"b"]])", R"({"id":1})",
                  R"({"id":[1,2]})", R"({"n":"b"})", "[[3,2,1]]", R"([5,"ann"])", R"("x")",
                  "undefined", "undefined", "undefined", "undefined", "undefined", "1 undefined"));
}

TEST_F(HttpModuleTest, BatchRunsInParallel) {
  bia::TimePoint start = bia::now();
  auto lines = http(R"(
    const b = http.batch({ a: B + '/json', b: ['POST', B + '/echo', 'x=1'], c: { method: 'GET', url: B + '/', body: 'dropped' } });
    show(Object.keys(b).join(), b.a.json('items.1'), b.b.body.split('\n').pop(), b.c.body);
    const s = http.batch([B + '/slow', B + '/slow', B + '/slow', http.url`${B}/slow`]); show(s.length, s[3].status, Array.isArray(s));
    const bad = http.batch([B + '/', 1]); show(bad.length, bad[1].status, bad[1].error); show(http.batch([]).length);)");
  EXPECT_THAT(lines, ElementsAre("a,b,c 2 x=1 ok", "4 200 true",
                                 "warning: A batch request failed error=invalid URL: '#1'",
                                 "2 0 invalid URL: '#1'", "0"));
  EXPECT_LT(bia::now() - start, std::chrono::milliseconds(390));
}

TEST_F(HttpModuleTest, AsyncRequestsAreAwaited) {
  auto lines = http(R"(
    const p = http.asyncRequest('GET', B + '/slow'); show('sent');
    http.asyncRequest('GET', 'http://127.0.0.1:1/', null, { throw: true }).catch((e) => show('caught', e.message));
    const [a, b] = await Promise.all([http.asyncRequest('GET', B + '/json'), http.asyncRequest('POST', B + '/echo', 'z')]);
    show(a.json('name'), b.body.split('\n').pop()); show((await p).status);)");
  EXPECT_THAT(
      lines,
      ::testing::UnorderedElementsAre(
          "sent",
          "caught Get \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused",
          "ann z", "200"));
  EXPECT_EQ(outcome_.kind, exec::Outcome::Kind::kOk);
}

TEST_F(HttpModuleTest, AnIterationThatEndsEarlyLeavesNoRequestBehind) {
  options_.user_agent = "mine";
  auto lines = http("http.asyncRequest('GET', B + '/slow'); throw new Error('early');");
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_THAT(lines[0], StartsWith("error: Uncaught (in promise) Error: early"));
}

TEST_F(HttpModuleTest, InitMakesNoRequests) {
  in_user([&] {
    for (const char* call : {"http.get('http://127.0.0.1:1/')", "http.asyncRequest('GET', 'x')"}) {
      EXPECT_THAT(
          load(std::string("import http from 'k6/http'; ") + call + "; export default () => {}"),
          HasSubstr("Making http requests in the init context is not supported"));
    }
    EXPECT_THAT(load("import http from 'k6/http'; http.batch([]); export default () => {}"),
                HasSubstr("Using batch in the init context is not supported"));
    EXPECT_THAT(load("import http from 'k6/http'; http.cookieJar(); export default () => {}"),
                HasSubstr("Making cookie jars in the init context is not supported"));
    EXPECT_THAT(
        load("import http from 'k6/http'; http.expectedStatuses('a'); export default () => {}"),
        HasSubstr("argument number 1 to expectedStatuses was neither"));
  });
}

}  // namespace
}  // namespace zelus::modules
