#include "bia/service/openapi_served.h"

#include <fmt/format.h>

#include <algorithm>

#include "bia/codec/json_reader.h"
#include "bia/content/operation_codecs.h"
#include "bia/service/http_envelope.h"
#include "bia/service/openapi_document.h"

namespace bia {
namespace {

/// Where a reply's own schema belongs in an envelope's; no JSON has a newline outside of texts.
constexpr std::string_view kReplyMark = "\n";

/// A `$` in a template begins a place, so a text of the filled template that begins with one is a
/// place.
std::string text_schema(std::string_view text) {
  if (text == "$reply") return std::string(kReplyMark);
  if (text == "$code") return R"({"type":"integer","format":"int32"})";
  if (text == "$reason" || text == "$message") return R"({"type":"string"})";
  if (text == "$metadata") return R"({"type":"object","additionalProperties":{"type":"string"}})";
  return R"({"const":)" + openapi_string(text) + '}';
}

/// As deep as the reader reads.
std::string value_schema(codec::JsonReader& in) {
  using Kind = codec::JsonReader::Kind;
  std::string_view text;
  if (in.peek() == Kind::kObject) {
    std::string properties;
    std::string required;
    in.enter_object();
    while (in.next_field(text)) {
      const std::string name = openapi_string(text);
      const std::string_view comma = properties.empty() ? "" : ",";
      required.append(comma).append(name);
      properties.append(comma).append(name).append(":").append(value_schema(in));
    }
    return fmt::format(R"({{"type":"object","required":[{}],"properties":{{{}}}}})", required,
                       properties);
  }
  if (in.peek() == Kind::kArray) {
    std::string items;
    in.enter_array();
    while (in.next_element()) items.append(items.empty() ? "" : ",").append(value_schema(in));
    return items.empty() ? R"({"type":"array","maxItems":0})"
                         : fmt::format(R"({{"type":"array","prefixItems":[{}]}})", items);
  }
  if (in.peek() == Kind::kString) {
    in.take_string(text);
    return text_schema(text);
  }
  in.take_raw(text);
  return fmt::format(R"({{"const":{}}})", text);
}

std::string_view name_of(JsonTemplate::Place place) {
  switch (place) {
    case JsonTemplate::Place::kNone:
      return "";
    case JsonTemplate::Place::kReply:
      return R"("$reply")";
    case JsonTemplate::Place::kCode:
      return R"("$code")";
    case JsonTemplate::Place::kReason:
      return R"("$reason")";
    case JsonTemplate::Place::kMessage:
      return R"("$message")";
    case JsonTemplate::Place::kMetadata:
      return R"("$metadata")";
  }
  return "";
}

/// With kReplyMark in place of the reply.
Result<std::string> envelope_schema(std::string_view text) {
  std::string filled;
  const JsonTemplate parsed = BIA_TRY(JsonTemplate::parse(text));
  for (const JsonTemplate::Piece& piece : parsed.pieces()) {
    filled += piece.text;
    filled += name_of(piece.place);
  }
  codec::JsonReader in(filled);
  std::string schema = value_schema(in);
  BIA_TRY(in.finish());
  return schema;
}

std::pair<std::string, std::string> around_reply(const std::string& schema) {
  // No envelope has two replies, or none: JsonTemplate refuses them.
  const size_t at = schema.find(kReplyMark);
  return {schema.substr(0, at), schema.substr(at + kReplyMark.size())};
}

/// What an operation's codecs make of it.
void limit_types(const std::vector<std::string>& codecs, bool error_envelope,
                 OpenApiServed& served) {
  served.body_types.clear();
  served.reply_types.clear();
  if (!error_envelope) served.error_types.clear();
  const auto add = [](OpenApiServed::Types& types, const std::string& type) {
    if (std::find(types.begin(), types.end(), type) == types.end()) types.push_back(type);
  };
  for (const std::string& name : codecs) {
    const std::string type = media_type_of_codec(name);
    const Format format = format_of(type);
    add(served.body_types, type);
    if (format == Format::kMultipart) continue;
    add(served.reply_types, type);
    // Those that no error has are JSON then.
    const bool has_errors =
        format == Format::kProto || format == Format::kYaml || format == Format::kForm;
    if (!error_envelope)
      add(served.error_types, has_errors ? type : std::string(media_type_of(Format::kJson)));
  }
}

}  // namespace

Result<std::string> openapi_of_served(const std::vector<const ServiceInfo*>& services,
                                      const ServerBindingOptions& options, std::string_view title,
                                      std::string_view version) {
  OpenApiDocument document;
  OpenApiServed usual;
  usual.path_prefix = options.path_prefix;
  const HttpEnvelope& envelope = options.envelope;
  if (!envelope.reply.empty())
    usual.envelope = around_reply(BIA_TRY(envelope_schema(envelope.reply)));
  if (!envelope.error.empty()) {
    std::string schema = BIA_TRY(envelope_schema(envelope.error));
    for (size_t at = 0; (at = schema.find(kReplyMark, at)) != schema.npos;)
      schema.replace(at, kReplyMark.size(), R"({"type":"null"})");
    document.set_error(std::move(schema));
    if (envelope.error_status != 0) usual.error_status = std::to_string(envelope.error_status);
  }
  for (const ServiceInfo* service : services) {
    for (const OpenApiOperation& one : service->openapi) {
      OpenApiServed served = usual;
      const auto own = options.operations.find(one.operation);
      const HttpJsonOptions& json =
          own != options.operations.end() && own->second.json ? *own->second.json : options.json;
      served.omit_unset = json.omit_unset;
      served.proto_names = json.proto_names;
      served.enum_numbers = json.enum_numbers;
      if (own != options.operations.end() && !own->second.codecs.empty())
        limit_types(own->second.codecs, !envelope.error.empty(), served);
      document.add_operation(one, served);
    }
    for (const OpenApiSchema& one : service->schemas) document.add_schema(one);
  }
  return document.text(title, version);
}

}  // namespace bia
