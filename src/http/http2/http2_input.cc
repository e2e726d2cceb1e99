// What a connection does with the frames it reads (RFC 9113 sections 4 to 6 and 8).
#include <algorithm>
#include <charconv>
#include <utility>

#include "http/http2/http2_connection.h"

namespace bia::http {

using EndStream = Http2Events::EndStream;
using Block = Http2Events::Block;

size_t Http2Connection::parse(std::string_view bytes) {
  size_t at = 0;
  if (preface_pending_) {
    std::string_view sent = bytes.substr(0, kHttp2Preface.size());
    if (sent != kHttp2Preface.substr(0, sent.size())) {
      fail(Http2Error::kProtocolError, "the peer does not speak HTTP/2");
      return bytes.size();
    }
    if (sent.size() < kHttp2Preface.size()) return 0;
    preface_pending_ = false;
    at = kHttp2Preface.size();
  }
  while (bytes.size() - at >= kFrameHeaderBytes && !ending_ && !closed_) {
    FrameHead head = read_frame_head(bytes.data() + at);
    if (head.size > kFrameBytesMax) {
      fail(Http2Error::kFrameSizeError, "a frame above 16384 bytes");
      break;
    }
    if (bytes.size() - at - kFrameHeaderBytes < head.size) break;
    std::string_view payload = bytes.substr(at + kFrameHeaderBytes, head.size);
    at += kFrameHeaderBytes + head.size;
    if (!on_frame(head, payload)) break;
  }
  return at;
}

bool Http2Connection::on_frame(const FrameHead& head, std::string_view payload) {
  if (settings_pending_) {
    if (head.type != FrameType::kSettings || (head.flags & kFlagAck))
      return fail(Http2Error::kProtocolError, "the first frame is not SETTINGS");
    settings_pending_ = false;
    peer_streams_max_ = UINT32_MAX;  // Unless these SETTINGS say otherwise.
  }
  if (block_id_ != 0 && (head.type != FrameType::kContinuation || head.id != block_id_)) {
    return fail(Http2Error::kProtocolError, "a header block is not continued");
  }
  switch (head.type) {
    case FrameType::kData:
      return on_data_frame(head, payload);
    case FrameType::kHeaders:
      return on_headers_frame(head, payload);
    case FrameType::kContinuation:
      return on_continuation(head, payload);
    case FrameType::kRstStream:
      return on_rst_stream(head, payload);
    case FrameType::kSettings:
      return on_settings_frame(head, payload);
    case FrameType::kPing:
      return on_ping_frame(head, payload);
    case FrameType::kGoaway:
      return on_goaway_frame(head, payload);
    case FrameType::kWindowUpdate:
      return on_window_update(head, payload);
    case FrameType::kPushPromise:
      return fail(Http2Error::kProtocolError, "PUSH_PROMISE, which is not allowed here");
    case FrameType::kPriority:
      if (head.id == 0) return fail(Http2Error::kProtocolError, "PRIORITY on stream 0");
      if (payload.size() != 5)
        return fail(Http2Error::kFrameSizeError, "PRIORITY that is not 5 bytes");
      if (static_cast<int32_t>(read_u32(payload.data()) & 0x7fffffff) == head.id) {
        return fail(Http2Error::kProtocolError, "a stream that depends on itself");
      }
      return true;
  }
  return true;  // Unknown types are ignored (section 4.1).
}

bool Http2Connection::is_idle(int32_t id) const {
  bool ours = (id % 2 != 0) == (options_.role == Http2Options::Role::kClient);
  if (ours) return id >= next_id_ || id % 2 == 0;
  // One that the last GOAWAY left out may be under way already (section 6.8).
  return id > last_peer_id_ && !goaway_final_;
}

bool Http2Connection::strip_padding(const FrameHead& head, std::string_view& payload) {
  if (!(head.flags & kFlagPadded)) return true;
  size_t padding = payload.empty() ? 0 : static_cast<unsigned char>(payload[0]);
  if (payload.size() < padding + 1)
    return fail(Http2Error::kProtocolError, "padding longer than its frame");
  payload = payload.substr(1, payload.size() - 1 - padding);
  return true;
}

bool Http2Connection::on_data_frame(const FrameHead& head, std::string_view payload) {
  if (head.id == 0) return fail(Http2Error::kProtocolError, "DATA on stream 0");
  if (!strip_padding(head, payload)) return false;
  if (payload.empty() && !(head.flags & kFlagEndStream)) {
    if (!empty_data_.take(options_.limits.empty_data, read_at_))
      return fail(Http2Abuse::kEmptyData);
  } else {
    peer_pings_.clear();
  }
  receive_window_ -= static_cast<int32_t>(head.size);
  if (receive_window_ < 0)
    return fail(Http2Error::kFlowControlError, "more DATA than the connection's window");
  Http2Stream* stream = streams_.find(head.id);
  if (!stream) {
    if (is_idle(head.id)) return fail(Http2Error::kProtocolError, "DATA on an idle stream");
    // Of a stream that is closed, by us perhaps: its bytes count all the same.
    receive_window_ += static_cast<int32_t>(head.size);
    if (head.size > 0) put_window_update(0, head.size);
    bool ours = std::find(reset_ids_.begin(), reset_ids_.end(), head.id) != reset_ids_.end();
    if (!ours) reset_id(head.id, Http2Error::kStreamClosed);
    return true;
  }
  stream->receive_window_ -= static_cast<int32_t>(head.size);
  auto size = static_cast<int64_t>(payload.size());
  bool end = (head.flags & kFlagEndStream) != 0;
  Http2Error error = Http2Error::kNoError;
  if (stream->remote_ended_) {
    error = Http2Error::kStreamClosed;
  } else if (stream->receive_window_ < 0) {
    error = Http2Error::kFlowControlError;
  } else if (!stream->head_received_) {
    error = Http2Error::kProtocolError;
  } else if (stream->content_left_ >= 0) {
    // A body that is not as long as it says (section 8.1.1).
    stream->content_left_ -= size;
    if (stream->content_left_ < 0 || (end && stream->content_left_ > 0))
      error = Http2Error::kProtocolError;
  }
  if (error != Http2Error::kNoError) {
    consume(*stream, head.size);
    close_stream(*stream, error);
    return reset_faulty(head.id, error);
  }
  if (head.size > payload.size()) consume(*stream, head.size - payload.size());
  if (!payload.empty()) stream->events_->on_data(*stream, payload);
  if (!end || streams_.find(head.id) != stream) return true;
  stream->remote_ended_ = true;
  stream->events_->on_end_stream(*stream);
  if (streams_.find(head.id) == stream) remote_end(*stream);
  return true;
}

bool Http2Connection::on_headers_frame(const FrameHead& head, std::string_view payload) {
  if (head.id == 0) return fail(Http2Error::kProtocolError, "HEADERS on stream 0");
  if (!strip_padding(head, payload)) return false;
  if (head.flags & kFlagPriority) {
    if (payload.size() < 5)
      return fail(Http2Error::kFrameSizeError, "HEADERS without its priority");
    if (static_cast<int32_t>(read_u32(payload.data()) & 0x7fffffff) == head.id) {
      return fail(Http2Error::kProtocolError, "a stream that depends on itself");
    }
    payload.remove_prefix(5);
  }
  EndStream end = (head.flags & kFlagEndStream) ? EndStream::kYes : EndStream::kNo;
  if (head.flags & kFlagEndHeaders) return on_block(head.id, payload, end);
  block_.assign(payload);
  block_id_ = head.id;
  unfinished_since_ = read_at_;
  continuations_ = 0;
  block_end_ = end;
  return true;
}

bool Http2Connection::on_continuation(const FrameHead& head, std::string_view payload) {
  if (block_id_ == 0) return fail(Http2Error::kProtocolError, "CONTINUATION without HEADERS");
  // Empty ones that go on and on would cost without end.
  bool more = !(head.flags & kFlagEndHeaders);
  if (block_.size() + payload.size() > options_.header_bytes_max + kFrameBytesMax ||
      (more && payload.empty()) || ++continuations_ > options_.limits.continuations) {
    return fail(Http2Abuse::kContinuation);
  }
  block_.append(payload);
  if (more) return true;
  std::string block = std::move(block_);
  block_.clear();
  return on_block(std::exchange(block_id_, 0), block, block_end_);
}

bool Http2Connection::on_block(int32_t id, std::string_view block, EndStream end) {
  peer_pings_.clear();
  Http2Stream* stream = streams_.find(id);
  bool known = stream != nullptr;
  if (known && stream->remote_ended_) {
    close_stream(*stream, Http2Error::kStreamClosed);
    if (!reset_faulty(id, Http2Error::kStreamClosed)) return false;
    stream = nullptr;
  }
  if (!known) {
    if (options_.role == Http2Options::Role::kClient) {
      if (is_idle(id)) return fail(Http2Error::kProtocolError, "HEADERS on an idle stream");
    } else if (id % 2 == 0) {
      return fail(Http2Error::kProtocolError, "a request on an even stream");
    } else if (id > last_peer_id_) {
      stream = open_request(id);
      // Not where handlers that are left over of ended streams leave no room: the peer keeps to it.
      const bool counts = goaway_final_ || streams_.size() >= options_.streams_max;
      if (!stream && counts && !count_our_reset()) return false;
    } else if (std::find(reset_ids_.begin(), reset_ids_.end(), id) == reset_ids_.end()) {
      return fail(Http2Error::kStreamClosed, "HEADERS on a closed stream");
    }
  }
  return decode_block(stream, block, end);
}

// A new request's stream; null where it is refused.
Http2Stream* Http2Connection::open_request(int32_t id) {
  bool late = goaway_final_;
  if (!late) last_peer_id_ = id;
  Http2Stream* stream =
      late || streams_.size() >= options_.streams_max ? nullptr : events_.on_request();
  if (!stream) {
    if (options_.abuses && !late) {
      ++options_.abuses->streams_above_max;
      tell(Refusal::Of::kRequest, "streams_max");
    }
    reset_id(id, Http2Error::kRefusedStream);
    return nullptr;
  }
  adopt(*stream, id);
  return stream;
}

namespace {

enum Pseudo : unsigned {
  kMethod = 1,
  kScheme = 2,
  kPath = 4,
  kAuthority = 8,
  kStatus = 16,
  kUnknownPseudo = 32
};

unsigned pseudo_of(std::string_view name) {
  switch (name.size()) {
    case 5:
      return name == ":path" ? kPath : kUnknownPseudo;
    case 7:
      if (name == ":method") return kMethod;
      if (name == ":scheme") return kScheme;
      return name == ":status" ? kStatus : kUnknownPseudo;
    case 10:
      return name == ":authority" ? kAuthority : kUnknownPseudo;
    default:
      return kUnknownPseudo;
  }
}

// Section 8.2.2: fields of HTTP/1.1's connections.
bool forbidden(const HpackField& field) {
  switch (field.name.size()) {
    case 2:
      return field.name == "te" && field.value != "trailers";
    case 7:
      return field.name == "upgrade";
    case 10:
      return field.name == "connection" || field.name == "keep-alive";
    case 16:
      return field.name == "proxy-connection";
    case 17:
      return field.name == "transfer-encoding";
    default:
      return false;
  }
}

// Follows a block's fields by the rules of section 8.3.
struct BlockCheck {
  bool request, trailers;
  unsigned seen = 0;
  bool regular = false;
  bool good = true;
  bool interim = false;
  bool no_content = false;  // By its status (RFC 9110 section 6.4.1).
  int64_t content_length = -1;

  void see(const HpackField& field, bool valid) {
    if (!valid || field.name.empty()) good = false;
    if (field.name.starts_with(':')) {
      unsigned pseudo = pseudo_of(field.name);
      if (regular || trailers || (seen & pseudo) || pseudo == kUnknownPseudo ||
          (pseudo == kStatus) == request)
        good = false;
      seen |= pseudo;
      if (pseudo == kStatus) {
        interim = field.value.size() == 3 && field.value[0] == '1';
        no_content = field.value == "204" || field.value == "304";
      }
      if (pseudo == kPath && field.value.empty()) good = false;
      return;
    }
    regular = true;
    if (forbidden(field)) good = false;
    if (field.name.size() == 14 && field.name == "content-length" && !trailers) {
      constexpr size_t kDigitsMax = 18;  // As in HTTP/1.1.
      uint64_t number = 0;               // Digits alone (RFC 9110 section 8.6): no sign.
      const char* const stop = field.value.data() + field.value.size();
      auto [end, error] = std::from_chars(field.value.data(), stop, number);
      const bool whole = error == std::errc() && end == stop && field.value.size() <= kDigitsMax;
      const auto value = static_cast<int64_t>(number);
      if (!whole || (content_length >= 0 && content_length != value)) good = false;
      content_length = whole ? value : -1;
    }
  }
  void finish() {
    if (trailers) return;
    unsigned needed = request ? kMethod | kScheme | kPath : static_cast<unsigned>(kStatus);
    // CONNECT has neither scheme nor path; nothing here serves it, and it is refused by its method.
    if ((seen & needed) != needed) good = false;
  }
};

}  // namespace

bool Http2Connection::decode_block(Http2Stream* stream, std::string_view block, EndStream end) {
  BlockCheck check{options_.role == Http2Options::Role::kServer, stream && stream->head_received_};
  Block kind = check.trailers ? Block::kTrailers : Block::kHead;
  size_t bytes = 0;
  decoder_.begin(block);
  HpackField field;
  for (;;) {
    HpackDecoder::Next next = decoder_.next(field);
    if (next == HpackDecoder::Next::kError)
      return fail(Http2Error::kCompressionError, "a malformed header block");
    if (next == HpackDecoder::Next::kEnd) break;
    // A small block can decompress to very much; the owner sees by `block_bytes` that it was cut.
    if (!stream || bytes > options_.header_bytes_max) continue;
    bytes += field.name.size() + field.value.size() + 32;
    check.see(field, decoder_.valid());
    stream->events_->on_header(*stream, kind, field.name, field.value);
  }
  if (!stream) return true;
  stream->block_bytes_ = static_cast<uint32_t>(bytes);
  check.finish();
  int32_t id = stream->id_;
  bool ends = end == EndStream::kYes;
  if (check.trailers && !ends) check.good = false;
  if (check.interim && ends) check.good = false;
  if (check.content_length > 0 && ends && !check.trailers && check.request) check.good = false;
  if (check.trailers && stream->content_left_ > 0) check.good = false;
  if (!check.good) {
    if (options_.abuses) {
      ++options_.abuses->streams_malformed;
      tell(Refusal::Of::kRequest, "malformed");
    }
    close_stream(*stream, Http2Error::kProtocolError);
    return reset_faulty(id, Http2Error::kProtocolError);
  }
  if (!check.trailers && !check.interim) {
    stream->head_received_ = true;
    // RFC 9113 section 8.1.1: what such an answer says is of another's content.
    const bool none = check.no_content || stream->no_content_;
    stream->content_left_ = none ? 0 : check.content_length;
  }
  stream->remote_ended_ = ends;
  stream->events_->on_headers_end(*stream, kind, end);
  // It may be closed by now, or another's.
  if (Http2Stream* open = ends ? streams_.find(id) : nullptr) remote_end(*open);
  return true;
}

bool Http2Connection::on_rst_stream(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4)
    return fail(Http2Error::kFrameSizeError, "RST_STREAM that is not 4 bytes");
  if (head.id == 0 || is_idle(head.id))
    return fail(Http2Error::kProtocolError, "RST_STREAM on an idle stream");
  const auto error = static_cast<Http2Error>(read_u32(payload.data()));
  Http2Stream* stream = streams_.find(head.id);
  if (stream) close_stream(*stream, error);
  if (!stream && our_resets_ > 0) {
    --our_resets_;
    return true;
  }
  // Of one that found no room as well, or handlers that have not ended yet would hide the rest of a
  // burst. NO_ERROR for one that has ended is what gRPC's callers say to an early answer.
  return (!stream && error == Http2Error::kNoError) || count_reset();
}

bool Http2Connection::count_reset() {
  return options_.role == Http2Options::Role::kClient ||
         peer_resets_.take(options_.limits.resets, read_at_) || fail(Http2Abuse::kRapidReset);
}

bool Http2Connection::count_our_reset() {
  ++our_resets_;
  return count_reset();
}

/// As one that the peer resets: otherwise its faults would be the way around that limit
/// (CVE-2025-8671).
bool Http2Connection::reset_faulty(int32_t id, Http2Error error) {
  reset_id(id, error);
  return count_our_reset();
}

bool Http2Connection::on_ping_frame(const FrameHead& head, std::string_view payload) {
  if (head.id != 0) return fail(Http2Error::kProtocolError, "PING on a stream");
  if (payload.size() != 8) return fail(Http2Error::kFrameSizeError, "PING that is not 8 bytes");
  if (head.flags & kFlagAck) {
    if (shutting_down_ && payload[7] == static_cast<char>(Ping::kShutDown))
      send_goaway(Goaway::kFinal);
    events_.on_ping_ack();
  } else if (!take_ping()) {
    return fail(Http2Abuse::kPing);
  } else {
    payload.copy(put_frame(FrameType::kPing, kFlagAck, 0, 8), 8);
  }
  return true;
}

bool Http2Connection::on_goaway_frame(const FrameHead& head, std::string_view payload) {
  if (head.id != 0) return fail(Http2Error::kProtocolError, "GOAWAY on a stream");
  if (payload.size() < 8) return fail(Http2Error::kFrameSizeError, "GOAWAY below 8 bytes");
  goaway_received_ = true;
  auto last = static_cast<int32_t>(read_u32(payload.data()) & 0x7fffffff);
  auto error = static_cast<Http2Error>(read_u32(payload.data() + 4));
  events_.on_goaway(error, payload.substr(8));
  if (options_.role == Http2Options::Role::kClient) {
    // Those were not processed, and may be sent again elsewhere (section 6.8).
    std::vector<Http2Stream*> left_out;
    streams_.each([&](Http2Stream& stream) {
      if (stream.id_ > last) left_out.push_back(&stream);
    });
    for (Http2Stream* stream : left_out) close_stream(*stream, Http2Error::kRefusedStream);
  }
  if (streams_.size() == 0) ending_ = true;
  return true;
}

bool Http2Connection::on_window_update(const FrameHead& head, std::string_view payload) {
  if (payload.size() != 4)
    return fail(Http2Error::kFrameSizeError, "WINDOW_UPDATE that is not 4 bytes");
  int64_t more = read_u32(payload.data()) & 0x7fffffff;
  if (head.id == 0) {
    if (more == 0) return fail(Http2Error::kProtocolError, "WINDOW_UPDATE of 0");
    if (send_window_ + more > kWindowMax)
      return fail(Http2Error::kFlowControlError, "the connection's window overflows");
    send_window_ += static_cast<int32_t>(more);
    return true;
  }
  if (is_idle(head.id)) return fail(Http2Error::kProtocolError, "WINDOW_UPDATE on an idle stream");
  Http2Stream* stream = streams_.find(head.id);
  if (!stream) return true;
  if (more == 0 || stream->send_window_ + more > kWindowMax) {
    Http2Error error = more == 0 ? Http2Error::kProtocolError : Http2Error::kFlowControlError;
    close_stream(*stream, error);
    return reset_faulty(head.id, error);
  }
  stream->send_window_ += static_cast<int32_t>(more);
  make_ready(*stream);
  return true;
}

}  // namespace bia::http
