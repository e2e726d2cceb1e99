#include "names.h"

#include <google/protobuf/compiler/cpp/names.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>

namespace bia::protoc {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string quoted_bytes(std::string_view bytes) {
  std::string out = "\"";
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      // Octal: three digits at most, so that what follows is never part of it.
      fmt::format_to(std::back_inserter(out), "\\{:03o}", byte);
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

std::string view_literal(const std::string& bytes) {
  return fmt::format("std::string_view({}, {})", quoted_bytes(bytes), bytes.size());
}

std::string stem(const pb::FileDescriptor* file) {
  std::string name = file->name();
  for (std::string_view ending : {".protodevel", ".proto"}) {
    if (name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
  }
  return name;
}

std::string cpp_namespace(const pb::FileDescriptor* file) {
  std::string out;
  for (char c : file->package()) out += c == '.' ? std::string("::") : std::string(1, c);
  return out;
}

std::string cpp_type(const pb::Descriptor* type) {
  return pb::compiler::cpp::QualifiedClassName(type);
}
std::string cpp_type(const pb::EnumDescriptor* type) {
  return pb::compiler::cpp::QualifiedClassName(type);
}
std::string cpp_field(const pb::FieldDescriptor* field) {
  return pb::compiler::cpp::FieldName(field);
}

std::string cpp_scalar(const pb::FieldDescriptor* field) {
  using Field = pb::FieldDescriptor;
  switch (field->cpp_type()) {
    case Field::CPPTYPE_INT32:
      return "int32_t";
    case Field::CPPTYPE_INT64:
      return "int64_t";
    case Field::CPPTYPE_UINT32:
      return "uint32_t";
    case Field::CPPTYPE_UINT64:
      return "uint64_t";
    case Field::CPPTYPE_DOUBLE:
      return "double";
    case Field::CPPTYPE_FLOAT:
      return "float";
    case Field::CPPTYPE_BOOL:
      return "bool";
    case Field::CPPTYPE_ENUM:
      return cpp_type(field->enum_type());
    case Field::CPPTYPE_STRING:
      return "std::string";
    case Field::CPPTYPE_MESSAGE:
      return cpp_type(field->message_type());
  }
  return {};
}

bool is_real(const pb::FieldDescriptor* field) {
  return field->cpp_type() == pb::FieldDescriptor::CPPTYPE_DOUBLE ||
         field->cpp_type() == pb::FieldDescriptor::CPPTYPE_FLOAT;
}

namespace {

void visit_nested(const pb::Descriptor* type,
                  const std::function<void(const pb::Descriptor*)>& visit) {
  if (type->options().map_entry()) return;
  visit(type);
  for (int i = 0; i < type->nested_type_count(); ++i) visit_nested(type->nested_type(i), visit);
}

}  // namespace

void for_each_message(const pb::FileDescriptor* file,
                      const std::function<void(const pb::Descriptor*)>& visit) {
  for (int i = 0; i < file->message_type_count(); ++i) visit_nested(file->message_type(i), visit);
}

bool is_well_known(const pb::Descriptor* type) {
  return type->file()->name().starts_with("google/protobuf/");
}

void collect_well_known(const pb::FileDescriptor* file, std::set<std::string>& stems) {
  auto add = [&](const pb::Descriptor* type) {
    if (type != nullptr && is_well_known(type)) stems.insert(stem(type->file()));
  };
  for_each_message(file, [&](const pb::Descriptor* type) {
    for (int i = 0; i < type->field_count(); ++i) {
      const pb::FieldDescriptor* field = type->field(i);
      add(field->is_map() ? field->message_type()->map_value()->message_type()
                          : field->message_type());
    }
  });
  for (int i = 0; i < file->service_count(); ++i) {
    for (int j = 0; j < file->service(i)->method_count(); ++j) {
      add(file->service(i)->method(j)->input_type());
      add(file->service(i)->method(j)->output_type());
    }
  }
}

}  // namespace bia::protoc
