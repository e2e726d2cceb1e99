#include <expat.h>
#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <limits>
#include <memory>
#include <vector>

#include "codec/field_text.h"
#include "codec/go_names.h"
#include "codec/xml.h"

namespace bia::codec {
namespace {
namespace pb = google::protobuf;
using Field = pb::FieldDescriptor;

/// An element that is open.
struct Open {
  enum class Kind : uint8_t { kMessage, kOneof, kScalar, kUnknown };
  Kind kind = Kind::kUnknown;
  /// kMessage: what its elements are fields of; kOneof and kScalar: the one that has the field.
  pb::Message* message = nullptr;
  const Field* field = nullptr;
  const pb::OneofDescriptor* oneof = nullptr;
  std::string text;
};

/// Expat's events into a message.
class XmlReader {
 public:
  explicit XmlReader(pb::Message& message)
      : root_(message), parser_(XML_ParserCreate(nullptr), XML_ParserFree) {}

  Result<void> read(std::string_view text) {
    if (parser_ == nullptr) return bad("no memory to read XML");
    if (text.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
      return bad("the document is above 2 GiB");
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), on_start, on_end);
    XML_SetCharacterDataHandler(parser_.get(), on_text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
    const auto status =
        XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
    if (!wrong_.empty()) return bad(wrong_);
    if (status == XML_STATUS_OK) return {};
    return bad(fmt::format("XML syntax error on line {}: {}",
                           XML_GetCurrentLineNumber(parser_.get()),
                           XML_ErrorString(XML_GetErrorCode(parser_.get()))));
  }

 private:
  static Error bad(std::string what) {
    return Error(Code::kInvalidArgument, "CODEC", std::move(what));
  }
  static XmlReader& self(void* data) { return *static_cast<XmlReader*>(data); }
  static void on_start(void* data, const XML_Char* name, const XML_Char**) noexcept {
    self(data).start(name);
  }
  static void on_end(void* data, const XML_Char*) noexcept { self(data).end(); }
  static void on_text(void* data, const XML_Char* text, int size) noexcept {
    auto& open = self(data).open_;
    if (!open.empty() && open.back().kind == Open::Kind::kScalar)
      open.back().text.append(text, static_cast<size_t>(size));
  }
  static void on_doctype(void* data, const XML_Char*, const XML_Char*, const XML_Char*,
                         int) noexcept {
    self(data).fail(
        "a document type declaration is not taken; send the document without <!DOCTYPE>");
  }

  void fail(std::string_view what) {
    if (!wrong_.empty()) return;
    wrong_ = fmt::format("XML on line {}: {}", XML_GetCurrentLineNumber(parser_.get()), what);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void start(std::string_view name) {
    if (open_.size() >= static_cast<size_t>(kXmlDepthMax))
      return fail(fmt::format("nests deeper than {}", kXmlDepthMax));
    name.remove_prefix(name.find(':') + 1);
    Open next;
    if (open_.empty()) {
      next.kind = Open::Kind::kMessage;
      next.message = &root_;
    } else if (open_.back().message && open_.back().kind != Open::Kind::kScalar) {
      next = child(open_.back(), name);
    }
    open_.push_back(std::move(next));
  }

  void end() {
    // Expat still tells of an end after it was stopped.
    if (open_.empty() || !wrong_.empty()) return;
    Open& open = open_.back();
    if (open.kind == Open::Kind::kScalar) {
      std::string wrong = put_text(*open.message, open.field, std::move(open.text));
      if (!wrong.empty())
        return fail(fmt::format("parsing field \"{}\": {}", open.field->name(), wrong));
    }
    open_.pop_back();
  }

  static Open child(const Open& parent, std::string_view name) {
    const pb::Descriptor* type = parent.message->GetDescriptor();
    const auto& by_name = go_names(type).by_name;
    const auto found = by_name.find(name);
    if (found == by_name.end()) return {};
    if (found->second < 0) {
      if (parent.oneof) return {};
      return Open{
          Open::Kind::kOneof, parent.message, nullptr, type->oneof_decl(~found->second), {}};
    }
    const Field* field = type->field(found->second);
    if (parent.oneof && field->containing_oneof() != parent.oneof) return {};
    return open_field(*parent.message, field);
  }

  static Open open_field(pb::Message& message, const Field* field) {
    if (field->cpp_type() != Field::CPPTYPE_MESSAGE)
      return Open{Open::Kind::kScalar, &message, field, nullptr, {}};
    const pb::Reflection* reflection = message.GetReflection();
    pb::Message* value = field->is_repeated() ? reflection->AddMessage(&message, field)
                                              : reflection->MutableMessage(&message, field);
    return Open{Open::Kind::kMessage, value, nullptr, nullptr, {}};
  }

  pb::Message& root_;
  std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser_;
  std::vector<Open> open_;
  std::string wrong_;
};

}  // namespace

Result<void> decode_xml(std::string_view text, pb::Message& message) {
  return XmlReader(message).read(text);
}

}  // namespace bia::codec
