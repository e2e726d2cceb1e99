#include "bia/client/client_content.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include <climits>

#include "bia/codec/form.h"
#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/content/media_type.h"
#include "bia/content/yaml_body.h"
#include "bia/content/yaml_message.h"
#include "codec/xml.h"

namespace bia {
namespace {
namespace pb = google::protobuf;

Error bad_request(std::string message) {
  return Error(Code::kInvalidArgument, "CODEC", std::move(message));
}

Result<void> write_json(const HttpCallBody& body, std::string& out) {
  codec::JsonWriter writer(out);
  body.write_json(writer, *body.request);
  if (writer.failed()) return bad_request("the request has no JSON: " + writer.failure());
  return {};
}

Result<void> encode_builtin(const HttpCallBody& body, Format format, std::string& out) {
  if (format == Format::kJson) return write_json(body, out);
  if (format == Format::kYaml && body.message == nullptr) {
    std::string json;
    BIA_TRY(write_json(body, json));
    json_to_yaml(json, out);
    return {};
  }
  if (body.message == nullptr)
    return bad_request(
        "the body of this call is a field that is no message; send it as application/json");
  switch (format) {
    case Format::kProto:
      if (body.message->AppendToString(&out)) return {};
      return bad_request("the request is above 2 GiB");
    case Format::kXml:
      return codec::encode_xml(*body.message, out);
    case Format::kYaml:
      return encode_yaml(*body.message, out);
    default:
      out += BIA_TRY(codec::encode_form(*body.message));
      return {};
  }
}

Result<void> read_json(std::string_view json, const HttpReplyParts& parts, pb::Message& reply) {
  codec::JsonReader in(json);
  parts.read_json(in, reply);
  return in.finish();
}

/// Of a reply whose type is not JSON.
Result<void> decode_builtin(std::string_view bytes, Format format, const HttpReplyParts& parts,
                            pb::Message& reply) {
  const bool known = format == Format::kProto || format == Format::kXml ||
                     format == Format::kForm || format == Format::kYaml;
  pb::Message* message = known ? parts.message(reply) : nullptr;
  if (message == nullptr) {
    std::string json;
    if (format == Format::kYaml) BIA_TRY(yaml_to_json(bytes, json));
    return read_json(format == Format::kYaml ? std::string_view(json) : bytes, parts, reply);
  }
  if (format == Format::kYaml) return decode_yaml(bytes, *message);
  if (format == Format::kXml) return codec::decode_xml(bytes, *message);
  if (format == Format::kForm) return codec::decode_form(bytes, *message);
  if (bytes.size() <= INT_MAX &&
      message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return {};
  return bad_request("the bytes are no " + message->GetTypeName());
}

}  // namespace

Result<void> check_content_type(std::string_view content_type, const CodecList& codecs) {
  const Format format = format_of(content_type);
  if (find_codec(codecs, content_type) ||
      (format != Format::kUnknown && format != Format::kMultipart))
    return {};
  return Error(Code::kInvalidArgument, "CONTENT_TYPE",
               fmt::format("no codec for \"{}\"; there are application/json, proto, xml, yaml and "
                           "x-www-form-urlencoded, and those given as codecs",
                           content_type));
}

Result<void> encode_body(const HttpCallBody& body, std::string_view content_type,
                         const CodecList& codecs, std::string& out) {
  const Codec* codec = body.message ? find_codec(codecs, content_type) : nullptr;
  if (codec) return codec->encode(*body.message, out);
  BIA_TRY(check_content_type(content_type, {}));
  return encode_builtin(body, format_of(content_type), out);
}

std::string_view accept_for(std::string_view content_type, const CodecList& codecs) {
  const bool form = format_of(content_type) == Format::kForm && !find_codec(codecs, content_type);
  return form ? "application/json" : content_type;
}

Result<void> decode_reply(const http::ClientResponse& response, const HttpReplyParts& parts,
                          const CodecList& codecs, pb::Message& reply) {
  const std::string_view type = response.headers.get("content-type");
  const Codec* codec = find_codec(codecs, type);
  pb::Message* message = codec ? parts.message(reply) : nullptr;
  Result<void> read = message ? codec->decode(response.body, *message)
                      : type == "application/json"
                          ? read_json(response.body, parts, reply)
                          : decode_builtin(response.body, format_of(type), parts, reply);
  if (!read.ok())
    return Error(Code::kInternal, "CODEC", "the peer's answer: " + read.error().message());
  return {};
}

}  // namespace bia
