#pragma once
#include <google/protobuf/descriptor.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "bia/codec/wire_table.h"
#include "codec/wire_format.h"

namespace bia::codec {

using FieldType = google::protobuf::FieldDescriptor::Type;
using WellKnown = google::protobuf::Descriptor::WellKnownType;

struct EnumTable {
  std::string full_name;
  bool is_null_value = false;
  bool is_closed = false;
  /// Both sorted; of aliases the first declared names the number.
  std::vector<std::pair<std::string, int32_t>> by_name;
  std::vector<std::pair<int32_t, std::string>> by_number;
  const int32_t* find(std::string_view name) const;
  const std::string* find(int32_t number) const;
};

struct MessageTable;

struct FieldTable {
  uint32_t number = 0;
  int index = 0;
  FieldType type = {};
  WireType wire_type = {};
  bool is_repeated = false;
  bool is_packed = false;
  bool is_map = false;
  bool is_required = false;
  /// Absent is not the same as default.
  bool has_presence = false;
  /// Of any oneof, `optional`'s too: absent, it is not printed at all.
  bool in_oneof = false;
  int real_oneof = -1;
  std::string json_name;
  std::string proto_name;
  std::string_view kind;  ///< "int32", as Go's messages call it
  const MessageTable* message = nullptr;
  const EnumTable* enumeration = nullptr;
  bool is_value() const;
};

struct MessageTable {
  std::string full_name;
  WellKnown well_known = google::protobuf::Descriptor::WELLKNOWNTYPE_UNSPECIFIED;
  std::vector<FieldTable> fields;                    ///< in the order of their declaration
  std::vector<std::pair<std::string, int>> by_name;  ///< sorted; both spellings
  std::vector<std::pair<uint32_t, int>> by_number;   ///< sorted
  std::vector<std::string> oneofs;
  bool has_required = false;
  const FieldTable* find(std::string_view name) const;
  const FieldTable* find(uint32_t number) const;
};

struct WireTable::Impl {
  std::vector<std::unique_ptr<MessageTable>> messages;
  std::vector<std::unique_ptr<EnumTable>> enums;
  const MessageTable* root = nullptr;
};

inline bool FieldTable::is_value() const {
  if (enumeration) return enumeration->is_null_value;
  return message && message->well_known == google::protobuf::Descriptor::WELLKNOWNTYPE_VALUE;
}

/// False where `in` failed.
bool encode_message(const MessageTable& table, JsonSource& in, std::string& wire,
                    UnknownFields unknown, int depth);
Result<void> decode_message(const MessageTable& table, std::string_view wire, JsonSink& sink,
                            const WireToJsonOptions& options);

/// Nesting above which a message is refused, both ways.
inline constexpr int kWireDepthMax = 100;

}  // namespace bia::codec
