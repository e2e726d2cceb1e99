// What a call sends: its head, messages, status.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "grpc/fields.h"
#include "grpc/gzip.h"
#include "grpc/server_call.h"
#include "grpc/server_connection.h"

namespace bia::grpc {

using EndStream = http::Http2Events::EndStream;
using Body = http::Http2Events::Body;

void Call::refuse(Code code, std::string message, int http_status) {
  refused_ = true;
  in_.clear();
  if (finished_ || running_) return;
  finished_ = true;
  connection_.counters().calls_failed.add();
  http_status_ = http_status;
  code_ = code;
  message_ = std::move(message);
  send_trailers_only();
}

// As grpc-go: who compresses gets compressed answers, where that makes them smaller.
void Call::pack_reply() {
  std::string packed;
  gzip(out_.text(), packed);
  if (packed.size() >= out_.waiting()) return;
  out_.text().swap(packed);
  reply_packed_ = true;
}

namespace {

// Status fields, whose texts must outlive the submission.
struct StatusText {
  char code[4];
  std::string message, details;
};

void add_status(FieldList& list, StatusText& text, Code code, const std::string& message,
                const std::string& details, const Metadata& trailing) {
  if (code == Code::kOk) {
    list.add(kept_field("grpc-status", "0"));
  } else {
    char* end = std::to_chars(text.code, text.code + sizeof text.code, static_cast<int>(code)).ptr;
    list.add({"grpc-status", {text.code, static_cast<size_t>(end - text.code)}});
    text.message = percent_encode(message);
    list.add({"grpc-message", text.message});
    if (!details.empty()) {
      text.details = base64_encode(details);
      list.add({"grpc-status-details-bin", text.details});
    }
  }
  list.add_all(trailing);
}

}  // namespace

/// What the peer would not take of a status: its code at least arrives.
void Call::fit_status() {
  constexpr size_t kFieldBytes = 32;  // Of each, beside its texts (RFC 9113 section 6.5.2).
  constexpr size_t kRestBytes = 512;  // Names, code, what says that something is missing.
  const size_t most = connection_.http2().peer_header_bytes_max();
  const size_t details = details_.size() * 4 / 3;
  const size_t message = message_.size() * 3;          // Percent-encoded, at worst.
  if (details + message + kRestBytes <= most) return;  // Nearly always, at no price.
  size_t others = kRestBytes;
  for (const auto& [key, value] : trailing_) others += key.size() + value.size() + kFieldBytes;
  if (percent_encode(message_).size() + details + others <= most) return;
  details_.clear();
  const size_t left = most > others ? (most - others) / 3 : 0;
  if (message_.size() > left && percent_encode(message_).size() + others > most)
    message_.resize(left);
  message_ += fmt::format(" (cut: the caller takes {} bytes of metadata)", most);
}

void Call::refuse_http(Code code, std::string message, int http_status) {
  no_grpc_ = true;
  http_status_ = http_status;
  code_ = code;
  message_ = std::move(message);
  connection_.await_message();
}

void Call::send_http_refusal() {
  no_grpc_ = false;
  refused_ = finished_ = head_sent_ = true;
  connection_.counters().calls_failed.add();
  out_.text() = message_ + "\n";
  ends_as_http_ = true;
  FieldList list;
  const std::string status = std::to_string(http_status_);
  list.add({":status", status, 8});
  list.add({"content-type", "text/plain; charset=utf-8", 31});
  StatusText text;
  add_status(list, text, code_, message_, details_, trailing_);
  connection_.http2().send_headers(*this, list.fields(), EndStream::kNo);
  connection_.http2().start_body(*this);
}

void Call::send_head() {
  head_sent_ = true;
  FieldList list;
  list.add(status_200());
  list.add(is_json_ ? content_type_grpc_json() : content_type_grpc());
  if (gzip_) list.add(kept_field("grpc-encoding", "gzip"));
  list.add_all(initial_);
  connection_.http2().send_headers(*this, list.fields(), EndStream::kNo);
  connection_.http2().start_body(*this);
}

void Call::send_trailers_only() {
  fit_status();
  head_sent_ = true;
  FieldList list;
  StatusText status;
  std::string http_status = std::to_string(http_status_);
  list.add(http_status_ == 200 ? status_200() : http::Http2Field{":status", http_status, 8});
  list.add(is_json_ ? content_type_grpc_json() : content_type_grpc());
  if (code_ == Code::kUnimplemented && encoding_.size)
    list.add({"grpc-accept-encoding", "identity,gzip"});
  add_status(list, status, code_, message_, details_, trailing_);
  connection_.http2().send_headers(*this, list.fields(), EndStream::kYes);
}

void Call::send_trailers() {
  if (code_ != Code::kOk) fit_status();
  FieldList list;
  StatusText status;
  add_status(list, status, code_, message_, details_, trailing_);
  connection_.http2().send_headers(*this, list.fields(), EndStream::kYes);
}

http::Http2Events::BodyPart Call::read_body(std::span<char> into) {
  size_t copied = 0;
  const size_t prefix = method_ && method_->unary && code_ == Code::kOk ? kPrefixBytes : 0;
  if (prefix_sent_ < prefix) {
    char bytes[kPrefixBytes];
    write_prefix(bytes, out_.waiting());
    bytes[0] = reply_packed_;
    copied = std::min(into.size(), prefix - prefix_sent_);
    std::memcpy(into.data(), bytes + prefix_sent_, copied);
    prefix_sent_ += copied;
  }
  if (prefix_sent_ >= prefix) copied += out_.take(into.subspan(copied));
  const bool all = prefix_sent_ >= prefix && out_.waiting() == 0;
  if (all && finished_) return {copied, ends_as_http_ ? Body::kEnd : Body::kTrailers};
  if (prefix == 0) {
    out_.drop_taken();
    if (!out_.full()) writers_.wake_all();
  }
  return {copied, all ? Body::kPaused : Body::kMore};
}

}  // namespace bia::grpc
