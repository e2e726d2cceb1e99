#pragma once
#include <memory>
#include <optional>
#include <string>

#include "bia/http/client.h"
#include "js/value.h"
#include "zelus/modules/http/cookie_jar.h"
#include "zelus/modules/http/exchange.h"
#include "zelus/modules/vu.h"

namespace zelus::modules {

/// A cookie jar that a script holds.
struct JarHandle {
  std::shared_ptr<CookieJar> jar;
};

/// A user's part of k6/http: its connections, its cookies, http.setResponseCallback.
class HttpUser {
 public:
  explicit HttpUser(Vu& vu) : vu_(vu), jar_(std::make_shared<CookieJar>()) {}

  /// Connections belong to the user, as in k6; made at the first request.
  bia::http::Client& client();
  /// http:// goes to a proxy that is reached by TLS.
  bool dials_by_tls() const {
    const auto& proxies = vu_.script().options.proxies;
    return proxies && proxies->http_by_tls();
  }
  /// For https, too. Errors: those of the TLS options.
  bia::Result<bia::http::Client*> tls_client();
  const std::shared_ptr<CookieJar>& jar() { return jar_; }
  void begin_iteration() {
    if (!vu_.script().options.no_cookies_reset && (!jar_->empty() || jar_.use_count() > 1))
      jar_ = std::make_shared<CookieJar>();
  }
  void end_iteration() {
    if (!vu_.script().options.no_vu_connection_reuse) return;
    if (client_) client_->close_idle();
    if (tls_client_) tls_client_->close_idle();
  }

  std::shared_ptr<const ExpectedStatuses> expected;
  bool default_expected = true;

 private:
  Vu& vu_;
  std::optional<bia::http::Client> client_;
  std::optional<bia::http::Client> tls_client_;
  std::shared_ptr<CookieJar> jar_;
};

/// Reads the arguments of a request into `request`. False with the text that k6 gives in `error`:
/// the request fails.
bool read_request(Vu& vu, std::string_view method, JSValueConst url, JSValueConst body,
                  JSValueConst params, HttpRequest& request, std::string& error);
/// The body's bytes and content type. False with k6's text.
bool read_body(JSContext* ctx, JSValueConst body, HttpRequest& request, std::string& error);

/// A Response object; owns the exchange.
JSValue new_response(JSContext* ctx, Exchange* exchange);
/// What a request that was not sent gives: warns or throws, as `throws` says.
JSValue failed_response(Vu& vu, Exchange* exchange, bool throws, std::string_view warning);

std::shared_ptr<const ExpectedStatuses> expected_of(JSValueConst value);
void define_response_class(JSContext* ctx);

}  // namespace zelus::modules
