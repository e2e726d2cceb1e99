#pragma once
#include "bia/codec/json_reader.h"
#include "bia/codec/json_writer.h"

namespace google::protobuf {
class Any;
class BoolValue;
class BytesValue;
class DoubleValue;
class Duration;
class Empty;
class FieldMask;
class FloatValue;
class Int32Value;
class Int64Value;
class ListValue;
class StringValue;
class Struct;
class Timestamp;
class UInt32Value;
class UInt64Value;
class Value;
}  // namespace google::protobuf

namespace bia::codec {

// The JSON of google/protobuf's own messages, found by the generated code through its first
// argument as the functions of any other message are. A reader returns false where it failed. Any's
// type must be compiled into the program.
#define BIA_CODEC_WELL_KNOWN(type)                                             \
  void bia_json_write(JsonWriter& out, const google::protobuf::type& message); \
  bool bia_json_read(JsonReader& in, google::protobuf::type& message);
BIA_CODEC_WELL_KNOWN(Any)
BIA_CODEC_WELL_KNOWN(BoolValue)
BIA_CODEC_WELL_KNOWN(BytesValue)
BIA_CODEC_WELL_KNOWN(DoubleValue)
BIA_CODEC_WELL_KNOWN(Duration)
BIA_CODEC_WELL_KNOWN(Empty)
BIA_CODEC_WELL_KNOWN(FieldMask)
BIA_CODEC_WELL_KNOWN(FloatValue)
BIA_CODEC_WELL_KNOWN(Int32Value)
BIA_CODEC_WELL_KNOWN(Int64Value)
BIA_CODEC_WELL_KNOWN(ListValue)
BIA_CODEC_WELL_KNOWN(StringValue)
BIA_CODEC_WELL_KNOWN(Struct)
BIA_CODEC_WELL_KNOWN(Timestamp)
BIA_CODEC_WELL_KNOWN(UInt32Value)
BIA_CODEC_WELL_KNOWN(UInt64Value)
BIA_CODEC_WELL_KNOWN(Value)
#undef BIA_CODEC_WELL_KNOWN

}  // namespace bia::codec
