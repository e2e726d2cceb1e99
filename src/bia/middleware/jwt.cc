#include "bia/bia/jwt.h"

#include <rapidjson/document.h>

#include <algorithm>
#include <ctime>

#include "bia/codec/json_writer.h"
#include "bia/content/json_text.h"
#include "bia/http/message.h"
#include "bia/middleware/jwt_keys.h"

namespace bia {
namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr size_t kTokenBytesMax = 16 * 1024;

Error unauthorized(std::string_view message) {
  return Error(Code::kUnauthenticated, "UNAUTHORIZED", std::string(message));
}
Error invalid() { return unauthorized("Token is invalid"); }

/// RFC 7515 section 4, RFC 7519 section 4: names are unique. Which of two counts is up to the
/// reader, and the one who reads `JwtClaims::json` may choose the other.
bool has_twins(const Document& document) {
  std::vector<std::string_view> names;
  names.reserve(document.MemberCount());
  for (const auto& member : document.GetObject()) names.push_back(text_of(member.name));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

bool parse_object(std::string_view encoded, std::string& json, Document& document) {
  if (!base64url_decode(encoded, json)) return false;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(
      json.data(), json.size());
  return !document.HasParseError() && document.IsObject() && !has_twins(document);
}

/// False where the claim is there and is no number.
bool time_of(const Document& document, const char* name, int64_t otherwise, int64_t& into) {
  const auto member = document.FindMember(name);
  into = otherwise;
  if (member == document.MemberEnd()) return true;
  if (!member->value.IsNumber()) return false;
  const double value = member->value.GetDouble();
  if (!(value >= 0 && value < 1e15)) return false;
  into = int64_t(value);
  return true;
}

bool audience_of(const Document& document, std::vector<std::string>& into) {
  const auto member = document.FindMember("aud");
  if (member == document.MemberEnd()) return true;
  if (member->value.IsString()) {
    into.emplace_back(text_of(member->value));
    return true;
  }
  if (!member->value.IsArray()) return false;
  for (const Value& one : member->value.GetArray()) {
    if (!one.IsString()) return false;
    into.emplace_back(text_of(one));
  }
  return true;
}

/// The algorithm is settled by the key before anything is computed: a token cannot have an RSA key
/// taken for a secret.
Result<void> check_signature(const Document& header, std::string_view text,
                             std::string_view signature, const JwtKeys& keys) {
  const std::string_view algorithm = text_member(header, "alg");
  const std::string_view id = text_member(header, "kid");
  bool right_algorithm = false;
  for (const auto& key : keys.list()) {
    if (jwt_algorithm_name(key->algorithm) != algorithm) continue;
    right_algorithm = true;
    if (!id.empty() && !key->id.empty() && id != key->id) continue;
    if (key->verify(text, signature)) return {};
  }
  return right_algorithm ? invalid() : unauthorized("Wrong signing method");
}

Result<JwtClaims> check_claims(const Document& document, JwtClaims claims,
                               const JwtOptions& options) {
  claims.subject = text_member(document, "sub");
  claims.issuer = text_member(document, "iss");
  int64_t not_before = 0;
  if (!audience_of(document, claims.audience) || !time_of(document, "exp", 0, claims.expires_at) ||
      !time_of(document, "nbf", 0, not_before))
    return invalid();
  const int64_t at = options.clock ? options.clock() : int64_t(std::time(nullptr));
  const int64_t leeway = options.leeway / std::chrono::seconds(1);
  if ((document.HasMember("exp") && at >= claims.expires_at + leeway) || at < not_before - leeway)
    return unauthorized("JWT token has expired");
  if (!options.issuer.empty() && claims.issuer != options.issuer) return invalid();
  if (!options.audience.empty() && std::find(claims.audience.begin(), claims.audience.end(),
                                             options.audience) == claims.audience.end())
    return invalid();
  return claims;
}

class Jwt final : public Middleware {
 public:
  Jwt(std::function<std::shared_ptr<const JwtKeys>()> keys, JwtOptions options)
      : keys_(std::move(keys)), options_(std::move(options)) {}

  Result<Reply> handle(Context& context, Request, Next next) override {
    if (context.outgoing()) return unauthorized("Wrong context for middleware");
    constexpr std::string_view kScheme = "Bearer ";
    const std::string_view header = context.header("authorization");
    if (header.size() <= kScheme.size() ||
        !http::field_name_equals(header.substr(0, kScheme.size()), kScheme))
      return unauthorized("JWT token is missing");
    const std::shared_ptr<const JwtKeys> keys = keys_();
    if (!keys) return unauthorized("keyFunc is missing");
    JwtClaims claims = BIA_TRY(verify_jwt(header.substr(kScheme.size()), *keys, options_));
    const ContextValue<JwtClaims> value(context, claims);
    return next();
  }

 private:
  std::function<std::shared_ptr<const JwtKeys>()> keys_;
  JwtOptions options_;
};

/// Kratos' jwt.Client.
class JwtSender final : public Middleware {
 public:
  explicit JwtSender(std::function<Result<std::string>()> token) : token_(std::move(token)) {}

  Result<Reply> handle(Context& context, Request, Next next) override {
    if (!token_) return unauthorized("Token provider is missing");
    OutgoingCall* call = context.outgoing();
    if (!call) return unauthorized("Wrong context for middleware");
    const std::string token = BIA_TRY(token_());
    call->set_header("authorization", "Bearer " + token);
    return next();
  }

 private:
  std::function<Result<std::string>()> token_;
};

}  // namespace

Result<JwtClaims> verify_jwt(std::string_view token, const JwtKeys& keys,
                             const JwtOptions& options) {
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (token.size() > kTokenBytesMax || first == std::string_view::npos || first == last ||
      token.find('.', first + 1) != last)
    return invalid();
  std::string header_json;
  Document header;
  std::string signature;
  if (!parse_object(token.substr(0, first), header_json, header) ||
      !base64url_decode(token.substr(last + 1), signature))
    return invalid();
  // RFC 7515 section 4.1.11: an extension that must be understood, and is not.
  if (header.HasMember("crit")) return invalid();
  BIA_TRY(check_signature(header, token.substr(0, last), signature, keys));
  JwtClaims claims;
  Document document;
  if (!parse_object(token.substr(first + 1, last - first - 1), claims.json, document))
    return invalid();
  return check_claims(document, std::move(claims), options);
}

Result<std::string> JwtKeys::sign(std::string_view claims_json, const JwtHeader& header) const {
  const Key& key = *keys_.front();
  std::string json;
  codec::JsonWriter out(json);
  const auto put = [&](std::string_view name, std::string_view value) {
    out.key_text(name);
    out.string(value);
  };
  const auto given = [&](std::string_view name) {
    return std::ranges::any_of(header, [&](const auto& member) { return member.first == name; });
  };
  out.begin_object();
  put("alg", jwt_algorithm_name(key.algorithm));
  if (!given("typ")) put("typ", "JWT");
  if (!key.id.empty() && !given("kid")) put("kid", key.id);
  for (const auto& [name, value] : header) {
    if (name != "alg") put(name, value);
  }
  out.end_object();
  std::string text = base64url_encode(json) + "." + base64url_encode(claims_json);
  const std::string signature = BIA_TRY(key.sign(text));
  return text + "." + base64url_encode(signature);
}

std::unique_ptr<Middleware> jwt_middleware(std::function<std::shared_ptr<const JwtKeys>()> keys,
                                           JwtOptions options) {
  return std::make_unique<Jwt>(std::move(keys), std::move(options));
}

std::unique_ptr<Middleware> jwt_client_middleware(std::function<Result<std::string>()> token) {
  return std::make_unique<JwtSender>(std::move(token));
}

std::unique_ptr<Middleware> jwt_client_middleware(JwtKeys keys, std::function<std::string()> claims,
                                                  JwtHeader header) {
  auto shared = std::make_shared<const JwtKeys>(std::move(keys));
  return jwt_client_middleware(
      [shared, claims = std::move(claims), header = std::move(header)]() -> Result<std::string> {
        auto token = shared->sign(claims(), header);
        if (!token.ok()) return unauthorized("Can not sign token.Is the key correct?");
        return token;
      });
}

std::unique_ptr<Middleware> jwt_middleware(JwtKeys keys, JwtOptions options) {
  auto shared = std::make_shared<const JwtKeys>(std::move(keys));
  return jwt_middleware([shared] { return shared; }, std::move(options));
}

}  // namespace bia
