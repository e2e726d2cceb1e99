#pragma once
#include <sys/uio.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"
#include "bia/fiber/scheduler.h"
#include "bia/net/tls.h"

namespace bia::net {

class TlsStream;

/// An IPv4 or IPv6 address with a port, or a Unix socket's path.
class Endpoint {
 public:
  Endpoint();
  /// "127.0.0.1:80", "[::1]:80", "0.0.0.0:0", ":8080" (any address), "unix:/path". Numeric only.
  /// Errors: kInvalidArgument.
  static Result<Endpoint> parse(std::string_view text);
  static Endpoint from_sockaddr(const void* address, uint32_t length);
  const void* data() const { return storage_; }
  uint32_t size() const { return size_; }
  int family() const;
  uint16_t port() const;
  /// "127.0.0.1" or "::1"; the path of a Unix socket. An IPv4 address in an IPv6 socket's form
  /// (::ffff:127.0.0.1, what one for [::] accepts from IPv4) is written as IPv4, as in Go.
  std::string host() const;
  /// "127.0.0.1:80", "[::1]:80".
  std::string text() const;

 private:
  bool is_mapped() const;
  alignas(8) unsigned char storage_[112];
  uint32_t size_ = 0;
};

/// A connected stream, cleartext or TLS: the same calls do both. Belongs to the thread whose
/// scheduler was current when it was made.
class Socket {
 public:
  Socket();
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();
  /// Takes a connected, non-blocking descriptor and registers it with this thread's scheduler.
  static Result<Socket> adopt(int fd);
  /// Suspends. Errors: kUnavailable with errno's number in the metadata "errno" (refused,
  /// unreachable), kDeadlineExceeded, kCancelled.
  /// `from`: the address that it comes from; nullptr leaves it to the system.
  static Result<Socket> connect(const Endpoint& endpoint, Deadline deadline,
                                const Endpoint* from = nullptr);

  /// The handshake (RFC 8446, RFC 5246), where the peer has said nothing yet that was not read;
  /// what is read and written after it is encrypted. `context` may go before the socket does.
  /// Suspends. Errors, all kUnavailable but the last: TLS_ALERT (the peer's refusal; its number in
  /// the metadata "alert"), TLS_NOT_TLS (the peer speaks something else), TLS_NO_SHARED (version,
  /// cipher or protocol), TLS_UNKNOWN_AUTHORITY, TLS_HOST_MISMATCH, TLS_EXPIRED,
  /// TLS_BAD_CERTIFICATE, TLS_FAILED, UNEXPECTED_EOF and those of reads; kDeadlineExceeded
  /// TLS_HANDSHAKE_TIMEOUT.
  Result<void> start_tls(const TlsServer& context, Deadline deadline);
  /// `server_name` is what the certificate must be for and, where it is no address, what is asked
  /// for. `session`, where there is one, is offered and then replaced.
  Result<void> start_tls(const TlsClient& context, std::string_view server_name, Deadline deadline,
                         const TlsSession* session = nullptr);
  /// The same to a proxy, of which HTTP/1.1 alone is asked (ALPN); `start_tls` may follow, through
  /// it.
  Result<void> start_tls_to_proxy(const TlsClient& context, std::string_view server_name,
                                  Deadline deadline);
  /// None of a cleartext socket. Of two, this and all that follows is of the inner one.
  std::optional<TlsInfo> tls() const;
  bool is_tls() const { return tls_ != nullptr; }
  /// What ALPN chose; valid as long as the socket. Empty in cleartext.
  std::string_view alpn() const;

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  /// The kernel has said, without a system call of ours, that there are bytes or an end to read:
  /// how an idle connection shows that it is stale.
  bool readable() const { return watch_.readable(); }
  /// Of an idle connection: the peer ended it, or sent something unasked. A system call where the
  /// kernel has said something since the last read. TLS's own messages (tickets) do not count.
  bool stale();
  /// The peer has ended its side, or both, and nothing of it is left to read. So it is after a
  /// shutdown of ours, too. A system call where the kernel has said something since the last read.
  bool ended();
  /// `fiber::FdWatch::observe`.
  void observe(fiber::FdWatch::Observer* observer) { watch_.observe(observer); }
  /// Bytes read; 0 is the end of the stream. Suspends while there is nothing. Errors: kUnavailable
  /// (reset; errno in the metadata), kDeadlineExceeded, kCancelled. TLS: also UNEXPECTED_EOF where
  /// the peer ended without saying so, as one does who cuts a stream short; TLS_ALERT, TLS_FAILED.
  Result<size_t> read_some(std::span<char> into, Deadline deadline);
  /// TLS: `read_some` waits as long as this for the rest of a record that has begun, and then fails
  /// with kDeadlineExceeded TLS_RECORD; the next call waits on. Zero: as long as it takes.
  void limit_records(Duration limit) { record_limit_ = limit; }
  /// TLS: a `read_some` waits for the rest of a record.
  bool record_begun() const { return record_begun_; }
  /// The same, where the loop reads (`fiber::FdWatch::receive`): nobody else may use `into` while
  /// it waits. TLS reads as ever. `times`: when the kernel said that there is something, and when
  /// it was read.
  struct ReadTimes {
    TimePoint readable;
    TimePoint read;
  };
  Result<size_t> receive(std::span<char> into, Deadline deadline, ReadTimes& times);
  /// Ends a wait in `receive` of a cleartext socket with kAborted.
  void wake_reader() { watch_.wake_reader(); }
  /// Writes all. Suspends while the peer does not read.
  Result<void> write_all(std::string_view bytes, Deadline deadline);
  Result<void> write_all(std::span<const iovec> parts, Deadline deadline);
  /// Never suspends: bytes taken, 0 where the kernel takes none now. TLS: the next write must begin
  /// with the bytes that were not taken.
  Result<size_t> try_write(std::string_view bytes);
  /// Suspends until a read or write may do something.
  Result<void> wait_readable(Deadline deadline);
  Result<void> wait_writable(Deadline deadline);
  /// Reads end, those that wait, too, once what had come is read; writes go on. Tells the peer
  /// nothing. For any fiber of the thread.
  void shutdown_read();
  /// Tells the peer that nothing more comes (TLS: close_notify first).
  void shutdown_write();
  void close();
  Endpoint local() const;
  Endpoint peer() const;
  /// Since it was made, on the wire: with TLS's own.
  uint64_t bytes_read() const { return bytes_read_; }
  uint64_t bytes_written() const { return bytes_written_; }
  /// Another number once the peer's side has taken something of what was written: what tells one
  /// that reads slowly from one that does not, as the kernel holds megabytes. A system call.
  uint64_t delivery_mark() const;

 private:
  explicit Socket(int fd, fiber::FdWatch watch);
  Result<Socket> connected(const Endpoint& endpoint, const std::string& what);
  Result<size_t> read_tls(std::span<char> into, Deadline deadline);
  Result<size_t> write_tls(std::string_view bytes);
  Result<void> write_parts_tls(std::span<const iovec> parts, Deadline deadline);
  Result<void> handshake(Deadline deadline);
  void count_tls();
  void count_on();
  /// Waits for what OpenSSL wants to read; `record` is until when the record must be there.
  Result<void> wait_for_record(Deadline deadline, Deadline& record);
  int fd_ = -1;
  bool record_begun_ = false;
  fiber::FdWatch watch_;
  Duration record_limit_{};
  std::unique_ptr<TlsStream> tls_;  ///< null: cleartext, which this test is all it costs
  uint64_t bytes_read_ = 0;
  uint64_t bytes_written_ = 0;
};

struct ListenOptions {
  int backlog = 1024;
  /// SO_REUSEPORT: each thread listens by itself.
  enum class Sharing { kExclusive, kReusePort } sharing = Sharing::kReusePort;
};

/// A listening socket. Belongs to its thread.
class Listener {
 public:
  Listener() = default;
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&& other) noexcept;
  ~Listener();
  /// Errors: kAlreadyExists "address already in use", kPermissionDenied, kInvalidArgument, each
  /// naming the address.
  static Result<Listener> bind(const Endpoint& endpoint, const ListenOptions& options);
  /// Takes over a listening socket that somebody else opened, as systemd does; the path of a Unix
  /// socket stays when it is closed.
  static Result<Listener> adopt(int fd);
  /// Suspends until a connection comes: its descriptor, non-blocking, with TCP_NODELAY and
  /// TCP's keep-alive (15 s), not registered anywhere yet (it may go to another thread). Errors:
  /// kCancelled after `close`; kResourceExhausted where it was closed as one of the last
  /// descriptors that the process may have (16, which are kept for other than connections), or
  /// waits for one, as there is none at all (after a pause of 10 ms).
  Result<int> accept(Deadline deadline = Deadline::never());
  /// How many were closed for want of descriptors since this was called last.
  uint64_t take_refused() { return std::exchange(refused_, 0); }
  Endpoint local() const;
  int fd() const { return fd_; }
  void close();
  /// Closes it here alone: another program has it too, and a Unix socket's path stays.
  void leave() {
    adopted_ = true;
    close();
  }

 private:
  int fd_ = -1;
  int fd_max_ = 0;  ///< of what is accepted; above it descriptors are as good as run out
  uint64_t refused_ = 0;
  fiber::FdWatch watch_;
  bool adopted_ = false;
};

/// The first of them that answers (RFC 8305, "Happy Eyeballs"): the next is tried beside the ones
/// before it after 250 ms without an answer, or as soon as one of those has failed. Suspends.
/// Errors: those of `Socket::connect`, of the first that failed.
struct Connected {
  Socket socket;
  Endpoint endpoint;
};
Result<Connected> connect_any(const std::vector<Endpoint>& endpoints, Deadline deadline,
                              const Endpoint* from = nullptr);
/// Looks `host` up and connects: `resolve` and `connect_any` at the same time (RFC 8305 sections 3
/// to 5). Attempts begin with the first AAAA, or 50 ms after A (half of what `deadline` leaves
/// where that is sooner); addresses that come later join them, those that are waiting in the order
/// of `resolve`. When all have failed, a family that is not there 1 s after the other is not waited
/// for. `looking_up`: until the attempts began, or the look-up failed. Suspends. Errors: those of
/// both.
Result<Connected> dial(std::string_view host, uint16_t port, Deadline deadline,
                       Duration& looking_up);

/// Of an answer to a look-up: kKept may be one that its TTL still allows, and may lack a family
/// that is slow; kNew is asked for (and kept), and has both families unless one is silent for 2 s
/// after the other: for those who keep or filter the list themselves.
enum class Freshness : uint8_t { kKept, kNew };
/// Addresses of a host name or a numeric address, in the order in which they are to be tried: as
/// RFC 6724 sorts them (IPv6 first where this machine has a good address for it), families in turn.
/// When one family has answered the other is not waited for without end: with kKept AAAA has 50 ms
/// after A (RFC 8305) and A 1 s after AAAA, with kNew both have 2 s. Suspends. Errors: kUnavailable
/// "lookup HOST: no such host", kDeadlineExceeded.
Result<std::vector<Endpoint>> resolve(std::string_view host, uint16_t port, Deadline deadline,
                                      Freshness freshness = Freshness::kKept);

}  // namespace bia::net
