#include "net/tls_stream.h"

#include <sys/socket.h>

#include <cerrno>

#include "bia/base/assert.h"
#include "fiber/raw_io.h"

namespace bia::net {
namespace {

// A BIO of our own: OpenSSL's writes with write(), which raises SIGPIPE, and hides short reads,
// which tell that the kernel has no more.

TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

/// Of a call on the carrier that did nothing: what OpenSSL is to do above it.
int carried_failure(BIO* bio, int done) {
  TlsStream& stream = stream_of(bio);
  TlsStream& carrier = *stream.carrier();
  switch (SSL_get_error(carrier.ssl(), done)) {
    case SSL_ERROR_WANT_READ:
      BIO_set_retry_read(bio);
      return -1;
    case SSL_ERROR_WANT_WRITE:
      BIO_set_retry_write(bio);
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      stream.ended = true;
      return 0;
    default:
      carrier.failed = true;
      stream.error_number = carrier.error_number;
      return -1;
  }
}

int read_carried(BIO* bio, char* into, int size) {
  BIO_clear_retry_flags(bio);
  const int count = SSL_read(stream_of(bio).carrier()->ssl(), into, size);
  return count > 0 ? count : carried_failure(bio, count);
}

int write_carried(BIO* bio, const char* bytes, int size) {
  TlsStream& carrier = *stream_of(bio).carrier();
  BIO_clear_retry_flags(bio);
  const int count = SSL_write(carrier.ssl(), bytes, size);
  carrier.write_pending = count <= 0;
  return count > 0 ? count : carried_failure(bio, count);
}

int bio_read(BIO* bio, char* into, int size) {
  TlsStream& stream = stream_of(bio);
  if (stream.carrier() != nullptr) return read_carried(bio, into, size);
  BIO_clear_retry_flags(bio);
  for (;;) {
    const ssize_t count = fiber::raw_receive(stream.fd, into, static_cast<size_t>(size), 0);
    if (count > 0) {
      stream.bytes_read += static_cast<uint64_t>(count);
      if (count < size) stream.drained = true;
      return static_cast<int>(count);
    }
    if (count == 0) {
      stream.ended = true;
      if (!stream.read_shut) return 0;
      BIO_set_retry_read(bio);  // An end would make OpenSSL refuse to write, too.
      return -1;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      stream.drained = true;
      BIO_set_retry_read(bio);
    } else {
      stream.error_number = errno;
    }
    return -1;
  }
}

int bio_write(BIO* bio, const char* bytes, int size) {
  TlsStream& stream = stream_of(bio);
  if (stream.carrier() != nullptr) return write_carried(bio, bytes, size);
  BIO_clear_retry_flags(bio);
  for (;;) {
    const ssize_t count =
        fiber::raw_send(stream.fd, bytes, static_cast<size_t>(size), MSG_NOSIGNAL);
    if (count >= 0) {
      stream.bytes_written += static_cast<uint64_t>(count);
      if (count < size) stream.blocked = true;
      return static_cast<int>(count);
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) {
      stream.blocked = true;
      BIO_set_retry_write(bio);
    } else {
      stream.error_number = errno;
    }
    return -1;
  }
}

long bio_control(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;
    case BIO_CTRL_EOF:
      return stream_of(bio).ended ? 1 : 0;
    default:
      return 0;
  }
}

BIO_METHOD* bio_method() {
  static BIO_METHOD* const kMethod = [] {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "bia socket");
    BIA_ASSERT(method != nullptr);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
    return method;
  }();
  return kMethod;
}

}  // namespace

TlsStream::TlsStream(int descriptor, SslPtr ssl, std::unique_ptr<TlsStream> carrier)
    : fd(descriptor), carrier_(std::move(carrier)), ssl_(std::move(ssl)) {
  BIO* bio = BIO_new(bio_method());
  BIA_ASSERT(bio != nullptr && ssl_ != nullptr && "OpenSSL is out of memory");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);  // Takes it.
  SSL_set_app_data(ssl_.get(), this);
}

bool TlsStream::holds_part_of_record() const {
  // Its head is whole, and OpenSSL waits for its body ("RB"); or a part of the head lies in the
  // buffer.
  return std::string_view(SSL_rstate_string(ssl_.get())) == "RB" ||
         SSL_has_pending(ssl_.get()) == 1;
}

}  // namespace bia::net
