#include <charconv>
#include <cstring>

#include "base/text.h"
#include "bia/base/assert.h"
#include "http/message/chars.h"
#include "http/message/field_lines.h"
#include "http/server/server_connection.h"

namespace bia::http {
namespace {

/// A body above this is sent from where it lies instead of being copied behind its head.
constexpr size_t kCopiedBytesMax = 32 * 1024;

bool unsafe_in_value(char c) { return c == '\r' || c == '\n' || c == '\0'; }

/// Writes at the end of a buffer that has room: one bounds check an answer instead of one a piece.
class HeadWriter {
 public:
  HeadWriter(Buffer& out, size_t bytes_max) : out_(out) {
    out_.reserve(bytes_max);
    at_ = out_.space().data();
  }
  ~HeadWriter() { out_.filled(static_cast<size_t>(at_ - out_.space().data())); }
  HeadWriter(const HeadWriter&) = delete;
  HeadWriter& operator=(const HeadWriter&) = delete;
  void text(std::string_view text) {
    // Not memcpy, which may not be given the null of an empty view.
    at_ += text.copy(at_, text.size());
  }
  void number(uint64_t value) { at_ = std::to_chars(at_, at_ + 20, value).ptr; }

 private:
  Buffer& out_;
  char* at_;
};

}  // namespace

void Http1Response::reset() {
  status_ = 200;
  close_ = false;
  head_sent_ = false;
  has_date_ = false;
  answered_ = false;
  framing_ = Framing::kLength;
  headers_.clear();
  if (!trailers_.empty()) trailers_.clear();
  taker_.reset();
  body_.clear();
}

bool Http1Response::upgrade(std::string_view protocol, Taker taker) {
  const RequestParser& parser = connection_.parser_;
  if (head_sent_ || answered_ || connection_.request_.has_body() || !parser.upgrade() ||
      parser.version_minor() == 0)
    return false;
  std::string joined;
  std::string_view asked = list_header(connection_.request_, "upgrade", joined);
  bool found = false;
  while (!asked.empty() && !found) found = field_name_equals(cut(asked, ','), protocol);
  if (!found) return false;
  status_ = 101;
  headers_.append("Connection: upgrade\r\nUpgrade: ").append(protocol).append("\r\n");
  taker_ = std::make_unique<Taker>(std::move(taker));
  return true;
}

void Http1Response::shrink(size_t bytes_max) {
  if (headers_.capacity() > bytes_max && headers_.capacity() > 15) std::string().swap(headers_);
  if (body_.capacity() > bytes_max && body_.capacity() > 15) std::string().swap(body_);
}

void Http1Response::add_header(std::string_view name, std::string_view value) {
  // The message's framing is ours: a handler's own word on it could only contradict what is sent.
  switch (name.size()) {
    case 4:
      has_date_ = has_date_ || equals_lower(name, "date");
      break;
    case 10:
      if (equals_lower(name, "connection")) {
        if (equals_lower(value, "close")) close_ = true;
        return;
      }
      break;
    case 14:
      if (equals_lower(name, "content-length")) return;
      break;
    case 17:
      if (equals_lower(name, "transfer-encoding")) return;
      break;
    default:
      break;
  }
  const size_t begin = headers_.size();
  headers_.resize(begin + name.size() + value.size() + 4);
  char* at = headers_.data() + begin;
  at += name.copy(at, name.size());
  std::memcpy(at, ": ", 2);
  at += 2;
  char* const end = at + value.copy(at, value.size());
  std::memcpy(end, "\r\n", 2);
  // All control characters are looked for, sixteen bytes at a time; these three would end the line
  // early.
  for (const char* stop = find_stop<0x1f>(at, end); stop < end;
       stop = find_stop<0x1f>(stop + 1, end)) {
    if (!unsafe_in_value(*stop)) continue;
#ifndef NDEBUG
    BIA_ASSERT(false && "CR, LF or NUL in a header's value");
#endif
    at[stop - at] = ' ';
  }
}

void Http1Response::set_header(std::string_view name, std::string_view value) {
  for (size_t at = 0; at < headers_.size();) {
    const size_t next = headers_.find("\r\n", at) + 2;
    const std::string_view line(headers_.data() + at, next - at);
    if (field_name_equals(line.substr(0, line.find(':')), name)) {
      headers_.erase(at, next - at);
    } else {
      at = next;
    }
  }
  add_header(name, value);
}

std::string_view Http1Response::header(std::string_view name) const {
  return find_line(headers_, name, "\r\n");
}

void Http1Response::add_trailer(std::string_view name, std::string_view value) {
  if (answered_ || !may_trail(name)) return;
  if (!head_sent_) add_header("Trailer", name);
  trailers_.append(name).append(": ");
  for (char c : value) trailers_ += unsafe_in_value(c) ? ' ' : c;
  trailers_ += "\r\n";
}

bool Http1Response::bodiless() const {
  return connection_.parser_.method() == Method::kHead || status_ == 204 || status_ == 304 ||
         status_ < 200;
}

void Http1Response::append_head(Framing framing, size_t body_bytes) {
  constexpr size_t kOwnLinesMax = 320;  // status line, Date, Connection, Content-Length
  HeadWriter head(connection_.out_, headers_.size() + kOwnLinesMax);
  if (status_ == 200) {
    head.text("HTTP/1.1 200 OK\r\n");
  } else {
    head.text("HTTP/1.1 ");
    head.number(static_cast<uint64_t>(status_));
    head.text(" ");
    head.text(reason_phrase(status_));
    head.text("\r\n");
  }
  head.text(headers_);
  if (!has_date_) {
    head.text("Date: ");
    head.text(connection_.thread_.date.text());
    head.text("\r\n");
  }
  if (status_ == 101) {
    // It has its own word on the connection.
  } else if (close_) {
    head.text("Connection: close\r\n");
  } else if (connection_.parser_.version_minor() == 0) {
    head.text("Connection: keep-alive\r\n");
  }
  if (framing == Framing::kChunked) {
    head.text("Transfer-Encoding: chunked\r\n");
  } else if (framing == Framing::kLength && status_ >= 200 && status_ != 204 &&
             !(status_ == 304 && body_bytes == 0)) {
    head.text("Content-Length: ");
    head.number(body_bytes);
    head.text("\r\n");
  }
  head.text("\r\n");
  head_sent_ = true;
}

bool Http1Response::answer_now(int status, std::string_view content_type, std::string_view body) {
  // `out_` is not to be changed while a fiber writes it.
  if (head_sent_ || connection_.flushing_) return false;
  headers_.clear();
  has_date_ = false;
  close_ = true;
  status_ = status;
  add_header("Content-Type", content_type);
  append_head(Framing::kLength, body.size());
  if (!bodiless()) connection_.out_.append(body);
  answered_ = true;
  connection_.run_deferred();
  return true;
}

Result<void> Http1Response::finish() {
  if (answered_) return {};
  if (status_ < 100 || status_ > 999) status_ = 500;
  // Only a chunked body has a place for them.
  if (!trailers_.empty() && !head_sent_ && !bodiless()) BIA_TRY(write({}));
  if (head_sent_) {
    if (framing_ != Framing::kChunked) return {};
    connection_.out_.append("0\r\n");
    connection_.out_.append(trailers_);
    connection_.out_.append("\r\n");
    return {};
  }
  append_head(Framing::kLength, body_.size());
  if (bodiless()) return {};
  if (body_.size() <= kCopiedBytesMax) {
    connection_.out_.append(body_);
    return {};
  }
  const iovec parts[] = {{connection_.out_.data(), connection_.out_.size()},
                         {body_.data(), body_.size()}};
  return connection_.write_all(parts);
}

Result<void> Http1Response::write(std::string_view chunk) {
  if (answered_) {
    return Error(Code::kDeadlineExceeded, "ANSWERED", "the caller was answered already");
  }
  if (!head_sent_) {
    if (status_ < 100 || status_ > 999) status_ = 500;
    const bool old = connection_.parser_.version_minor() == 0;
    framing_ = old ? Framing::kUntilClose : Framing::kChunked;
    // Decided now, as the head says it: a request body that is left unread costs the connection.
    if (old || !connection_.keeps_alive()) close_ = true;
    const bool head_only = connection_.parser_.method() == Method::kHead && status_ >= 200 &&
                           status_ != 204 && status_ != 304;
    append_head(bodiless() && !head_only ? Framing::kLength : framing_, 0);
    if (bodiless()) framing_ = Framing::kLength;
    if (!bodiless() && !body_.empty()) BIA_TRY(write_chunk(body_));
    body_.clear();
  }
  if (bodiless() || chunk.empty()) return connection_.flush();
  return write_chunk(chunk);
}

Result<void> Http1Response::write_chunk(std::string_view chunk) {
  Buffer& out = connection_.out_;
  const bool chunked = framing_ == Framing::kChunked;
  if (chunked) {
    char head[kChunkHeadBytesMax];
    out.append({head, format_chunk_head(chunk.size(), head)});
  }
  if (chunk.size() <= kCopiedBytesMax) {
    out.append(chunk);
    if (chunked) out.append("\r\n");
    return connection_.flush();
  }
  iovec parts[] = {{out.data(), out.size()},
                   {const_cast<char*>(chunk.data()), chunk.size()},
                   {const_cast<char*>("\r\n"), 2}};
  return connection_.write_all(std::span<const iovec>(parts, chunked ? 3 : 2));
}

}  // namespace bia::http
