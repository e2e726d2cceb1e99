#include "codec/go_names.h"

#include <google/protobuf/descriptor.h>

namespace bia::codec {
namespace {
namespace pb = google::protobuf;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

/// Names that a generated Go struct cannot give a field: its methods have them.
class UsedNames {
 public:
  enum class Getter { kNone, kHas };
  /// Underscores follow until neither the name nor its getter's is taken.
  std::string take(std::string name, Getter getter) {
    while (used_[name] || (getter == Getter::kHas && used_["Get" + name])) name += '_';
    used_[name] = true;
    used_["Get" + name] = getter == Getter::kHas;
    return name;
  }

 private:
  std::unordered_map<std::string, bool> used_ = {
      {"Reset", true},        {"String", true},     {"ProtoMessage", true},
      {"Marshal", true},      {"Unmarshal", true},  {"ExtensionRangeArray", true},
      {"ExtensionMap", true}, {"Descriptor", true},
  };
};

GoNames make_names(const pb::Descriptor* type) {
  GoNames names;
  names.oneofs.resize(static_cast<size_t>(type->oneof_decl_count()));
  UsedNames used;
  for (int i = 0; i < type->field_count(); ++i) {
    const pb::FieldDescriptor* field = type->field(i);
    names.fields.push_back(used.take(go_name(field->name()), UsedNames::Getter::kHas));
    const pb::OneofDescriptor* oneof = field->containing_oneof();
    if (oneof && oneof->field(0) == field)
      names.oneofs[static_cast<size_t>(oneof->index())] =
          used.take(go_name(oneof->name()), UsedNames::Getter::kNone);
  }
  // A Go name is never hidden by another field's .proto or JSON name.
  const auto add = [&](const auto& name_of, int count) {
    for (int i = 0; i < count; ++i) names.by_name.emplace(name_of(i), i);
  };
  add([&](int i) -> std::string_view { return names.fields[size_t(i)]; }, type->field_count());
  add([&](int i) -> std::string_view { return type->field(i)->name(); }, type->field_count());
  add([&](int i) -> std::string_view { return type->field(i)->json_name(); }, type->field_count());
  for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
    names.by_name.emplace(names.oneofs[size_t(i)], ~i);
    names.by_name.emplace(type->oneof_decl(i)->name(), ~i);
  }
  // Here the exact names come first: of "user_id" and "userid", the second one is "userid".
  const auto lower = [](std::string text) {
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 32) : c;
    return text;
  };
  for (int i = 0; i < type->field_count(); ++i)
    names.by_lower_name.emplace(type->field(i)->name(), i);
  for (int i = 0; i < type->field_count(); ++i)
    names.by_lower_name.emplace(type->field(i)->json_name(), i);
  for (int i = 0; i < type->field_count(); ++i)
    names.by_lower_name.emplace(lower(names.fields[size_t(i)]), i);
  for (int i = 0; i < type->real_oneof_decl_count(); ++i)
    names.by_lower_name.emplace(lower(names.oneofs[size_t(i)]), ~i);
  return names;
}

}  // namespace

std::string go_name(std::string_view name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    const bool before_lower = i + 1 < name.size() && is_lower(name[i + 1]);
    if (c == '.') {
      if (!before_lower) out += '_';
    } else if (c == '_') {
      if (i == 0 || name[i - 1] == '.') {
        out += 'X';
      } else if (!before_lower) {
        out += '_';
      }
    } else if (c >= '0' && c <= '9') {
      out += c;
    } else {
      out += is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
      while (i + 1 < name.size() && is_lower(name[i + 1])) out += name[++i];
    }
  }
  return out;
}

std::string go_type_name(const pb::Descriptor* type) {
  std::string_view name = type->full_name();
  const std::string& package = type->file()->package();
  if (!package.empty()) name.remove_prefix(package.size() + 1);
  return go_name(name);
}

const GoNames& go_names(const pb::Descriptor* type) {
  static thread_local std::unordered_map<const pb::Descriptor*, GoNames> made;
  auto at = made.find(type);
  if (at == made.end()) at = made.emplace(type, make_names(type)).first;
  return at->second;
}

}  // namespace bia::codec
