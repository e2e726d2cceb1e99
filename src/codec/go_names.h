#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace google::protobuf {
class Descriptor;
}

namespace bia::codec {

/// A .proto's name as protoc-gen-go writes it: "user_id" is "UserId", "_x" is "XX".
std::string go_name(std::string_view name);
/// The Go type of a message: "Outer_Inner".
std::string go_type_name(const google::protobuf::Descriptor* type);

/// The names of a Go struct's fields, by the index of the .proto's field and oneof.
struct GoNames {
  std::vector<std::string> fields;
  std::vector<std::string> oneofs;
  /// The index of a field by its Go name, the .proto's and JSON's, and ~index of a oneof.
  std::unordered_map<std::string_view, int> by_name;
  /// The same with Go names in lower case, as yaml.v3 has them.
  std::unordered_map<std::string, int> by_lower_name;
};
/// Kept by the thread; for messages of compiled .proto files, whose descriptors stay.
const GoNames& go_names(const google::protobuf::Descriptor* type);

}  // namespace bia::codec
