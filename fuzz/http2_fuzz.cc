// layer: http
// A server's HTTP/2 connection that reads any bytes after the preface: whatever they are, it ends,
// and every stream that it took is closed.
#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "bia/base/assert.h"
#include "http/http2/http2_connection.h"

namespace {

using namespace bia;
using namespace bia::http;

struct Item final : Http2Stream {
  size_t sent = 0;
};

class Server final : public Http2Events {
 public:
  Http2Connection* connection = nullptr;
  std::vector<std::unique_ptr<Item>> items;

  Http2Stream* on_request() noexcept override {
    items.push_back(std::make_unique<Item>());
    return items.back().get();
  }
  void on_header(Http2Stream& stream, Block, std::string_view name,
                 std::string_view value) noexcept override {
    BIA_ASSERT(stream.is_open());
    seen += name.size() + value.size();
  }
  void on_headers_end(Http2Stream& stream, Block, EndStream end) noexcept override {
    if (end == EndStream::kYes) answer(stream);
  }
  void on_data(Http2Stream& stream, std::string_view bytes) noexcept override {
    if (bytes.size() % 7 == 3) return answer(stream);
    connection->consume(stream, bytes.size());
  }
  void on_end_stream(Http2Stream& stream) noexcept override { answer(stream); }
  void on_stream_closed(Http2Stream& stream, Http2Error) noexcept override {
    BIA_ASSERT(!stream.is_open());
  }
  BodyPart read_body(Http2Stream& stream, std::span<char> into) noexcept override {
    auto& item = static_cast<Item&>(stream);
    size_t size = std::min<size_t>(into.size(), 3000 - item.sent);
    std::fill_n(into.data(), size, 'o');
    item.sent += size;
    return {size, item.sent < 3000       ? Body::kMore
                  : stream.id() % 4 == 1 ? Body::kTrailers
                                         : Body::kEnd};
  }
  void on_body_sent(Http2Stream& stream) noexcept override {
    Http2Field fields[] = {{"grpc-status", "0", 0, 0, Http2Field::Table::kKeep}};
    connection->send_headers(stream, fields, EndStream::kYes);
  }
  void answer(Http2Stream& stream) {
    if (!stream.is_open() || static_cast<Item&>(stream).sent > 0 || answered == &stream) return;
    answered = &stream;
    Http2Field fields[] = {{":status", "200", 8, 8}};
    connection->send_headers(stream, fields, EndStream::kNo);
    connection->start_body(stream);
  }
  Http2Stream* answered = nullptr;
  size_t seen = 0;
};

void serve(std::string_view bytes) {
  int pair[2];
  BIA_ASSERT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
  Server server;
  Http2Options options;
  options.streams_max = 20;
  options.header_bytes_max = 2000;
  Http2Connection connection(net::Socket::adopt(pair[0]).value(), options, server);
  server.connection = &connection;
  net::Socket peer = net::Socket::adopt(pair[1]).value();
  auto written = peer.try_write(bytes);
  peer.shutdown_write();
  connection.run(kHttp2Preface).ignore("any end will do");
  for (auto& item : server.items) BIA_ASSERT(!item->is_open());
  written.ignore("what the kernel did not take is not read");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto scheduler = fiber::Scheduler::create().value();
  std::string_view bytes(reinterpret_cast<const char*>(data), size < 60'000 ? size : 60'000);
  scheduler->spawn([&] { serve(bytes); }).value();
  scheduler->run(fiber::Scheduler::Until::kNoFibers);
  return 0;
}
