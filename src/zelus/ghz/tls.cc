#include "zelus/ghz/tls.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

#include "base/read_file.h"
#include "zelus/options/tls_text.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

Error setup_error(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_RUN", std::move(message));
}

Result<std::string> read_file(const std::string& path) {
  auto text = bia::read_file(path);
  if (!text) return setup_error(text.error().message());
  return text;
}

Error at(std::string_view what, const Error& error) {
  return setup_error(fmt::format("{}: {}", what, error.message()));
}

Result<void> read_identity(const Options& options, bia::net::TlsClientOptions& tls) {
  if (options.cert.empty()) return {};
  constexpr std::string_view kWhat = "could not load client key pair";
  auto cert = read_file(options.cert);
  if (!cert) return at(kWhat, cert.error());
  auto key = read_file(options.key);
  if (!key) return at(kWhat, key.error());
  bia::net::TlsClientOptions check;
  check.roots = bia::net::TlsClientOptions::Roots::kNone;
  // Empty text would mean "no text here", and not that there is no PEM in it.
  check.certificates.push_back({{}, {}, *cert + "\n", *key + "\n", {}});
  if (auto made = bia::net::TlsClient::create(check); !made)
    return setup_error(fmt::format("{}: {}", kWhat, options::go_key_pair_text(made.error())));
  tls.certificates = std::move(check.certificates);
  return {};
}

}  // namespace

Result<std::shared_ptr<const bia::net::TlsClient>> make_tls(const Options& options) {
  bia::net::TlsClientOptions tls;
  tls.alpn = {"h2"};
  BIA_TRY(read_identity(options, tls));
  if (options.skip_tls) {
    tls.verify = bia::net::TlsClientOptions::Verify::kInsecureSkip;
  } else if (!options.cacert.empty()) {
    auto pem = read_file(options.cacert);
    if (!pem) return at("could not read ca certificate", pem.error());
    tls.roots = bia::net::TlsClientOptions::Roots::kNone;
    tls.ca_pem = *pem + "\n";
  }
  if (options.insecure && tls.ca_pem.empty()) return std::shared_ptr<const bia::net::TlsClient>();
  auto made = bia::net::TlsClient::create(tls);
  if (!made && made.error().reason() == "TLS_CA") return setup_error("failed to append ca certs");
  if (!made || !options.insecure) return made;
  return std::shared_ptr<const bia::net::TlsClient>();
}

}  // namespace zelus::ghz
