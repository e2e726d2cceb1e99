#include "http/http2_connection.h"

#include <sys/socket.h>

#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "bia/base/assert.h"

namespace bia::http {
namespace {

constexpr size_t kBufferBytes = 64 * 1024;

// One pair of buffers a thread: neither is in use while a fiber is suspended.
struct Buffers {
  char in[kBufferBytes];
  char out[kBufferBytes];
};

Buffers& buffers() {
  thread_local std::unique_ptr<Buffers> mine(new Buffers);
  return *mine;
}

std::string_view view(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

}  // namespace

// The functions that nghttp2 calls; `user` is the connection.
struct Http2Connection::Callbacks {
  static Http2Connection& self(void* user) { return *static_cast<Http2Connection*>(user); }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) noexcept {
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    Http2Connection& c = self(user);
    int32_t id = frame->hd.stream_id;
    void* before = c.stream_of(id);
    void* stream = c.events_.on_headers_begin(id, before, frame->headers.cat);
    if (stream != before) nghttp2_session_set_stream_user_data(session, id, stream);
    c.cached_id_ = id;
    c.cached_stream_ = stream;
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size, const uint8_t* value,
                    size_t value_size, uint8_t, void* user) noexcept {
    Http2Connection& c = self(user);
    c.events_.on_header(c.stream_of(frame->hd.stream_id), view(name, name_size), view(value, value_size));
    return 0;
  }

  static int frame_recv(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    Http2Connection& c = self(user);
    bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    int32_t id = frame->hd.stream_id;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
        c.events_.on_headers_end(id, c.stream_of(id), end ? Http2Events::EndStream::kYes : Http2Events::EndStream::kNo);
        break;
      case NGHTTP2_DATA:
        if (end) c.events_.on_end_stream(id, c.stream_of(id));
        break;
      case NGHTTP2_SETTINGS:
        if (!(frame->hd.flags & NGHTTP2_FLAG_ACK)) c.events_.on_settings();
        break;
      case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK) c.events_.on_ping_ack();
        break;
      case NGHTTP2_GOAWAY: c.events_.on_goaway(frame->goaway.last_stream_id, frame->goaway.error_code); break;
      default: break;
    }
    return 0;
  }

  static int data_chunk(nghttp2_session*, uint8_t, int32_t id, const uint8_t* data, size_t size, void* user) noexcept {
    Http2Connection& c = self(user);
    c.events_.on_data(id, c.stream_of(id), view(data, size));
    return 0;
  }

  static int frame_send(nghttp2_session*, const nghttp2_frame* frame, void* user) noexcept {
    if (!(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) || (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)) return 0;
    Http2Connection& c = self(user);
    c.events_.on_end_sent(frame->hd.stream_id, c.stream_of(frame->hd.stream_id));
    return 0;
  }

  static int stream_close(nghttp2_session* session, int32_t id, uint32_t error_code, void* user) noexcept {
    Http2Connection& c = self(user);
    void* stream = nghttp2_session_get_stream_user_data(session, id);
    if (c.cached_id_ == id) c.cached_id_ = -1;
    c.events_.on_stream_closed(id, stream, error_code);
    return 0;
  }

  static ssize_t read_body(nghttp2_session*, int32_t id, uint8_t* buffer, size_t size, uint32_t* flags, nghttp2_data_source*,
                           void* user) noexcept {
    Http2Connection& c = self(user);
    return c.events_.read_body(id, c.stream_of(id), {reinterpret_cast<char*>(buffer), size}, flags);
  }

  static nghttp2_session_callbacks* make() {
    nghttp2_session_callbacks* callbacks = nullptr;
    if (nghttp2_session_callbacks_new(&callbacks) != 0) return nullptr;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_recv);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_chunk);
    nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, frame_send);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_close);
    return callbacks;
  }
};

Result<std::unique_ptr<Http2Connection>> Http2Connection::create(net::Socket socket, const Http2Options& options, Http2Events& events) {
  std::unique_ptr<Http2Connection> connection(new Http2Connection(std::move(socket), events));
  BIA_TRY(connection->start(options));
  return connection;
}

Http2Connection::Http2Connection(net::Socket socket, Http2Events& events) : socket_(std::move(socket)), events_(events) {
  body_source_.read_callback = Callbacks::read_body;
}

Http2Connection::~Http2Connection() {
  if (session_) nghttp2_session_del(session_);
}

Result<void> Http2Connection::start(const Http2Options& options) {
  Error no_memory(Code::kResourceExhausted, "HTTP2_SESSION", "no memory for an HTTP/2 session");
  std::unique_ptr<nghttp2_session_callbacks, decltype(&nghttp2_session_callbacks_del)> callbacks(Callbacks::make(),
                                                                                               nghttp2_session_callbacks_del);
  nghttp2_option* made = nullptr;
  if (!callbacks || nghttp2_option_new(&made) != 0) return no_memory;
  std::unique_ptr<nghttp2_option, decltype(&nghttp2_option_del)> option(made, nghttp2_option_del);
  // Windows open as the owner consumes, so that a slow handler bounds what its peer may send.
  nghttp2_option_set_no_auto_window_update(option.get(), 1);
  // Closed streams would be kept for RFC 7540's priority tree, which nothing here uses.
  nghttp2_option_set_no_closed_streams(option.get(), 1);
  bool server = options.role == Http2Options::Role::kServer;
  int rc = server ? nghttp2_session_server_new2(&session_, callbacks.get(), this, option.get())
                  : nghttp2_session_client_new2(&session_, callbacks.get(), this, option.get());
  if (rc != 0) return no_memory;
  nghttp2_settings_entry entries[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options.stream_window_bytes},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, options.header_bytes_max},
      // A server may not send ENABLE_PUSH other than 0; a client wants no pushes (RFC 9113 section 6.5.2).
      {server ? NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS : NGHTTP2_SETTINGS_ENABLE_PUSH, server ? options.streams_max : 0},
  };
  if (nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries, std::size(entries)) != 0) return no_memory;
  if (options.connection_window_bytes > NGHTTP2_INITIAL_CONNECTION_WINDOW_SIZE) {
    nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(options.connection_window_bytes));
  }
  flush();
  return {};
}

Result<void> Http2Connection::run(std::string_view first) {
  Result<void> outcome = first.empty() ? Result<void>() : feed(first);
  std::span<char> into(buffers().in, kBufferBytes);
  while (outcome && !closed_) {
    auto read = socket_.read_some(into, Deadline::never());
    if (!read) {
      outcome = std::move(read).error();
      break;
    }
    if (*read == 0) break;
    outcome = feed({into.data(), *read});
    while (outcome && blocked_ && nghttp2_session_get_outbound_queue_size(session_) > kHttp2QueuedFramesMax) {
      outcome = unblocked_.wait();
    }
    if (!nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_)) break;
  }
  // What tells the peer why (GOAWAY) still goes out, as far as the kernel takes it now.
  if (!blocked_) run_deferred();
  closed_ = true;
  if (socket_.is_open()) ::shutdown(socket_.fd(), SHUT_RDWR);
  if (drainer_.valid()) {
    // With the socket shut down its write fails at once; a cancelled fiber must still outwait it, as it uses this object.
    drainer_.cancel();
    while (!drainer_.done()) {
      if (!drainer_.join()) fiber::yield();
    }
  }
  return outcome;
}

Result<void> Http2Connection::feed(std::string_view bytes) {
  read_at_ = now();
  feeding_ = true;
  cached_id_ = -1;
  ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  feeding_ = false;
  flush();
  if (used >= 0) return {};
  auto code = static_cast<int>(used);
  if (code == NGHTTP2_ERR_BAD_CLIENT_MAGIC) return Error(Code::kInvalidArgument, "NOT_HTTP2", "the peer does not speak HTTP/2");
  return Error(Code::kInvalidArgument, "HTTP2_PROTOCOL", fmt::format("HTTP/2: {}", nghttp2_strerror(code)));
}

void Http2Connection::flush() {
  if (!closed_) fiber::Scheduler::current().defer(*this);
}

void Http2Connection::consume(int32_t id, size_t bytes) {
  if (bytes == 0 || closed_) return;
  // A stream that is gone has no window left; the connection's still counts.
  nghttp2_session_consume_connection(session_, bytes);
  nghttp2_session_consume_stream(session_, id, bytes);
  if (!feeding_) flush();
}

void Http2Connection::close() {
  if (closed_) return;
  closed_ = true;
  if (socket_.is_open()) ::shutdown(socket_.fd(), SHUT_RDWR);
  unblocked_.wake_all();
}

void Http2Connection::run_deferred() noexcept {
  if (closed_ || blocked_) return;
  char* out = buffers().out;
  size_t used = 0;
  for (;;) {
    const uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) return close();
    if (size == 0) break;
    if (used + static_cast<size_t>(size) > kBufferBytes) {
      if (!write_now({out, used})) {
        pending_.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
        return;
      }
      if (closed_) return;
      used = 0;
    }
    std::memcpy(out + used, data, static_cast<size_t>(size));
    used += static_cast<size_t>(size);
  }
  if (used > 0) write_now({out, used});
  // After both sides said GOAWAY and the last stream ended nothing is left to read.
  if (!closed_ && !blocked_ && !nghttp2_session_want_read(session_) && !nghttp2_session_want_write(session_)) close();
}

bool Http2Connection::write_now(std::string_view bytes) {
  auto written = socket_.try_write(bytes);
  if (!written) {
    close();
    return true;
  }
  if (*written == bytes.size()) return true;
  pending_.assign(bytes.substr(*written));
  blocked_ = true;
  auto started = fiber::Scheduler::current().spawn([this] { drain(); });
  if (!started) {
    close();
    return true;
  }
  drainer_ = std::move(*started);
  return false;
}

void Http2Connection::drain() {
  auto written = socket_.write_all(pending_, Deadline::never());
  pending_.clear();
  if (pending_.capacity() > kBufferBytes) pending_.shrink_to_fit();
  blocked_ = false;
  if (!written) {
    close();
  } else {
    flush();
  }
  unblocked_.wake_all();
}

void Http2Connection::attach(int32_t id, void* stream) {
  nghttp2_session_set_stream_user_data(session_, id, stream);
  if (cached_id_ == id) cached_stream_ = stream;
}

void* Http2Connection::stream_of(int32_t id) {
  if (id != cached_id_) {
    cached_stream_ = nghttp2_session_get_stream_user_data(session_, id);
    cached_id_ = id;
  }
  return cached_stream_;
}

}  // namespace bia::http
