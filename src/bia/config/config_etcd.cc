#include "bia/config/config_etcd.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "bia/bia/log.h"
#include "bia/config/config_node.h"
#include "bia/config/config_own.h"
#include "bia/fiber/scheduler.h"
#include "bia/http/uri.h"
#include "bia/registry/backoff.h"

namespace bia {
namespace {

constexpr Duration kWatchPauseMax = std::chrono::seconds(10);

Error bad(std::string_view text, std::string_view what) {
  return Error(Code::kInvalidArgument, "CONFIG", fmt::format("{}: {}", text, what))
      .with_hint("write etcd://127.0.0.1:2379/shop/config.yaml, or etcd://127.0.0.1:2379/shop/");
}

bool wanted(std::string_view source, std::string_view key) {
  if (!source.ends_with('/')) return key == source;
  return config_detail::has_config_extension(key);
}

/// "USER" or "USER:PASSWORD", percent-encoded.
Result<void> read_user(std::string_view text, EtcdOptions& etcd) {
  const size_t colon = text.find(':');
  const auto decode = [](std::string_view part, std::string& into) -> Result<void> {
    if (http::percent_decode(part, http::Plus::kPlusIsPlus, into)) return {};
    return bad("etcd", "the user or the password has a bad escape");
  };
  BIA_TRY(decode(text.substr(0, colon), etcd.user));
  if (colon != std::string_view::npos) return decode(text.substr(colon + 1), etcd.password);
  // A command line is seen by others; etcd's own tool has this variable too.
  if (const char* password = std::getenv("ETCDCTL_PASSWORD")) etcd.password = password;
  return {};
}

Result<std::shared_ptr<const net::TlsClient>> read_tls_query(std::string_view query,
                                                             std::string_view shown,
                                                             std::string& server_name) {
  net::TlsClientOptions tls;
  tls.alpn = {"h2"};
  net::TlsCertificate own;
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(one.size() + 1, query.size()));
    const std::string_view name = one.substr(0, one.find('='));
    std::string* into = name == "ca"            ? &tls.ca_file
                        : name == "cert"        ? &own.certificate_file
                        : name == "key"         ? &own.key_file
                        : name == "server_name" ? &server_name
                                                : nullptr;
    if (into == nullptr || name.size() == one.size())
      return bad(shown, fmt::format("\"{}\" is none of ca=, cert=, key=, server_name=", one));
    if (!http::percent_decode(one.substr(name.size() + 1), http::Plus::kPlusIsPlus, *into))
      return bad(shown, fmt::format("{} has a bad escape", name));
  }
  if (own.certificate_file.empty() != own.key_file.empty())
    return bad(shown, "cert and key go together");
  if (!own.certificate_file.empty()) tls.certificates.push_back(std::move(own));
  // Only the authorities that are named, where some are.
  if (!tls.ca_file.empty()) tls.roots = net::TlsClientOptions::Roots::kNone;
  auto made = net::TlsClient::create(std::move(tls));
  if (!made) return std::move(made).error().in(shown);
  return made;
}

Result<std::vector<EtcdClient::Entry>> read_in_fiber(const EtcdConfigSource& source) {
  EtcdClient client(source.etcd);
  int64_t revision = 0;
  auto entries = client.range(source.key, revision);
  if (!entries.ok()) return std::move(entries).error().in(source.url + source.key);
  std::erase_if(*entries, [&](const auto& entry) { return !wanted(source.key, entry.key); });
  if (entries->empty()) {
    return Error(
        Code::kNotFound, "CONFIG",
        fmt::format("{}{}: {}", source.url, source.key,
                    source.key.ends_with('/') ? "no key below ends in .yaml, .yml, .json or .toml"
                                              : "no such key"));
  }
  for (const EtcdClient::Entry& entry : *entries) {
    if (entry.value.size() <= config_detail::kFileBytesMax) continue;
    return Error(Code::kOutOfRange, "CONFIG",
                 fmt::format("{}{}: {} bytes, at most {}", source.url, entry.key,
                             entry.value.size(), config_detail::kFileBytesMax));
  }
  return entries;
}

}  // namespace

Result<EtcdConfigSource> EtcdConfigSource::parse(std::string_view text) {
  EtcdConfigSource source;
  const size_t scheme_bytes = text.find("://") + 3;
  const std::string_view scheme = text.substr(0, scheme_bytes);
  std::string_view rest = text.substr(scheme_bytes);
  std::string_view query;
  if (const size_t mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  const size_t slash = std::min(rest.find('/'), rest.size());
  std::string_view hosts = rest.substr(0, slash);
  source.key = rest.substr(slash);
  if (const size_t at = hosts.rfind('@'); at != std::string_view::npos) {
    BIA_TRY(read_user(hosts.substr(0, at), source.etcd));
    hosts.remove_prefix(at + 1);
  }
  // From here on what is said of it has no password in it.
  source.url = std::string(scheme).append(hosts);
  const std::string shown = source.url + source.key;
  if (source.key.size() < 2) return bad(shown, "has no key");
  if (!source.key.ends_with('/') && !config_detail::has_config_extension(source.key))
    return bad(shown, "the key must end in .yaml, .yml, .json or .toml, or in / for all below");
  if (scheme == "etcds://") {
    source.etcd.tls = BIA_TRY(read_tls_query(query, shown, source.etcd.tls_server_name));
  } else if (!query.empty()) {
    return bad(shown, "ca, cert, key and server_name are for etcds://");
  }
  while (!hosts.empty()) {
    const std::string_view one = hosts.substr(0, hosts.find(','));
    if (one.find(':') == std::string_view::npos)
      return bad(shown, fmt::format("\"{}\" has no port", one));
    source.etcd.endpoints.emplace_back(one);
    hosts.remove_prefix(std::min(one.size() + 1, hosts.size()));
  }
  if (source.etcd.endpoints.empty()) return bad(shown, "has no address");
  return source;
}

Result<std::vector<EtcdClient::Entry>> EtcdConfigSource::read() const {
  return in_some_fiber([&] { return read_in_fiber(*this); });
}

void EtcdConfigSource::watch(const std::function<void()>& changed) const {
  EtcdClient client(etcd);
  Backoff backoff(kWatchPauseMax);
  bool away = false;
  bool unwatched = false;
  while (!fiber::cancelled()) {
    int64_t revision = 0;
    auto read = client.range(key, revision);
    if (fiber::cancelled()) return;
    if (read.ok()) {
      if (away) log::info(fmt::format("configuration: {} answers again", url));
      away = false;
      // Also at the first time and after an absence: what changed meanwhile was missed.
      changed();
      const TimePoint begin = now();
      const Result<void> done = client.wait_change(key, revision + 1);
      if (fiber::cancelled()) return;
      backoff.watched(now() - begin);
      if (done.ok()) backoff.reset();
      if (backoff.failures() == 0) unwatched = false;
      if (done.ok()) continue;
      if (!unwatched)
        log::warn(fmt::format("configuration: {} ended the watch, it is read again: {}", url,
                              done.error().text()));
      unwatched = true;
    } else {
      if (!away)
        log::warn(fmt::format("configuration: {} does not answer, the last good one stays: {}", url,
                              read.error().text()));
      away = true;
    }
    if (!fiber::sleep_for(backoff.next())) return;
  }
}

}  // namespace bia
