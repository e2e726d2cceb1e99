#include "zelus/run/go_json.h"

#include <rapidjson/document.h>
#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include "zelus/options/json.h"

namespace zelus::run {

using bia::Result;

Result<std::string> go_indented(const std::string& json) {
  rapidjson::Document document;
  BIA_TRY(options::parse_json(json, document));
  rapidjson::StringBuffer buffer;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer(buffer);
  writer.SetIndent(' ', 2);
  document.Accept(writer);
  std::string text;
  for (const char* c = buffer.GetString(); *c; ++c) {
    switch (*c) {
      case '<':
        text += "\\u003c";
        break;
      case '>':
        text += "\\u003e";
        break;
      case '&':
        text += "\\u0026";
        break;
      default:
        text += *c;
    }
  }
  return text;
}

}  // namespace zelus::run
