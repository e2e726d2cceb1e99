#include "zelus/templates/value.h"

#include <memory>
#include <set>
#include <utility>
#include <vector>

namespace zelus::templates {

namespace {

/// One after the other: what dropping one drops waits until it is gone.
template <typename Held>
void drop(Held* dead) {
  thread_local std::vector<std::unique_ptr<Held>> waiting;
  thread_local bool dropping = false;
  waiting.emplace_back(dead);
  if (dropping) return;
  dropping = true;
  while (!waiting.empty()) {
    const std::unique_ptr<Held> next = std::move(waiting.back());
    waiting.pop_back();
  }
  dropping = false;
}

}  // namespace

std::shared_ptr<const Items> Value::shared(Items items) {
  return {new Items(std::move(items)), drop<Items>};
}
std::shared_ptr<Members> Value::shared(Members members) {
  return {new Members(std::move(members)), drop<Members>};
}

Value Value::strings(const std::vector<std::string>& texts) {
  Items items;
  items.reserve(texts.size());
  for (const std::string& text : texts) items.push_back(Value::text(text));
  return list(std::move(items), Type::kStrings);
}

bool Value::is_integer() const {
  switch (type_) {
    case Type::kInt:
    case Type::kInt64:
    case Type::kUint8:
    case Type::kUint64:
    case Type::kDuration:
    case Type::kMonth:
    case Type::kWeekday:
      return true;
    default:
      return false;
  }
}

std::string type_name(const Value& value) {
  constexpr std::string_view kNames[] = {"<nil>",
                                         "bool",
                                         "int",
                                         "int64",
                                         "uint8",
                                         "uint64",
                                         "float64",
                                         "string",
                                         "time.Time",
                                         "time.Duration",
                                         "time.Month",
                                         "time.Weekday",
                                         "[]interface {}",
                                         "[]string",
                                         "[]int",
                                         "[][]interface {}",
                                         "map[string]interface {}",
                                         "map[string]string",
                                         "*semver.Version",
                                         "sprig.certificate"};
  if (value.is(Type::kRecord)) return std::string(value.as_record().type_name());
  return std::string(kNames[static_cast<size_t>(value.type())]);
}

std::string_view kind_name(const Value& value) {
  switch (value.type()) {
    case Type::kNil:
      return "invalid";
    case Type::kBool:
      return "bool";
    case Type::kInt:
    case Type::kMonth:
    case Type::kWeekday:
      return "int";
    case Type::kInt64:
    case Type::kDuration:
      return "int64";
    case Type::kUint8:
      return "uint8";
    case Type::kUint64:
      return "uint64";
    case Type::kFloat64:
      return "float64";
    case Type::kString:
      return "string";
    case Type::kList:
    case Type::kStrings:
    case Type::kInts:
    case Type::kLists:
      return "slice";
    case Type::kMap:
    case Type::kTextMap:
      return "map";
    case Type::kTime:
    case Type::kCertificate:
      return "struct";
    case Type::kVersion:
    case Type::kRecord:
      break;
  }
  return "ptr";
}

bool is_true(const Value& value) {
  if (value.is_integer()) return value.as_int() != 0;
  if (value.is_list()) return !value.items().empty();
  if (value.is_map()) return !value.members().empty();
  switch (value.type()) {
    case Type::kNil:
      return false;
    case Type::kBool:
      return value.as_bool();
    case Type::kFloat64:
      return value.as_real() != 0;
    case Type::kString:
      return !value.as_text().empty();
    default:
      return true;
  }
}

namespace {

/// Pairs of lists and maps that are compared already, as Go's reflect.DeepEqual keeps them.
using Seen = std::set<std::pair<const void*, const void*>>;

bool same_value(const Value& a, const Value& b, Seen& seen, size_t depth) {
  if (a.type() != b.type() || depth > kValueDepthMax) return false;
  if (a.is_integer()) return a.as_int() == b.as_int();
  if (a.is_list()) {
    if (a.items().size() != b.items().size()) return false;
    if (!seen.emplace(&a.items(), &b.items()).second) return true;
    for (size_t i = 0; i < a.items().size(); ++i) {
      if (!same_value(a.items()[i], b.items()[i], seen, depth + 1)) return false;
    }
    return true;
  }
  if (a.is_map()) {
    if (a.members().size() != b.members().size()) return false;
    if (!seen.emplace(&a.members(), &b.members()).second) return true;
    for (auto x = a.members().begin(), y = b.members().begin(); x != a.members().end(); ++x, ++y) {
      if (x->first != y->first || !same_value(x->second, y->second, seen, depth + 1)) return false;
    }
    return true;
  }
  switch (a.type()) {
    case Type::kNil:
      return true;
    case Type::kBool:
      return a.as_bool() == b.as_bool();
    case Type::kFloat64:
      return a.as_real() == b.as_real();
    case Type::kString:
      return a.as_text() == b.as_text();
    case Type::kTime:
      return a.as_time().seconds == b.as_time().seconds && a.as_time().nanos == b.as_time().nanos &&
             a.as_time().zone == b.as_time().zone;
    case Type::kCertificate:
      return a.as_certificate().cert == b.as_certificate().cert &&
             a.as_certificate().key == b.as_certificate().key;
    case Type::kVersion:
      return a.as_version().original == b.as_version().original;
    default:
      return &a.as_record() == &b.as_record();
  }
}

}  // namespace

bool deep_equal(const Value& a, const Value& b) {
  Seen seen;
  return same_value(a, b, seen, 0);
}

void empty_maps(std::vector<Value> values) {
  std::set<const void*> lists;
  const auto keep = [&values](const Value& value) {
    if (value.is_map() || value.is_list()) values.push_back(value);
  };
  while (!values.empty()) {
    const Value each = std::move(values.back());
    values.pop_back();
    if (each.is_map()) {
      Members taken;
      taken.swap(each.members());
      for (const auto& [key, value] : taken) keep(value);
    } else if (each.is_list() && lists.insert(&each.items()).second) {
      for (const Value& item : each.items()) keep(item);
    }
  }
}

}  // namespace zelus::templates
