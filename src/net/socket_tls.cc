// The TLS side of Socket: what OpenSSL asks of the descriptor, waited for in the fiber.
#include <openssl/err.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "bia/net/socket.h"
#include "net/io_error.h"
#include "net/tls_streams.h"

namespace bia::net {
namespace {

/// A record's body (RFC 8446 section 5.1).
constexpr size_t kRecordBytesMax = 16 * 1024;

std::string subject_text(X509* certificate) {
  BioPtr out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<size_t>(size)};
}

}  // namespace

Socket::Socket() = default;

Socket::Socket(int fd, fiber::FdWatch watch) : fd_(fd), watch_(std::move(watch)) {}

Socket::Socket(Socket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      watch_(std::move(other.watch_)),
      record_limit_(other.record_limit_),
      tls_(std::move(other.tls_)),
      bytes_read_(other.bytes_read_),
      bytes_written_(other.bytes_written_) {}

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this == &other) return *this;
  close();
  fd_ = std::exchange(other.fd_, -1);
  watch_ = std::move(other.watch_);
  record_limit_ = other.record_limit_;
  tls_ = std::move(other.tls_);
  bytes_read_ = other.bytes_read_;
  bytes_written_ = other.bytes_written_;
  return *this;
}

Socket::~Socket() { close(); }

void Socket::count_tls() {
  TlsStream& wire = tls_->wire();
  bytes_read_ = wire.bytes_read;
  bytes_written_ = wire.bytes_written;
  if (std::exchange(wire.drained, false)) watch_.clear_readable();
  if (std::exchange(wire.blocked, false)) watch_.clear_writable();
}

/// What came and went in cleartext stays counted.
void Socket::count_on() {
  tls_->bytes_read = bytes_read_;
  tls_->bytes_written = bytes_written_;
}

Result<void> Socket::start_tls(const TlsServer& context, Deadline deadline) {
  tls_ = new_server_stream(context, fd_);
  return handshake(deadline);
}

Result<void> Socket::start_tls(const TlsClient& context, std::string_view server_name,
                               Deadline deadline, const TlsSession* session) {
  const bool carried = tls_ != nullptr;
  tls_ = BIA_TRY(new_client_stream(context, fd_, server_name, session, std::move(tls_)));
  if (!carried) count_on();
  return handshake(deadline);
}

Result<void> Socket::start_tls_to_proxy(const TlsClient& context, std::string_view server_name,
                                        Deadline deadline) {
  tls_ = BIA_TRY(new_client_stream(context, fd_, server_name, nullptr, nullptr));
  count_on();
  constexpr unsigned char kHttp1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  SSL_set_alpn_protos(tls_->ssl(), kHttp1, sizeof kHttp1);
  return handshake(deadline);
}

Result<void> Socket::handshake(Deadline deadline) {
  const TimePoint begin = now();
  for (;;) {
    ERR_clear_error();
    const int done = SSL_do_handshake(tls_->ssl());
    const int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(tls_->ssl(), done);
    count_tls();
    if (done == 1) break;
    if ((why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) || tls_->wire().ended)
      return tls_error(*tls_, "read", why);
    auto waited = why == SSL_ERROR_WANT_READ ? watch_.wait_readable(deadline)
                                             : watch_.wait_writable(deadline);
    if (waited) continue;
    tls_->failed = true;
    if (waited.error().code() != Code::kDeadlineExceeded) return waited;
    return Error(Code::kDeadlineExceeded, "TLS_HANDSHAKE_TIMEOUT", "tls: handshake timeout");
  }
  tls_->established = true;
  tls_->handshake = now() - begin;
  tls_->contexts.reset();
  return {};
}

Result<void> Socket::wait_for_record(Deadline deadline, Deadline& record) {
  record_begun_ = tls_->holds_part_of_record();
  if (!record_begun_) {
    record = Deadline::never();
    return watch_.wait_readable(deadline);
  }
  // Counts from its first byte, however slowly the rest drips in.
  if (record_limit_ > Duration::zero() && record.at() == TimePoint::max())
    record = Deadline::after(record_limit_);
  auto waited = watch_.wait_readable(std::min(deadline, record));
  record_begun_ = false;
  if (waited || waited.error().code() != Code::kDeadlineExceeded || deadline.expired())
    return waited;
  return Error(Code::kDeadlineExceeded, "TLS_RECORD", "tls: a record did not come whole in time");
}

Result<size_t> Socket::read_tls(std::span<char> into, Deadline deadline) {
  Deadline record = Deadline::never();
  for (;;) {
    size_t total = 0;
    int why = SSL_ERROR_NONE;
    // A call gives one record; those that came with it are taken along.
    do {
      size_t count = 0;
      ERR_clear_error();
      const int done = SSL_read_ex(tls_->ssl(), into.data() + total, into.size() - total, &count);
      if (done == 1) {
        total += count;
      } else {
        why = SSL_get_error(tls_->ssl(), done);
      }
    } while (why == SSL_ERROR_NONE && total < into.size() && SSL_has_pending(tls_->ssl()) == 1);
    count_tls();
    // What was wrong after whole records is found again by the next read.
    if (total > 0) {
      if (why != SSL_ERROR_NONE) ERR_clear_error();
      return total;
    }
    switch (why) {
      case SSL_ERROR_WANT_READ:
        if (tls_->wire().ended) return size_t{0};
        BIA_TRY(wait_for_record(deadline, record));
        break;
      case SSL_ERROR_WANT_WRITE: {
        // A key update to answer, while the kernel takes nothing. Another fiber may be waiting to
        // write, and one may wait at a time.
        constexpr Duration kPause = std::chrono::milliseconds(1);
        BIA_TRY(fiber::sleep_until(std::min(deadline.at(), now() + kPause)));
        if (deadline.expired()) return Error(Code::kDeadlineExceeded, "DEADLINE", "read: too late");
        break;
      }
      case SSL_ERROR_ZERO_RETURN:
        return size_t{0};
      default:
        return tls_error(*tls_, "read", why);
    }
  }
}

Result<size_t> Socket::write_tls(std::string_view bytes) {
  size_t total = 0;
  while (total < bytes.size()) {
    size_t count = 0;
    ERR_clear_error();
    const int done = SSL_write_ex(tls_->ssl(), bytes.data() + total, bytes.size() - total, &count);
    if (done == 1) {
      tls_->write_pending = false;
      total += count;
      continue;
    }
    const int why = SSL_get_error(tls_->ssl(), done);
    // WANT_READ would be a renegotiation, which neither side of ours takes part in while writing.
    if (why != SSL_ERROR_WANT_WRITE && why != SSL_ERROR_WANT_READ) {
      Error error = tls_error(*tls_, "write", why);
      count_tls();
      return error;
    }
    tls_->write_pending = true;
    break;
  }
  count_tls();
  return total;
}

/// Parts are gathered into whole records: a head and its body are one, and so one system call.
Result<void> Socket::write_parts_tls(std::span<const iovec> parts, Deadline deadline) {
  thread_local std::unique_ptr<char[]> gathered(new char[kRecordBytesMax]);
  size_t first = 0;
  size_t skip = 0;  // Bytes of parts[first] that are written.
  for (;;) {
    while (first < parts.size() && parts[first].iov_len == skip) {
      ++first;
      skip = 0;
    }
    if (first == parts.size()) return {};
    std::string_view next(static_cast<const char*>(parts[first].iov_base) + skip,
                          parts[first].iov_len - skip);
    // The same bytes again after a wait: OpenSSL goes on in the middle of their record.
    if (next.size() < kRecordBytesMax && first + 1 < parts.size()) {
      size_t size = next.copy(gathered.get(), kRecordBytesMax);
      for (size_t i = first + 1; i < parts.size() && size < kRecordBytesMax; ++i) {
        size += std::string_view(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len)
                    .copy(gathered.get() + size, kRecordBytesMax - size);
      }
      next = {gathered.get(), size};
    }
    size_t done = BIA_TRY(write_tls(next));
    const bool blocked = done < next.size();
    for (size_t left = 0; done > 0; done -= left) {
      left = std::min(done, parts[first].iov_len - skip);
      skip += left;
      if (skip < parts[first].iov_len) continue;
      ++first;
      skip = 0;
    }
    if (blocked) BIA_TRY(watch_.wait_writable(deadline));
  }
}

bool Socket::stale() {
  char byte;
  if (!tls_) {
    if (!readable()) return false;
    // A last read that filled its buffer exactly leaves the mark too: ask the kernel.
    const ssize_t count = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  }
  if (!readable() && !tls_->has_pending()) return false;
  // Takes the tickets that a server sends after the handshake.
  ERR_clear_error();
  const int peeked = SSL_peek(tls_->ssl(), &byte, 1);
  const int why = peeked > 0 ? SSL_ERROR_NONE : SSL_get_error(tls_->ssl(), peeked);
  ERR_clear_error();
  count_tls();
  return why != SSL_ERROR_WANT_READ;
}

bool Socket::ended() {
  char byte;
  // OpenSSL is not asked where it would find an end without a goodbye: nothing could be written
  // after that error, and the peer may still read.
  if (watch_.hung_up() && (!tls_ || !tls_->has_pending())) {
    const ssize_t count = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return true;
  }
  if (!tls_) return false;
  SSL* const ssl = tls_->ssl();
  if ((SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0) return true;
  if (!tls_->established || tls_->failed || (!readable() && !tls_->has_pending())) return false;
  ERR_clear_error();
  const int peeked = SSL_peek(ssl, &byte, 1);
  const int why = peeked > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl, peeked);
  ERR_clear_error();
  count_tls();
  if (why == SSL_ERROR_NONE || why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
    return false;
  if (why != SSL_ERROR_ZERO_RETURN) tls_->failed = true;
  return true;
}

void Socket::shutdown_read() {
  if (fd_ < 0) return;
  if (tls_) tls_->wire().read_shut = true;
  ::shutdown(fd_, SHUT_RD);
}

void Socket::shutdown_write() {
  if (fd_ < 0) return;
  if (tls_ && tls_->established && !tls_->failed && !tls_->write_pending) {
    ERR_clear_error();
    SSL_shutdown(tls_->ssl());  // As far as the kernel takes it; once.
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

void Socket::close() {
  if (fd_ < 0) return;
  for (TlsStream* stream = tls_.get(); stream != nullptr; stream = stream->carrier()) {
    if (!stream->established || stream->failed || stream->write_pending ||
        (SSL_get_shutdown(stream->ssl()) & SSL_SENT_SHUTDOWN) != 0)
      continue;
    ERR_clear_error();
    SSL_shutdown(stream->ssl());
    ERR_clear_error();
  }
  tls_.reset();
  watch_.reset();
  ::close(std::exchange(fd_, -1));
}

std::string_view Socket::alpn() const {
  if (!tls_) return {};
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(tls_->ssl(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

std::optional<TlsInfo> Socket::tls() const {
  if (!tls_ || !tls_->established) return std::nullopt;
  SSL* ssl = tls_->ssl();
  TlsInfo info;
  info.version = static_cast<TlsVersion>(SSL_version(ssl));
  if (const SSL_CIPHER* cipher = SSL_get_current_cipher(ssl))
    info.cipher = SSL_CIPHER_standard_name(cipher);
  info.alpn = alpn();
  if (const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
    info.server_name = name;
  info.resumed = SSL_session_reused(ssl) == 1;
  info.handshake = tls_->handshake;
  if (X509* peer = SSL_get0_peer_certificate(ssl)) {
    info.peer_subject = subject_text(peer);
    info.peer_alternative_names = alternative_names(peer);
  }
  const unsigned char* ocsp = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(ssl, &ocsp);
  if (ocsp != nullptr && size > 0)
    info.ocsp_response.assign(reinterpret_cast<const char*>(ocsp), static_cast<size_t>(size));
  return info;
}

}  // namespace bia::net
