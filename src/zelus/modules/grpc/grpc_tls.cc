#include "zelus/modules/grpc/grpc_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "zelus/modules/go_value.h"
#include "zelus/options/tls_text.h"

namespace zelus::modules {
namespace {

/// More would be scripts that make up certificates as they go.
constexpr size_t kMadeMax = 64;

bool read_authorities(JSContext* ctx, const Value& value, std::vector<std::string>& into) {
  if (value.is_string()) {
    into.push_back(to_text(ctx, value.get()));
    return true;
  }
  if (!JS_IsArray(value.get())) return false;
  bool good = true;
  each_property(ctx, value.get(), [&](JSAtom, const Value& each) {
    good = good && each.is_string();
    if (good) into.push_back(to_text(ctx, each.get()));
    return good;
  });
  return good;
}

Error bad(std::string text) { return Error(Code::kInvalidArgument, "BAD_TLS", std::move(text)); }

/// k6 decrypts what OpenSSL wrote in its old form, and nothing else.
Result<void> check_encrypted(const GrpcTls& tls) {
  if (tls.password.empty()) return {};
  if (tls.key.find("-----BEGIN ") == std::string::npos) return bad("failed to decode PEM key");
  if (tls.key.find("-----BEGIN ENCRYPTED PRIVATE KEY-----") != std::string::npos)
    return bad("encrypted pkcs8 formatted key is not supported");
  if (tls.key.find("DEK-Info:") == std::string::npos)
    return bad("x509: no DEK-Info header in block");
  return {};
}

Result<bia::net::TlsClientOptions> options_of(const Script& script, const GrpcTls& tls) {
  // The run's certificates and authorities are not for a connection that has its own.
  bia::net::TlsClientOptions options;
  options.limits = script.options.tls.limits;
  options.verify = script.options.tls.verify;
  options.key_log_file = script.options.tls.key_log_file;
  options.alpn = {"h2"};
  BIA_TRY(check_encrypted(tls));
  for (size_t i = 0; i < tls.cacerts.size(); ++i) {
    bia::net::TlsClientOptions check;
    check.roots = bia::net::TlsClientOptions::Roots::kNone;
    check.ca_pem = tls.cacerts[i] + "\n";
    if (!bia::net::TlsClient::create(check))
      return bad(fmt::format("failed to append ca certificate [{}] from PEM", i));
    options.ca_pem += check.ca_pem;
  }
  if (tls.cert.empty() || tls.key.empty()) return options;
  options.certificates.push_back({{}, {}, tls.cert, tls.key, tls.password});
  bia::net::TlsClientOptions check;
  check.roots = bia::net::TlsClientOptions::Roots::kNone;
  check.certificates = options.certificates;
  if (auto made = bia::net::TlsClient::create(check); !made) {
    if (made.error().reason() == "TLS_KEY" && !tls.password.empty())
      return bad("x509: decryption password incorrect");
    return bad("failed to append certificate from PEM: " + options::go_key_pair_text(made.error()));
  }
  return options;
}

}  // namespace

bool read_grpc_tls(JSContext* ctx, const Value& value, GrpcTls& into, std::string& error) {
  if (!value.is_object() || JS_IsArray(value.get())) {
    error = fmt::format(
        "invalid tls value: '{}', expected (optional) keys: cert, key, password, and cacerts",
        go_value_text(ctx, value));
    return false;
  }
  const auto refuse = [&](std::string_view key, std::string_view wanted) {
    error = fmt::format("invalid tls {} value: '{}', it needs to be {}", key,
                        go_value_text(ctx, value), wanted);
    return false;
  };
  return each_property(ctx, value.get(), [&](JSAtom atom, const Value& field) {
    const std::string key = atom_text(ctx, atom);
    into.has_keys = true;
    const auto text = [&](std::string& out, std::string_view wanted) {
      if (!field.is_string()) return refuse(key, wanted);
      out = to_text(ctx, field.get());
      return true;
    };
    if (key == "cert") return text(into.cert, "a PEM formatted string");
    if (key == "key") return text(into.key, "a PEM formatted string");
    if (key == "password") return text(into.password, "a string");
    if (key != "cacerts") return true;
    return read_authorities(ctx, field, into.cacerts) ||
           refuse(key, "a string or an array of PEM formatted strings");
  });
}

Result<std::shared_ptr<const bia::net::TlsClient>> GrpcTlsCache::find(const Script& script,
                                                                      const GrpcTls& tls) {
  std::string name;
  for (const std::string* each : {&tls.cert, &tls.key, &tls.password})
    name.append(*each).append(1, '\0');
  for (const std::string& each : tls.cacerts) name.append(each).append(1, '\0');
  if (auto found = made_.find(name); found != made_.end()) return found->second;
  auto made = BIA_TRY(bia::net::TlsClient::create(BIA_TRY(options_of(script, tls))));
  if (made_.size() >= kMadeMax) made_.clear();
  made_.emplace(std::move(name), made);
  return made;
}

}  // namespace zelus::modules
