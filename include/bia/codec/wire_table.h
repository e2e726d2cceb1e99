#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "bia/base/result.h"
#include "bia/codec/json_events.h"

namespace google::protobuf {
class Descriptor;
}

namespace bia::codec {

/// Names of fields in printed JSON: "fooBar" or "foo_bar".
enum class FieldNames : uint8_t { kJson, kProto };
/// Fields without presence that hold their default, and absent messages (as null): protojson's
/// EmitUnpopulated, or left out. kEmitDefaults leaves out the nulls (protojson's
/// EmitDefaultValues).
enum class Unpopulated : uint8_t { kEmit, kEmitDefaults, kOmit };
enum class UnknownFields : uint8_t { kRefuse, kDiscard };

struct WireToJsonOptions {
  FieldNames names = FieldNames::kJson;
  Unpopulated unpopulated = Unpopulated::kEmit;
};

/// Converts between protobuf's JSON mapping and wire bytes for a message type that is known at run
/// time only, with no message object in between. Made once from descriptors; immutable, so threads
/// may share it. Needs the descriptors' pool only while it is made, and for Any.
class WireTable {
 public:
  /// Errors: kUnimplemented naming a field whose kind is not supported (proto2 groups).
  static Result<std::shared_ptr<const WireTable>> create(const google::protobuf::Descriptor* type);
  ~WireTable();

  /// Appends the wire bytes of `json`. Errors: kInvalidArgument with Go protojson's text, without
  /// its "proto: ":
  /// `(line 1:2): unknown field "x"`, `syntax error (line 1:2): invalid value bad`.
  Result<void> json_to_wire(std::string_view json, std::string& wire,
                            UnknownFields unknown = UnknownFields::kRefuse) const;
  /// The same from any source; where the source failed the error is kInvalidArgument without a
  /// text: the source has it.
  Result<void> encode(JsonSource& source, std::string& wire,
                      UnknownFields unknown = UnknownFields::kRefuse) const;

  /// Appends JSON without spaces. Errors: kInvalidArgument for bytes that are not this message.
  Result<void> wire_to_json(std::string_view wire, std::string& json,
                            const WireToJsonOptions& options = {}) const;
  Result<void> decode(std::string_view wire, JsonSink& sink,
                      const WireToJsonOptions& options = {}) const;

  std::string_view full_name() const;

  struct Impl;

 private:
  explicit WireTable(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace bia::codec
