#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/fiber/sync.h"
#include "bia/net/socket.h"

namespace bia::net {

class Dns;
struct DnsQuery;

/// One asker's part in a question: what is known of the answer while the rest is on its way. It
/// joins the question for the name that is under way; a question in which nobody has a part any
/// more ends. Belongs to its thread.
class LookUp {
 public:
  /// `changed` is woken whenever more is known. It and `dns` outlive this.
  LookUp(Dns& dns, Deadline deadline, fiber::WaitQueue& changed)
      : dns_(dns), deadline_(deadline), changed_(changed) {}
  ~LookUp();
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;

  /// Once. With kKept what is kept is the whole answer. Errors: kResourceExhausted.
  Result<void> start(const std::string& name, Freshness freshness);
  /// Nothing more comes.
  bool whole() const;
  /// What is known so far, with `port`, in the order of `in_order`.
  std::vector<Endpoint> endpoints(uint16_t port) const;
  /// Why there are none.
  Error error() const;

  /// How much of the answer somebody wants.
  enum class Want : uint8_t {
    kBegin,  ///< addresses to begin with, who takes in what comes later
    kMost,   ///< `Freshness::kKept`
    kAll,    ///< `Freshness::kNew`
  };
  /// When what is known will do without the rest. Never, where it will not: it takes an address
  /// (one that can be reached, but for kAll).
  Deadline enough_at(Want want) const;
  /// Suspends until then, or until the answer is whole. Errors: kCancelled, kDeadlineExceeded.
  Result<void> wait(Want want);
  /// When those who could connect to none of the addresses do not wait for others any more.
  Deadline given_up_at() const;
  Deadline deadline() const { return deadline_; }

 private:
  friend struct DnsQuery;
  Dns& dns_;
  Deadline deadline_;
  fiber::WaitQueue& changed_;
  std::shared_ptr<DnsQuery> query_;  ///< null: `kept_` is the answer
  std::vector<Endpoint> kept_;
};

/// The address that `host` is, with `port`; none where it is a name, which is then in `name`.
/// Errors: kUnavailable NO_SUCH_HOST for what can be neither.
Result<std::vector<Endpoint>> numeric(std::string_view host, uint16_t port, std::string& name);

}  // namespace bia::net
