#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/bia/middleware.h"

namespace bia {

/// Signature algorithms of RFC 7518 and RFC 8037. "none" is not among them.
enum class JwtAlgorithm : uint8_t {
  kHs256,
  kHs384,
  kHs512,
  kRs256,
  kRs384,
  kRs512,
  kPs256,
  kPs384,
  kPs512,
  kEs256,
  kEs384,
  kEs512,
  kEdDsa
};
std::string_view jwt_algorithm_name(JwtAlgorithm algorithm);

/// Members of a token's header (JOSE), beside alg and typ: {{"kid", "2024-01"}}.
using JwtHeader = std::vector<std::pair<std::string, std::string>>;

/// Keys that tokens are checked with, or signed with. Immutable: any thread may use them. A key
/// has its algorithm, so that a token cannot choose another one for it.
class JwtKeys {
 public:
  /// Errors: kInvalidArgument for a key that is none of the algorithm's.
  static Result<JwtKeys> secret(JwtAlgorithm algorithm, std::string_view secret);
  /// A public key, a certificate or a private key (which also signs).
  static Result<JwtKeys> pem(JwtAlgorithm algorithm, std::string_view pem, std::string key_id = {});
  /// RFC 7517. Keys for encryption are left out, and with a warning those that are no good; a key
  /// without "alg" takes its type's usual one (RSA: RS256). Errors: kInvalidArgument, also where no
  /// key is left.
  static Result<JwtKeys> jwks(std::string_view json);

  JwtKeys(JwtKeys&&) noexcept;
  JwtKeys& operator=(JwtKeys&&) noexcept;
  ~JwtKeys();
  size_t size() const;
  /// A token with these claims (a JSON object), by the first key. `header` goes before what bia
  /// would write ("typ", and "kid" of a key that has one), but not before the key's "alg". Errors:
  /// kFailedPrecondition for a key that cannot sign.
  Result<std::string> sign(std::string_view claims_json, const JwtHeader& header = {}) const;

  struct Key;
  const std::vector<std::unique_ptr<Key>>& list() const { return keys_; }

 private:
  JwtKeys();
  std::vector<std::unique_ptr<Key>> keys_;
};

/// The claims of a token that was accepted: `context.find<JwtClaims>()`, inside the middleware.
struct JwtClaims {
  std::string json;
  std::string subject;
  std::string issuer;
  std::vector<std::string> audience;
  int64_t expires_at = 0;  ///< seconds since 1970; 0: never
};

struct JwtOptions {
  /// Checked where they are not empty.
  std::string issuer = {};
  std::string audience = {};
  /// Allowed between the clocks.
  Duration leeway = Duration::zero();
  /// Seconds since 1970; null: the system's clock.
  std::function<int64_t()> clock = {};
};

struct JwksOptions {
  /// "https://id.example/.well-known/jwks.json", http or https.
  std::string url = {};
  /// Between two readings; a tenth of it, at least a second, after one that failed.
  Duration interval = std::chrono::minutes(5);
  Duration timeout = std::chrono::seconds(10);
  /// PEM file of authorities beside the system's.
  std::string ca_file = {};
};

/// The keys at an identity provider's address, read again now and then, so that it can change them.
/// The last good ones stay while it is away or answers what is none.
///
///     auto& keys = app.own(BIA_TRY(bia::JwksSource::create({.url = "https://id.example/jwks"})));
///     app.use(bia::jwt_middleware(keys.keys(), {.audience = "shop"}));
class JwksSource {
 public:
  /// In a fiber; suspends until the keys are there. Errors: kInvalidArgument for the URL;
  /// kUnavailable where the first reading fails.
  static Result<std::unique_ptr<JwksSource>> create(JwksOptions options);
  /// In a fiber of the same thread.
  ~JwksSource();
  /// For `jwt_middleware`, on any thread. It may outlive this.
  std::function<std::shared_ptr<const JwtKeys>()> keys() const;

 private:
  class Impl;
  explicit JwksSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Errors, all kUnauthenticated UNAUTHORIZED, with Kratos' texts: "Token is invalid" (malformed,
/// bad signature, wrong issuer or audience), "JWT token has expired" (also not yet valid), "Wrong
/// signing method".
Result<JwtClaims> verify_jwt(std::string_view token, const JwtKeys& keys,
                             const JwtOptions& options);

/// Asks for "authorization: Bearer TOKEN" and answers 401 UNAUTHORIZED without a good one. `keys`
/// is asked for each call, so that they can be replaced.
std::unique_ptr<Middleware> jwt_middleware(std::function<std::shared_ptr<const JwtKeys>()> keys,
                                           JwtOptions options = {});
std::unique_ptr<Middleware> jwt_middleware(JwtKeys keys, JwtOptions options = {});

/// For a ServiceClient: sends "authorization: Bearer TOKEN" with what `token` returns, asked for
/// each call, on any thread. Errors: `token`'s; on a server 401 UNAUTHORIZED "Wrong context for
/// middleware", as `jwt_middleware` on a client.
std::unique_ptr<Middleware> jwt_client_middleware(std::function<Result<std::string>()> token);
/// The same with a token signed for each call, of the claims (a JSON object) that `claims` returns,
/// with `header` as in `JwtKeys::sign`.
std::unique_ptr<Middleware> jwt_client_middleware(JwtKeys keys, std::function<std::string()> claims,
                                                  JwtHeader header = {});

}  // namespace bia
