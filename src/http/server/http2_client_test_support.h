#pragma once
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bia/fiber/scheduler.h"
#include "bia/http/server.h"
#include "http/http2/http2_connection.h"

namespace bia::http {

/// A client's side of one stream.
struct Exchange : Http2Stream {
  std::map<std::string, std::string> head;
  std::string body;
  std::string to_send;
  bool more_comes = false;  ///< to send
  bool ended = false;
  bool closed = false;
  Http2Error error = Http2Error::kNoError;
};

/// An HTTP/2 client for tests: prior knowledge, one connection.
class TestClient final : Http2Events {
 public:
  explicit TestClient(const Server& server) {
    auto socket = net::Socket::connect(*net::Endpoint::parse(server.address()),
                                       Deadline::after(std::chrono::seconds(5)));
    EXPECT_TRUE(socket.ok());
    Http2Options options;
    options.role = Http2Options::Role::kClient;
    connection_ = std::make_unique<Http2Connection>(std::move(*socket), options,
                                                    static_cast<Http2Events&>(*this));
    auto spawned = fiber::Scheduler::current().spawn([this] {
      outcome_ = connection_->run();
      changed_.wake_all();
      ended_ = true;
    });
    fiber_ = std::move(*spawned);
  }
  ~TestClient() {
    connection_->close();
    fiber_.join().ignore("test");
  }
  void start(Exchange& exchange, std::string_view method, std::string_view path,
             std::string_view body = {}, std::vector<Http2Field> more = {}) {
    std::vector<Http2Field> fields = {
        {":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "a"}};
    fields.insert(fields.end(), more.begin(), more.end());
    exchange.to_send = body;
    connection_->open(exchange);
    connection_->send_headers(exchange, fields, body.empty() ? EndStream::kYes : EndStream::kNo);
    if (!body.empty()) connection_->start_body(exchange);
  }
  /// A POST whose body `send_more` and `end_body` give.
  void start_slowly(Exchange& exchange, std::string_view path, std::vector<Http2Field> more = {}) {
    exchange.more_comes = true;
    std::vector<Http2Field> fields = {
        {":method", "POST"}, {":scheme", "http"}, {":path", path}, {":authority", "a"}};
    fields.insert(fields.end(), more.begin(), more.end());
    connection_->open(exchange);
    connection_->send_headers(exchange, fields, EndStream::kNo);
    connection_->start_body(exchange);
  }
  void send_more(Exchange& exchange, std::string_view bytes) {
    exchange.to_send.append(bytes);
    connection_->resume_body(exchange);
  }
  void end_body(Exchange& exchange) {
    exchange.more_comes = false;
    connection_->resume_body(exchange);
  }
  void wait(Exchange& exchange) {
    const Deadline deadline = Deadline::after(std::chrono::seconds(3));
    while (!exchange.ended && !exchange.closed && !ended_) {
      if (!changed_.wait(deadline)) break;
    }
  }
  Exchange send(std::string_view method, std::string_view path, std::string_view body = {},
                std::vector<Http2Field> more = {}) {
    auto exchange = std::make_unique<Exchange>();
    start(*exchange, method, path, body, std::move(more));
    wait(*exchange);
    kept_.push_back(std::move(exchange));
    return *kept_.back();
  }
  void cancel(Exchange& exchange) { connection_->reset(exchange, Http2Error::kCancel); }
  bool ended() const { return ended_; }
  fiber::WaitQueue& changed() { return changed_; }

 private:
  static Exchange& of(Http2Stream& stream) { return static_cast<Exchange&>(stream); }
  void on_header(Http2Stream& stream, Block, std::string_view name,
                 std::string_view value) noexcept override {
    of(stream).head[std::string(name)] = value;
  }
  void on_headers_end(Http2Stream& stream, Block, EndStream end) noexcept override {
    if (end == EndStream::kYes) on_end_stream(stream);
    changed_.wake_all();
  }
  void on_data(Http2Stream& stream, std::string_view bytes) noexcept override {
    of(stream).body.append(bytes);
    connection_->consume(stream, bytes.size());
  }
  void on_end_stream(Http2Stream& stream) noexcept override {
    of(stream).ended = true;
    changed_.wake_all();
  }
  void on_stream_closed(Http2Stream& stream, Http2Error error) noexcept override {
    of(stream).closed = true;
    of(stream).error = error;
    changed_.wake_all();
  }
  BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept override {
    std::string& rest = of(stream).to_send;
    const size_t size = std::min(rest.size(), into.size());
    rest.copy(into.data(), size);
    rest.erase(0, size);
    if (rest.empty() && of(stream).more_comes) return {size, Body::kPaused};
    return {size, rest.empty() ? Body::kEnd : Body::kMore};
  }

  std::unique_ptr<Http2Connection> connection_;
  std::vector<std::unique_ptr<Exchange>> kept_;
  fiber::Fiber fiber_;
  fiber::WaitQueue changed_;
  Result<void> outcome_;
  bool ended_ = false;
};

}  // namespace bia::http
