#include "json_code.h"

#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace bia::protoc {
namespace {
using Field = pb::FieldDescriptor;

bool is_null_value(const Field* field) {
  return field->cpp_type() == Field::CPPTYPE_ENUM &&
         field->enum_type()->full_name() == "google.protobuf.NullValue";
}

std::string key_of(const Field* field) { return quoted("\"" + field->json_name() + "\":"); }

void write_value(const Field* field, const std::string& value, Output& out) {
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return out.line("out.int32({});", value);
    case Field::CPPTYPE_UINT32:
      return out.line("out.uint32({});", value);
    case Field::CPPTYPE_INT64:
      return out.line("out.int64({});", value);
    case Field::CPPTYPE_UINT64:
      return out.line("out.uint64({});", value);
    case Field::CPPTYPE_DOUBLE:
    case Field::CPPTYPE_FLOAT:
      return out.line("out.real({});", value);
    case Field::CPPTYPE_BOOL:
      return out.line("out.boolean({});", value);
    case Field::CPPTYPE_STRING:
      return out.line("out.{}({});", field->type() == Field::TYPE_BYTES ? "bytes" : "string",
                      value);
    case Field::CPPTYPE_ENUM:
      if (is_null_value(field)) return out.put("out.null();");
      return out.line("::bia::codec::generated::write_enum(out, {}_Name({}), {});",
                      cpp_type(field->enum_type()), value, value);
    case Field::CPPTYPE_MESSAGE:
      return out.line("bia_json_write(out, {});", value);
  }
}

/// Reads one value into the variable or lvalue expression `value`.
void read_value(const Field* field, const std::string& value, Output& out) {
  if (field->cpp_type() == Field::CPPTYPE_MESSAGE)
    return out.line("if (!bia_json_read(in, {})) return false;", value);
  if (field->type() == Field::TYPE_BYTES)
    return out.line("if (!in.take_bytes({})) return false;", value);
  if (is_null_value(field)) return out.line("if (!in.take_null()) return false;");
  if (field->cpp_type() == Field::CPPTYPE_ENUM) {
    std::string type = cpp_type(field->enum_type());
    bool open = field->enum_type()->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3;
    return out.line(
        "if (!::bia::codec::generated::read_enum<{0}>(in, {0}_Parse, {1}, {2})) return false;",
        type, open ? "nullptr" : type + "_IsValid", value);
  }
  out.line("if (!in.take({})) return false;", value);
}

/// True where the field's value lives in an object that is read into in place.
bool in_place(const Field* field) {
  return field->cpp_type() == Field::CPPTYPE_MESSAGE || field->cpp_type() == Field::CPPTYPE_STRING;
}

void write_list(const Field* field, std::string_view message, Output& out) {
  out.put("out.begin_array();");
  out.line("for (const auto& value : {}.{}()) {{", message, cpp_field(field));
  out.put("out.element();");
  bool narrow = field->cpp_type() == Field::CPPTYPE_ENUM;
  write_value(field, narrow ? "static_cast<int>(value)" : "value", out);
  out.put("}");
  out.put("out.end_array();");
}

void write_map(const Field* field, std::string_view message, Output& out) {
  const Field* value = field->message_type()->map_value();
  out.put("out.begin_object();");
  out.line("for (const auto* entry : ::bia::codec::generated::sorted({}.{}())) {{", message,
           cpp_field(field));
  out.put("::bia::codec::generated::write_map_key(out, entry->first);");
  write_value(value, "entry->second", out);
  out.put("}");
  out.put("out.end_object();");
}

void read_list(const Field* field, std::string_view message, Output& out) {
  std::string name = cpp_field(field);
  out.put("if (!in.enter_array()) return false;");
  out.put("while (in.next_element()) {");
  if (in_place(field)) {
    read_value(field, fmt::format("*{}.add_{}()", message, name), out);
  } else {
    out.line("{} value{{}};", cpp_scalar(field));
    read_value(field, "value", out);
    out.line("{}.add_{}(value);", message, name);
  }
  out.put("}");
  out.put("if (in.failed()) return false;");
}

void read_map(const Field* field, std::string_view message, Output& out) {
  const Field* value = field->message_type()->map_value();
  out.put("if (!in.enter_object()) return false;");
  out.put("std::string_view key_text;");
  out.put("while (in.next_field(key_text)) {");
  out.line("{} key{{}};", cpp_scalar(field->message_type()->map_key()));
  out.put("if (!::bia::codec::generated::read_map_key(in, key_text, key)) return false;");
  out.line("auto [entry, added] = {}.mutable_{}()->insert({{key, {}()}});", message,
           cpp_field(field), cpp_scalar(value));
  out.put("if (!added) return in.fail_duplicate();");
  read_value(value, "entry->second", out);
  out.put("}");
  out.put("if (in.failed()) return false;");
}

void write_field(const Field* field, Output& out) {
  bool oneof = field->containing_oneof() != nullptr;
  if (oneof) out.line("if (message.has_{}()) {{", cpp_field(field));
  out.line("out.key({});", key_of(field));
  write_field_value(field, "message", out);
  if (oneof) out.put("}");
}

void define_write(const pb::Descriptor* type, Output& out) {
  bool empty = type->field_count() == 0;
  out.line("void bia_json_write(::bia::codec::JsonWriter& out, const {}& {}) {{", cpp_type(type),
           empty ? "" : "message");
  out.put("out.begin_object();");
  for (int i = 0; i < type->field_count(); ++i) write_field(type->field(i), out);
  out.put("out.end_object();");
  out.put("}");
  out.put("");
}

void define_read_field(const pb::Descriptor* type, const Field* field, Output& out) {
  out.line("case {}: {{  // {}", field->index(), field->name());
  // Output indents after a brace at the end of a line; the comment hides it here, so the body stays
  // at the case's margin.
  out.line("if (!seen.add({})) return in.fail_duplicate();", field->index());
  if (!null_is_value(field)) out.put("if (in.take_if_null()) break;");
  if (const pb::OneofDescriptor* oneof = field->real_containing_oneof()) {
    out.line("if (!seen.add({})) return in.fail_oneof({});", type->field_count() + oneof->index(),
             quoted(oneof->full_name()));
  }
  read_field_value(field, "message", out);
  out.put("break;");
  out.flat("  }");
}

void define_read(const pb::Descriptor* type, Output& out) {
  std::vector<std::pair<std::string, int>> names;
  std::set<std::string> used;
  for (int i = 0; i < type->field_count(); ++i) {
    for (const std::string& name : {type->field(i)->json_name(), type->field(i)->name()}) {
      if (used.insert(name).second) names.emplace_back(name, i);
    }
  }
  std::sort(names.begin(), names.end());
  bool empty = names.empty();
  out.line("bool bia_json_read(::bia::codec::JsonReader& in, {}& {}) {{", cpp_type(type),
           empty ? "" : "message");
  if (!empty) {
    out.put("static constexpr ::bia::codec::generated::FieldName kNames[] = {");
    for (const auto& [name, index] : names) out.line("{{{}, {}}},", quoted(name), index);
    out.put("};");
    out.line("::bia::codec::generated::Seen<{}> seen;",
             type->field_count() + type->oneof_decl_count());
  }
  out.put("if (!in.enter_object()) return false;");
  out.put("std::string_view name;");
  out.put("while (in.next_field(name)) {");
  if (empty) {
    out.put("if (!in.skip()) return false;");
  } else {
    out.put("switch (::bia::codec::generated::find_field(kNames, name)) {");
    for (int i = 0; i < type->field_count(); ++i) define_read_field(type, type->field(i), out);
    out.put("default:");
    out.put("if (!in.skip()) return false;");
    out.put("}");
  }
  out.put("}");
  out.put("return !in.failed();");
  out.put("}");
  out.put("");
}

}  // namespace

bool null_is_value(const Field* field) {
  if (field->is_repeated()) return false;
  if (is_null_value(field)) return true;
  return field->cpp_type() == Field::CPPTYPE_MESSAGE &&
         field->message_type()->full_name() == "google.protobuf.Value";
}

void write_field_value(const Field* field, std::string_view message, Output& out) {
  if (field->is_map()) return write_map(field, message, out);
  if (field->is_repeated()) return write_list(field, message, out);
  std::string value = fmt::format("{}.{}()", message, cpp_field(field));
  // An absent message, or a proto2 scalar that is not set, is null; in a oneof it is not written at
  // all.
  bool may_be_null = field->has_presence() && field->containing_oneof() == nullptr;
  if (may_be_null) {
    out.line("if (!{}.has_{}()) {{", message, cpp_field(field));
    out.put("out.null();");
    out.put("} else {");
  }
  write_value(field, value, out);
  if (may_be_null) out.put("}");
}

void read_field_value(const Field* field, std::string_view message, Output& out) {
  if (field->is_map()) return read_map(field, message, out);
  if (field->is_repeated()) return read_list(field, message, out);
  std::string name = cpp_field(field);
  if (in_place(field))
    return read_value(field, fmt::format("*{}.mutable_{}()", message, name), out);
  out.line("{} value{{}};", cpp_scalar(field));
  read_value(field, "value", out);
  out.line("{}.set_{}(value);", message, name);
}

bool has_no_json(const pb::Descriptor* type) {
  return type != nullptr && type->file()->name().starts_with("google/api/") &&
         type->full_name() != "google.api.HttpBody";
}

std::string check_messages(const pb::FileDescriptor* file) {
  std::string error;
  for_each_message(file, [&](const pb::Descriptor* type) {
    if (!error.empty()) return;
    if (type->options().message_set_wire_format())
      error = at(type, type->full_name() +
                           ": message_set_wire_format has no JSON; use an ordinary message");
    for (int i = 0; error.empty() && i < type->field_count(); ++i) {
      const Field* field = type->field(i);
      if (field->type() == Field::TYPE_GROUP)
        error = at(field, field->full_name() + ": groups are not supported; use a message field");
      if (has_no_json(field->message_type()))
        error = at(field, field->message_type()->full_name() +
                              " is not supported; use a message of your own");
      if (field->is_required())
        error =
            at(field, field->full_name() + ": required fields are not supported; make it optional");
    }
    if (error.empty() && type->extension_range_count() > 0)
      error =
          at(type, type->full_name() + ": extensions have no JSON here; use google.protobuf.Any");
  });
  return error;
}

void declare_json(const pb::FileDescriptor* file, Output& out) {
  if (file->message_type_count() == 0) return;
  out.put("// Protobuf's JSON, as Kratos writes it; a reader returns false where `in` failed.");
  for_each_message(file, [&](const pb::Descriptor* type) {
    out.line("void bia_json_write(::bia::codec::JsonWriter& out, const {}& message);",
             cpp_type(type));
    out.line("bool bia_json_read(::bia::codec::JsonReader& in, {}& message);", cpp_type(type));
  });
  out.put("");
}

void define_json(const pb::FileDescriptor* file, Output& out) {
  for_each_message(file, [&](const pb::Descriptor* type) {
    define_write(type, out);
    define_read(type, out);
  });
}

}  // namespace bia::protoc
