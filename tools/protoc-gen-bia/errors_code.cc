#include "errors_code.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/unknown_field_set.h>

#include <functional>
#include <map>

namespace bia::protoc {
namespace {

constexpr int kDefaultCodeOption = 1108;
constexpr int kCodeOption = 1109;
/// As protoc-gen-go-errors.
constexpr int kCodeMax = 600;

/// The option's value; 0 where it is not there.
int64_t option(const pb::Message& options, int number) {
  const pb::UnknownFieldSet& fields = options.GetReflection()->GetUnknownFields(options);
  int64_t value = 0;
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() == number &&
        fields.field(i).type() == pb::UnknownField::TYPE_VARINT)
      value = static_cast<int64_t>(fields.field(i).varint());
  }
  return value;
}

struct Reason {
  const pb::EnumValueDescriptor* value;
  int64_t code;
};

void for_each_reason(const pb::FileDescriptor* file,
                     const std::function<void(const Reason&)>& visit) {
  for (int i = 0; i < file->enum_type_count(); ++i) {
    const pb::EnumDescriptor* type = file->enum_type(i);
    const int64_t common = option(type->options(), kDefaultCodeOption);
    for (int j = 0; j < type->value_count(); ++j) {
      const int64_t own = option(type->value(j)->options(), kCodeOption);
      const int64_t code = own ? own : common;
      if (code != 0) visit({type->value(j), code});
    }
  }
}

std::string lower(const std::string& name) {
  std::string text = name;
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string comment_of(const pb::EnumValueDescriptor* value) {
  pb::SourceLocation where;
  if (!value->GetSourceLocation(&where)) return {};
  return where.leading_comments.empty() ? where.trailing_comments : where.leading_comments;
}

}  // namespace

bool has_errors(const pb::FileDescriptor* file) {
  bool found = false;
  for_each_reason(file, [&](const Reason&) { found = true; });
  return found;
}

std::string check_errors(const pb::FileDescriptor* file) {
  std::string error;
  std::map<std::string, const pb::EnumValueDescriptor*> names;
  for_each_reason(file, [&](const Reason& reason) {
    if (!error.empty()) return;
    if (reason.code < 1 || reason.code > kCodeMax)
      error = at(reason.value, fmt::format("the code {} of {} must be 1 to {}", reason.code,
                                           reason.value->name(), kCodeMax));
    if (error.empty() && !names.emplace(lower(reason.value->name()), reason.value).second)
      error = at(reason.value, fmt::format("two errors of this file would be called is_{}",
                                           lower(reason.value->name())));
  });
  return error;
}

void declare_errors(const pb::FileDescriptor* file, Output& out) {
  for_each_reason(file, [&](const Reason& reason) {
    std::string comment = comment_of(reason.value);
    for (size_t begin = 0; begin < comment.size();) {
      const size_t end = std::min(comment.find('\n', begin), comment.size());
      out.put("///" + comment.substr(begin, end - begin));
      begin = end + 1;
    }
    const std::string name = lower(reason.value->name());
    out.line("inline bool is_{}(const ::bia::Error& error) {{", name);
    out.line("return ::bia::errors::is(error, {}, {});", reason.code, quoted(reason.value->name()));
    out.put("}");
    out.line("inline ::bia::Error error_{}(std::string message) {{", name);
    out.line("return ::bia::Error::from_http({}, {}, std::move(message));", reason.code,
             quoted(reason.value->name()));
    out.put("}");
    out.put("");
  });
}

}  // namespace bia::protoc
