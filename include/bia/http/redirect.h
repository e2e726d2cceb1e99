#pragma once
#include "bia/http/client.h"

namespace bia::http {

/// Go's net/http makes ten requests: the tenth redirect is an error.
inline constexpr int kRedirectsMax = 9;

/// An exchange, and those that its answers of 301, 302, 303, 307 and 308 lead to, as Go's net/http
/// follows them (RFC 9110 section 15.4): 307 and 308 repeat method and body; the others ask with
/// GET, or HEAD where that was asked, without body and the fields about it. Authorization,
/// Proxy-Authorization and Cookie go to the first host and those below it alone, for the rest of
/// the way. `response` and `timings` are of the last exchange; an answer without Location is the
/// last. One deadline for all. Errors: those of `Client::send`; kFailedPrecondition
/// TOO_MANY_REDIRECTS after `redirects_max`; kInvalidArgument INVALID_URL or BAD_SCHEME for a
/// Location that is no URL of http or https.
Result<void> send_following(Client& client, const ClientRequest& request, ClientResponse& response,
                            Timings& timings, Deadline deadline, int redirects_max = kRedirectsMax);

/// The same site or one below it, "a.example.org" for "example.org": who may see the credentials
/// meant for the first.
bool is_same_site(std::string_view first_host, std::string_view host);

}  // namespace bia::http
