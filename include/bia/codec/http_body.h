#pragma once
// The JSON of google.api.HttpBody where it is an ordinary field. Not for hand-written code.
#include <google/api/httpbody.pb.h>

#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"
#include "bia/codec/well_known.h"

namespace bia::codec {

inline void bia_json_write(JsonWriter& out, const google::api::HttpBody& message) {
  out.begin_object();
  out.key("\"contentType\":");
  out.string(message.content_type());
  out.key("\"data\":");
  out.bytes(message.data());
  out.key("\"extensions\":");
  out.begin_array();
  for (const auto& extension : message.extensions()) {
    out.element();
    bia_json_write(out, extension);
  }
  out.end_array();
  out.end_object();
}

inline bool bia_json_read(JsonReader& in, google::api::HttpBody& message) {
  if (!in.enter_object()) return false;
  std::string_view name;
  while (in.next_field(name)) {
    const bool type = name == "contentType" || name == "content_type";
    const bool data = name == "data";
    const bool extensions = name == "extensions";
    if (in.take_if_null()) continue;
    if (type) {
      in.take(*message.mutable_content_type());
    } else if (data) {
      in.take_bytes(*message.mutable_data());
    } else if (extensions && in.enter_array()) {
      while (in.next_element()) {
        if (!bia_json_read(in, *message.add_extensions())) return false;
      }
    } else if (!in.failed()) {
      in.skip();
    }
  }
  return !in.failed();
}

}  // namespace bia::codec
