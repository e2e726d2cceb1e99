#pragma once
#include <memory>
#include <string_view>

#include "zelus/modules/http/http_user.h"

namespace zelus::modules {

struct GiveBack {
  void operator()(Exchange* exchange) const { exchange->home->give_back(exchange); }
};
using ExchangePtr = std::unique_ptr<Exchange, GiveBack>;

/// An exchange ready to be sent, or failed (`failed` with its texts in it) because the arguments
/// are wrong.
struct Prepared {
  ExchangePtr exchange;
  bool failed = false;
};
Prepared prepare(Vu& vu, std::string_view method, JSValueConst url, JSValueConst body,
                 JSValueConst params);
/// The Response, or what `throw` or an interruption make of the exchange.
JSValue finish(Vu& vu, ExchangePtr exchange);

/// One request as http.request makes it. Not in the init context.
JSValue send_request(JSContext* ctx, std::string_view method, JSValueConst url, JSValueConst body,
                     JSValueConst params);
JSValue response_html(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
JSValue response_submit_form(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
JSValue response_click_link(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
JSValue http_batch(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
JSValue http_async_request(JSContext* ctx, JSValueConst self, int argc, JSValueConst* argv);
void fill_cookie_jar(JSContext* ctx, JSValueConst object);
JSValue new_cookie_jar(JSContext* ctx, std::shared_ptr<CookieJar> jar);
void fill_expected_statuses(JSContext* ctx, JSValueConst object);

}  // namespace zelus::modules
