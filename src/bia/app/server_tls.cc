#include "bia/app/server_tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>

#include "bia/bia/log.h"
#include "bia/config/config_watch.h"
#include "bia/fiber/scheduler.h"

namespace bia {
namespace {

using Options = net::TlsServerOptions;

Error bad_value(const Config& config, const std::string& key, std::string message) {
  return Error(Code::kInvalidArgument, "CONFIG", std::move(message)).in(config.where(key));
}

Result<void> read_text(const Config& config, const std::string& key, std::string& into) {
  if (config.has(key)) into = BIA_TRY(config.string(key));
  return {};
}

Result<net::TlsCertificate> read_pair(const Config& config, const std::string& key) {
  net::TlsCertificate pair;
  BIA_TRY(read_text(config, key + ".cert", pair.certificate_file));
  BIA_TRY(read_text(config, key + ".key", pair.key_file));
  BIA_TRY(read_text(config, key + ".key_password", pair.key_password));
  BIA_TRY(read_text(config, key + ".ocsp", pair.ocsp_file));
  if (!pair.certificate_file.empty()) return pair;
  return bad_value(config, key,
                   fmt::format("{0}.cert is missing; write \"cert: server.pem\" below {0}", key));
}

Result<void> read_certificates(const Config& config, const std::string& key, Options& tls) {
  const std::string more = key + ".certificates";
  if (config.has(key + ".cert") || !config.has(more))
    tls.certificates.push_back(BIA_TRY(read_pair(config, key)));
  for (const std::string& name : config.keys(more)) {
    const std::string one = Config::below(more, name);
    BIA_TRY(config.only(one, {"cert", "key", "key_password", "ocsp"}));
    tls.certificates.push_back(BIA_TRY(read_pair(config, one)));
  }
  return {};
}

Result<void> read_version(const Config& config, const std::string& key, net::TlsVersion& into) {
  std::string text;
  BIA_TRY(read_text(config, key, text));
  if (text.empty()) return {};
  auto version = net::parse_tls_version(text);
  if (!version)
    return bad_value(config, key,
                     fmt::format("{} \"{}\" is none of 1.0, 1.1, 1.2, 1.3", key, text));
  into = *version;
  return {};
}

/// What takes TLS 1.3's names for the list of TLS 1.2 would leave them out, for k6's scripts.
Result<void> read_ciphers(const Config& config, const std::string& key, std::string& into) {
  BIA_TRY(read_text(config, key, into));
  for (std::string_view suite : {"TLS_AES_", "TLS_CHACHA20_"}) {
    if (into.find(suite) == std::string::npos) continue;
    return bad_value(config, key,
                     fmt::format("{} has a suite of TLS 1.3; write it in cipher_suites", key));
  }
  return {};
}

Result<void> read_client_auth(const Config& config, const std::string& key, Options& tls) {
  BIA_TRY(read_text(config, key + ".client_ca", tls.client_ca_file));
  std::string text = tls.client_ca_file.empty() ? "none" : "require";
  BIA_TRY(read_text(config, key + ".client_auth", text));
  if (text == "none") {
    tls.client_certificate = Options::ClientCertificate::kNone;
  } else if (text == "optional") {
    tls.client_certificate = Options::ClientCertificate::kVerifyIfGiven;
  } else if (text == "require") {
    tls.client_certificate = Options::ClientCertificate::kRequire;
  } else {
    return bad_value(
        config, key + ".client_auth",
        fmt::format("{}.client_auth \"{}\" is none of none, optional, require", key, text));
  }
  if (text == "none" || !tls.client_ca_file.empty()) return {};
  return bad_value(config, key + ".client_auth",
                   fmt::format("{0}.client_auth needs {0}.client_ca, a PEM file of the authorities "
                               "that sign clients' certificates",
                               key));
}

}  // namespace

Result<std::optional<Options>> read_tls(const Config& config, const std::string& key,
                                        std::vector<std::string> alpn) {
  if (!config.has(key)) return std::optional<Options>();
  BIA_TRY(config.only(key, {"cert", "key", "key_password", "ocsp", "certificates", "client_ca",
                            "client_auth", "min_version", "max_version", "ciphers", "cipher_suites",
                            "session_tickets", "ticket_key_life", "key_log"}));
  Options tls;
  tls.alpn = std::move(alpn);
  BIA_TRY(read_certificates(config, key, tls));
  BIA_TRY(read_client_auth(config, key, tls));
  BIA_TRY(read_version(config, key + ".min_version", tls.limits.min));
  BIA_TRY(read_version(config, key + ".max_version", tls.limits.max));
  BIA_TRY(read_ciphers(config, key + ".ciphers", tls.limits.ciphers));
  BIA_TRY(read_text(config, key + ".cipher_suites", tls.limits.cipher_suites));
  if (config.has(key + ".session_tickets") && !BIA_TRY(config.boolean(key + ".session_tickets")))
    tls.tickets = Options::Tickets::kOff;
  if (config.has(key + ".ticket_key_life")) {
    tls.ticket_key_life = BIA_TRY(config.duration(key + ".ticket_key_life"));
    if (tls.ticket_key_life <= Duration::zero())
      return bad_value(config, key + ".ticket_key_life", key + ".ticket_key_life is not positive");
  }
  if (const char* file = std::getenv("SSLKEYLOGFILE")) tls.key_log_file = file;
  BIA_TRY(read_text(config, key + ".key_log", tls.key_log_file));
  return std::optional<Options>(std::move(tls));
}

Expiries::Due Expiries::next(const std::vector<net::TlsServer::Lifetime>& lifetimes, int64_t now) {
  Due due;
  std::erase_if(told_, [&](const net::TlsServer::Lifetime& one) {
    return std::none_of(lifetimes.begin(), lifetimes.end(),
                        [&](const auto& each) { return same(one, each); });
  });
  for (const net::TlsServer::Lifetime& each : lifetimes) {
    if (each.until > now) {
      due.next = std::min(due.next, each.until);
      continue;
    }
    if (std::any_of(told_.begin(), told_.end(), [&](const auto& old) { return same(each, old); }))
      continue;
    told_.push_back(each);
    tm parts{};
    const time_t at = each.until;
    gmtime_r(&at, &parts);
    char text[32];
    const std::string_view when(text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
    due.warnings.push_back(
        each.ocsp_file.empty()
            ? fmt::format("the certificate {} ran out at {}: clients refuse it; renew it",
                          each.certificate, when)
            : fmt::format("the OCSP response of {}, {}, ran out at {} and is not sent; renew it",
                          each.certificate, each.ocsp_file, when));
  }
  return due;
}

bool Expiries::same(const net::TlsServer::Lifetime& a, const net::TlsServer::Lifetime& b) {
  return a.until == b.until && a.ocsp_file == b.ocsp_file && a.certificate == b.certificate;
}

namespace {

/// Until the next one runs out. The system's clock may be set meanwhile: not too long.
Deadline warn_of_stale(const net::TlsServer& tls, Expiries& stale, std::string_view server) {
  constexpr int64_t kLookSecondsMax = 600;
  const int64_t now = time(nullptr);
  const Expiries::Due due = stale.next(tls.lifetimes(), now);
  for (const std::string& warning : due.warnings)
    log::warn(fmt::format("[{}] {}", server, warning));
  if (due.next == INT64_MAX) return Deadline::never();
  return Deadline::after(std::chrono::seconds(std::min(due.next - now, kLookSecondsMax)));
}

}  // namespace

void watch_tls(const std::shared_ptr<net::TlsServer>& tls, std::string_view server) {
  std::vector<std::string> files;
  for (const auto& certificate : tls->options().certificates) {
    files.push_back(certificate.certificate_file);
    if (!certificate.key_file.empty()) files.push_back(certificate.key_file);
    if (!certificate.ocsp_file.empty()) files.push_back(certificate.ocsp_file);
  }
  if (!tls->options().client_ca_file.empty()) files.push_back(tls->options().client_ca_file);
  auto changes = ConfigWatch::create(files);
  if (!changes)
    return log::warn(fmt::format("[{}] certificates: {}", server, changes.error().text()));
  // The files were read before the watch stood: the first turn takes up what changed in between.
  bool first = true;
  Expiries stale;
  Result<void> changed;
  do {
    std::optional<Result<void>> loaded;
    fiber::offload([&] { loaded.emplace(tls->reload()); });
    if (!loaded->ok()) {
      log::error(fmt::format("[{}] certificates not loaded, the last good ones stay: {}", server,
                             loaded->error().text()));
    } else if (!first) {
      log::info(fmt::format("[{}] certificates loaded again", server));
    }
    first = false;
    do {
      changed = changes->wait(warn_of_stale(*tls, stale, server));
    } while (!changed && changed.error().code() == Code::kDeadlineExceeded);
  } while (changed);
}

}  // namespace bia
