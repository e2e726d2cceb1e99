#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bia/base/result.h"
#include "zelus/templates/moment.h"

namespace zelus::templates {

/// The Go types that a template's values have. Go's functions tell int from int64, and []string
/// from []interface {}, so these do too.
enum class Type : uint8_t {
  kNil,
  kBool,
  kInt,
  kInt64,
  kUint8,
  kUint64,
  kFloat64,
  kString,
  kTime,
  kDuration,
  kMonth,
  kWeekday,
  kList,     ///< []interface {}
  kStrings,  ///< []string
  kInts,     ///< []int
  kLists,    ///< [][]interface {}
  kMap,      ///< map[string]interface {}
  kTextMap,  ///< map[string]string
  kVersion,
  kCertificate,
  kRecord
};

class Value;
using Items = std::vector<Value>;
using Members = std::map<std::string, Value, std::less<>>;

/// What a template is executed over: a struct of Go's.
class Record {
 public:
  virtual ~Record() = default;
  /// "*runner.CallData"
  virtual std::string_view type_name() const = 0;
  /// False where there is no such field.
  virtual bool field(std::string_view name, Value& out) const = 0;
};

/// A semantic version as sprig's `semver` has read it.
struct Version {
  uint64_t major = 0;
  uint64_t minor = 0;
  uint64_t patch = 0;
  std::string prerelease;
  std::string metadata;
  std::string original;
};

/// What sprig's genCA and its kin make, in PEM.
struct Certificate {
  std::string cert;
  std::string key;
};

/// A Go value. Maps are shared by their copies, as Go's are; lists never change.
class Value {
 public:
  Value() = default;
  static Value boolean(bool value) { return {Type::kBool, value}; }
  static Value integer(int64_t value, Type type = Type::kInt) { return {type, value}; }
  static Value real(double value) { return {Type::kFloat64, value}; }
  static Value text(std::string value) { return {Type::kString, std::move(value)}; }
  static Value time(const Moment& value) {
    return {Type::kTime, std::make_shared<const Moment>(value)};
  }
  static Value list(Items items, Type type = Type::kList) {
    return {type, shared(std::move(items))};
  }
  static Value strings(const std::vector<std::string>& texts);
  static Value map(Members members, Type type = Type::kMap) {
    return {type, shared(std::move(members))};
  }
  static Value version(Version version) {
    return {Type::kVersion, std::make_shared<const Version>(std::move(version))};
  }
  static Value certificate(Certificate certificate) {
    return {Type::kCertificate, std::make_shared<const Certificate>(std::move(certificate))};
  }
  static Value record(const Record& record) { return {Type::kRecord, &record}; }

  Type type() const { return type_; }
  bool is(Type type) const { return type_ == type; }
  bool is_nil() const { return type_ == Type::kNil; }
  bool is_integer() const;
  bool is_list() const { return type_ >= Type::kList && type_ <= Type::kLists; }
  bool is_map() const { return type_ == Type::kMap || type_ == Type::kTextMap; }

  // Each is of values of its type alone.
  bool as_bool() const { return std::get<bool>(data_); }
  int64_t as_int() const { return std::get<int64_t>(data_); }
  double as_real() const { return std::get<double>(data_); }
  const std::string& as_text() const { return std::get<std::string>(data_); }
  const Moment& as_time() const { return *std::get<std::shared_ptr<const Moment>>(data_); }
  const Items& items() const { return *std::get<std::shared_ptr<const Items>>(data_); }
  Members& members() const { return *std::get<std::shared_ptr<Members>>(data_); }
  const Version& as_version() const { return *std::get<std::shared_ptr<const Version>>(data_); }
  const Certificate& as_certificate() const {
    return *std::get<std::shared_ptr<const Certificate>>(data_);
  }
  const Record& as_record() const { return *std::get<const Record*>(data_); }

 private:
  /// As make_shared, but that a chain of them, each in the next, is dropped without recursion.
  static std::shared_ptr<const Items> shared(Items items);
  static std::shared_ptr<Members> shared(Members members);
  using Data = std::variant<std::monostate, bool, int64_t, double, std::string,
                            std::shared_ptr<const Moment>, std::shared_ptr<const Items>,
                            std::shared_ptr<Members>, std::shared_ptr<const Version>,
                            std::shared_ptr<const Certificate>, const Record*>;
  Value(Type type, Data data) : type_(type), data_(std::move(data)) {}

  Type type_ = Type::kNil;
  Data data_;
};

/// Go's %T: "[]interface {}", "time.Time"; "<nil>".
std::string type_name(const Value& value);
/// reflect's Kind: "slice", "map", "struct", "invalid".
std::string_view kind_name(const Value& value);
/// text/template's truth: not zero, not empty; a struct always.
bool is_true(const Value& value);
/// sprig's empty, which takes a struct for never empty and nil for always.
inline bool is_empty(const Value& value) { return !is_true(value); }
/// reflect.DeepEqual: types count too.
bool deep_equal(const Value& a, const Value& b);

/// A value nests no deeper in what is printed, compared or copied (a map may hold itself).
inline constexpr size_t kValueDepthMax = 100;

/// Empties these maps and all that they hold: maps that hold themselves are kept by nothing else.
void empty_maps(std::vector<Value> values);

}  // namespace zelus::templates
