#include "zelus/modules/http/http_thread.h"

#include <fmt/format.h>

#include "zelus/modules/http/exchange.h"

namespace zelus::modules {

namespace {

std::string_view proto_name(int minor) {
  return minor == 2 ? "HTTP/2.0" : minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

/// Errors that every request which has them has in the same words, and that come by the thousand.
bool has_one_text(int error_code) {
  constexpr int kTimeout = 1050, kNoSuchHost = 1101, kRefused = 1212;
  return error_code == kTimeout || error_code == kNoSuchHost || error_code == kRefused;
}

}  // namespace

HttpThread::~HttpThread() {
  for (Exchange* exchange : spare_) delete exchange;
}

uint32_t HttpThread::method_number(std::string_view method) {
  for (uint32_t i = 0; i < methods_.size(); ++i) {
    if (methods_[i] == method) return i;
  }
  methods_.emplace_back(method);
  return static_cast<uint32_t>(methods_.size() - 1);
}

const HttpSeries& HttpThread::series(metrics::Shard& shard, const HttpOutcome& outcome) {
  const bool named = outcome.base->has_name();
  uint32_t flags = (outcome.expected ? 1u : 0u) | (outcome.has_expected ? 2u : 0u) |
                   static_cast<uint32_t>(outcome.proto_minor & 3) << 2 |
                   static_cast<uint32_t>(outcome.tls_version) << 4;
  Key key{outcome.base,
          named ? nullptr : outcome.url.get(),
          method_number(outcome.method),
          outcome.status,
          outcome.error_code,
          flags};
  if (last_ != nullptr && key == last_key_) return last_->series;
  // An IP is not in the key: with that tag on, or an error's own text, all is resolved each time.
  bool keyed = outcome.ip.empty() && (outcome.error.empty() || has_one_text(outcome.error_code));
  auto found = keyed ? series_.find(key) : series_.end();
  if (found == series_.end()) {
    if (series_.size() >= kSeriesMax) series_.clear();
    found =
        series_.insert_or_assign(key, Entry{resolve(shard, outcome), named ? nullptr : outcome.url})
            .first;
  }
  last_key_ = key;
  last_ = keyed ? &found->second : nullptr;
  return found->second.series;
}

HttpSeries HttpThread::resolve(metrics::Shard& shard, const HttpOutcome& outcome) {
  using metrics::SystemTag;
  auto& interner = shard.tags();
  const metrics::TagSet* tags = outcome.base;
  auto set = [&](SystemTag tag, std::string_view value) {
    if (script_.has(tag)) tags = interner.with(tags, metrics::system_tag_name(tag), value);
  };
  set(SystemTag::kMethod, outcome.method);
  set(SystemTag::kStatus, std::to_string(outcome.status));
  // A request that was given a name has it as its url too.
  const bool named = outcome.base->has_name();
  std::string name = named ? std::string(tags->get("name")) : outcome.url->tag;
  set(SystemTag::kUrl, name);
  if (!named) set(SystemTag::kName, name);
  if (outcome.status != 0) set(SystemTag::kProto, proto_name(outcome.proto_minor));
  if (outcome.tls_version != bia::net::TlsVersion{})
    set(SystemTag::kTlsVersion, bia::net::tls_version_name(outcome.tls_version));
  if (outcome.error_code != 0) set(SystemTag::kErrorCode, std::to_string(outcome.error_code));
  if (!outcome.error.empty()) set(SystemTag::kError, outcome.error);
  if (outcome.has_expected) set(SystemTag::kExpectedResponse, outcome.expected ? "true" : "false");
  if (!outcome.ip.empty()) set(SystemTag::kIp, outcome.ip);
  HttpSeries out;
  constexpr metrics::MetricId kTimed[] = {
      metrics::kHttpReqs,          metrics::kHttpReqDuration,       metrics::kHttpReqBlocked,
      metrics::kHttpReqConnecting, metrics::kHttpReqTlsHandshaking, metrics::kHttpReqSending,
      metrics::kHttpReqWaiting,    metrics::kHttpReqReceiving};
  for (size_t i = 0; i < out.timed.size(); ++i) out.timed[i] = shard.resolve(kTimed[i], tags);
  out.failed = shard.resolve(metrics::kHttpReqFailed, tags);
  return out;
}

const bia::http::Headers& HttpThread::default_headers() {
  if (default_headers_.size() == 0 && !script_.options.user_agent.empty())
    default_headers_.add("User-Agent", script_.options.user_agent);
  return default_headers_;
}

Exchange* HttpThread::take() {
  if (spare_.empty()) {
    auto* made = new Exchange();
    made->home = this;
    return made;
  }
  Exchange* out = spare_.back();
  spare_.pop_back();
  return out;
}

void HttpThread::give_back(Exchange* exchange) {
  if (spare_.size() >= kSpareMax) {
    delete exchange;
    return;
  }
  exchange->clear();
  spare_.push_back(exchange);
}

}  // namespace zelus::modules
