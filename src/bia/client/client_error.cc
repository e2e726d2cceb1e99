// What an HTTP response outside 2xx means: Kratos' errors.Status in the body, in any of its codecs.
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <climits>
#include <utility>
#include <vector>

#include "bia/bia/client.h"
#include "bia/codec/json_reader.h"
#include "bia/content/media_type.h"
#include "bia/content/yaml_body.h"

namespace bia {
namespace {
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

struct Told {
  std::string reason;
  std::string message;
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// {"code":404,"reason":"…","message":"…","metadata":{}}. Go's errors.Error has that inside, which
/// YAML shows: status: {code: …}.
enum class Level { kOuter, kInner };
void read_object(codec::JsonReader& in, Level level, Told& told) {
  std::string_view name;
  if (!in.enter_object()) return;
  while (in.next_field(name)) {
    if (name == "reason") {
      in.take(told.reason);
    } else if (name == "message") {
      in.take(told.message);
    } else if (name == "metadata" && in.enter_object()) {
      while (in.next_field(name)) {
        auto& [key, value] = told.metadata.emplace_back(std::string(name), std::string());
        in.take(value);
      }
    } else if (name == "status" && level == Level::kOuter &&
               in.peek() == codec::JsonReader::Kind::kObject) {
      read_object(in, Level::kInner, told);
    } else {
      in.skip();
    }
  }
}

bool read_json(std::string_view json, Told& told) {
  codec::JsonReader in(json);
  read_object(in, Level::kOuter, told);
  return in.finish().ok();
}

/// The strings of a message by number; other fields are passed over.
template <typename F>
bool read_strings(std::string_view bytes, F take) {
  if (bytes.size() > INT_MAX) return false;
  CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  while (const uint32_t tag = in.ReadTag()) {
    std::string text;
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return false;
    } else if (!WireFormatLite::ReadBytes(&in, &text) ||
               !take(WireFormatLite::GetTagFieldNumber(tag), std::move(text))) {
      return false;
    }
  }
  return in.ConsumedEntireMessage();
}

/// errors.Status{int32 code = 1; string reason = 2; string message = 3; map<string, string>
/// metadata = 4}
bool read_proto(std::string_view bytes, Told& told) {
  return read_strings(bytes, [&](int number, std::string text) {
    // A reason goes on to logs and metrics, which are text.
    if (number == 2 && codec::is_utf8(text)) told.reason = std::move(text);
    if (number == 3) told.message = std::move(text);
    if (number != 4) return true;
    auto& [key, value] = told.metadata.emplace_back();
    return read_strings(text, [&](int part, std::string half) {
      (part == 1 ? key : value) = std::move(half);
      return true;
    });
  });
}

bool read(const http::ClientResponse& response, Told& told) {
  switch (format_of(response.headers.get("content-type"))) {
    case Format::kProto:
      return read_proto(response.body, told);
    case Format::kYaml: {
      std::string json;
      return yaml_to_json(response.body, json).ok() && read_json(json, told);
    }
    default:
      return read_json(response.body, told);
  }
}

}  // namespace

Error error_of(const http::ClientResponse& response) {
  Told told;
  if (!read(response, told)) {
    told = {};
    told.message = fmt::format("HTTP {} {}", response.status, response.reason);
  }
  Error error = Error::from_http(response.status, told.reason, std::move(told.message));
  for (auto& [key, value] : told.metadata)
    error = std::move(error).with_metadata(std::move(key), std::move(value));
  return error;
}

}  // namespace bia
