#include "bia/config/client_tls_config.h"

#include <fmt/format.h>

namespace bia {
namespace {

Result<void> read_text(const Config& config, const std::string& key, std::string& into) {
  if (config.has(key)) into = BIA_TRY(config.string(key));
  return {};
}

}  // namespace

Result<ClientTls> read_client_tls(const Config& config, const std::string& key,
                                  std::vector<std::string> alpn) {
  BIA_TRY(config.only(key, {"ca", "cert", "key", "key_password", "server_name"}));
  ClientTls made;
  net::TlsClientOptions tls;
  tls.alpn = std::move(alpn);
  BIA_TRY(read_text(config, key + ".ca", tls.ca_file));
  // Only the authorities that are named, where some are.
  if (!tls.ca_file.empty()) tls.roots = net::TlsClientOptions::Roots::kNone;
  BIA_TRY(read_text(config, key + ".server_name", made.server_name));
  net::TlsCertificate own;
  BIA_TRY(read_text(config, key + ".cert", own.certificate_file));
  BIA_TRY(read_text(config, key + ".key", own.key_file));
  BIA_TRY(read_text(config, key + ".key_password", own.key_password));
  if (own.certificate_file.empty() != own.key_file.empty()) {
    return Error(Code::kInvalidArgument, "CONFIG",
                 fmt::format("{0}.cert and {0}.key go together", key))
        .in(config.where(key));
  }
  if (!own.certificate_file.empty()) tls.certificates.push_back(std::move(own));
  auto context = net::TlsClient::create(std::move(tls));
  if (!context) return std::move(context).error().in(config.where(key));
  made.context = *std::move(context);
  return made;
}

}  // namespace bia
