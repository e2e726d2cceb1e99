#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/http/client.h"
#include "zelus/metrics/shard.h"
#include "zelus/modules/http/cookie_jar.h"
#include "zelus/modules/http/http_thread.h"
#include "zelus/modules/url.h"
#include "zelus/modules/vu.h"

namespace zelus::modules {

class HttpUser;

enum class ResponseType : uint8_t { kText, kBinary, kNone };

/// http.expectedStatuses(…).
struct ExpectedStatuses {
  struct Range {
    int min, max;
  };
  std::vector<Range> ranges;
  bool contains(int status) const;
};

/// A request as its parameters describe it; no JavaScript in it, so that any fiber of the thread
/// may send it.
struct HttpRequest {
  std::string method;
  std::shared_ptr<const Url> url;
  bia::http::Headers headers;  ///< of `params.headers`, names as written
  std::string body;
  bool has_body = false;
  const metrics::TagSet* tags = nullptr;
  Duration timeout = std::chrono::seconds(60);
  int redirects = 10;
  bool redirects_set = false;
  ResponseType response_type = ResponseType::kText;
  /// Null: responseCallback null, no http_req_failed.
  std::shared_ptr<const ExpectedStatuses> expected;
  bool default_expected = true;  ///< 200 to 399
  bool throws = false;
  CookieJar* jar = nullptr;
  struct RequestCookie {
    std::string name, value;
    bool replace;
  };
  std::vector<RequestCookie> cookies;  ///< of `params.cookies`
  std::string refused;                 ///< why Go would not begin to send it; empty: it would
  std::string plain_body;              ///< what `body` was before the parameter `compression`
  /// kDigest: the answer to a 401 comes in a second request; kNtlm: in two more, on the same
  /// connection.
  enum class Auth : uint8_t { kBasic, kDigest, kNtlm } auth = Auth::kBasic;
};

/// One http.get with all its hops: what is sent, what came back, how long it took. Reused; a
/// Response object of a script owns one.
class Exchange {
 public:
  HttpRequest request;
  bia::http::ClientResponse response;
  bia::http::Timings timings;  ///< of the last hop
  std::shared_ptr<const Url> final_url;
  int status = 0;
  int error_code = 0;
  std::string error;      ///< k6's short text
  std::string log_error;  ///< the whole text: `Get "http://…": dial tcp …`
  bool interrupted = false;
  bool body_kept = false;
  bool redirected = false;  ///< `final_url` is another than what was asked for
  /// The Cookie field of the first hop, for response.request.
  std::string sent_cookies;
  HttpThread* home = nullptr;
  /// Values that the Response object made of it (http_response.cc); set with the first of them.
  static constexpr size_t kMadeFields = 7;
  static constexpr size_t kMadeJson = 6;  ///< by json()
  bool any_made = false;
  std::array<JSValue, kMadeFields> made;

  void clear();
  /// Sends it and follows redirects; each hop is sampled and its cookies kept. Suspends; called
  /// outside of running JavaScript.
  void perform(Vu& vu, HttpUser& user);
  /// Its parameters were wrong: nothing was sent.
  bool never_began() const { return request.url == nullptr && error_code == 0; }
  double ms(Duration duration) const { return static_cast<double>(duration.count()) / 1e6; }
  Duration duration() const { return timings.sending + timings.waiting + timings.receiving; }

 private:
  /// False when it failed.
  bool hop(Vu& vu, bia::http::Client& client, const Url& url, std::string_view method,
           bool with_body, bia::Deadline deadline);
  const bia::http::Headers* build_headers(Vu& vu, const Url& url, std::string_view method,
                                          bool with_body);
  /// Of the script's own field, its parameters and the jar; empty where there is none.
  std::string cookie_line(Vu& vu, const Url& url) const;
  void record(Vu& vu, const std::shared_ptr<const Url>& url, std::string_view method);
  void fail_early(const Url& url, std::string_view method, std::string text);
  /// What Go's transport would not begin to send counts as a request all the same.
  void refuse(Vu& vu, const std::shared_ptr<const Url>& url, std::string_view method,
              std::string text, int code = 1000);
  void fail(const bia::Error& failure, const Url& url, std::string_view method);
  void fail_unpacking(const bia::Error& failure);
  void keep_cookies(const Url& url);
  /// True: the hop is to be sent again with an answer to its challenge.
  bool answer_challenge(const Url& url, std::string_view method, bool with_body);
  bool answer_digest(const Url& url, std::string_view method, bool with_body);
  bool answer_ntlm(const Url& url);
  /// "name:password" of the URL, or of the script's own header; empty where there is none.
  std::string credentials(const Url& url) const;
  /// A step of NTLM that could not be done: what the server said to the first request stands.
  void back_to_refusal();
  /// Reads where a redirect points. False where its Location is no URL, which fails the request.
  bool find_target(const Url& url, std::string_view method);
  bool redirect(Vu& vu, std::shared_ptr<const Url>& url, std::string& method, bool& with_body,
                int hops);

  bia::http::Headers wire_headers_;
  std::string referer_;
  std::optional<Url> target_;     ///< where the hop in hand points
  bool content_dropped_ = false;  ///< a redirect dropped the body, and the fields about it
  std::string authorization_;     ///< the answer to a challenge
  /// Of `auth: "digest"`, until the first redirect: k6 takes name and password out of the URL.
  std::string digest_user_;
  bool challenged_ = false;  ///< the hop in hand may be answered with 401
  /// Of `auth: "ntlm"`, while a hop's three requests are made.
  enum class NtlmStep : uint8_t { kOff, kAnonymous, kNegotiated, kAuthenticated };
  NtlmStep ntlm_step_ = NtlmStep::kOff;
  std::unique_ptr<bia::http::ClientResponse> refusal_;
  bool foreign_ = false;  ///< redirected to another site: no Authorization
};

/// Go's fmt: "Get" for GET.
std::string go_method(std::string_view method);

}  // namespace zelus::modules
