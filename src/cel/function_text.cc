// size, contains, startsWith, endsWith and matches. protovalidate has the middle three for bytes
// too.
#include <re2/re2.h>

#include "cel/evaluation.h"
#include "cel/function.h"
#include "cel/utf8.h"

namespace bia::cel {
namespace {

Value size_of_string(Evaluation&, const Value* v) {
  return Value::of_int(static_cast<int64_t>(code_points(v[0].text())));
}
Value size_of_bytes(Evaluation&, const Value* v) {
  return Value::of_int(static_cast<int64_t>(v[0].text().size()));
}
Value size_of_list(Evaluation&, const Value* v) {
  return Value::of_int(static_cast<int64_t>(v[0].list().size()));
}
Value size_of_map(Evaluation&, const Value* v) {
  return Value::of_int(static_cast<int64_t>(v[0].map().size()));
}

Value contains(Evaluation& evaluation, const Value* v) {
  // find() is quadratic at worst.
  if (!evaluation.charge((1 + v[0].text().size() / 64) * (1 + v[1].text().size() / 64)))
    return Evaluation::too_much();
  return Value::of_bool(v[0].text().find(v[1].text()) != std::string_view::npos);
}
Value starts_with(Evaluation&, const Value* v) {
  return Value::of_bool(v[0].text().starts_with(v[1].text()));
}
Value ends_with(Evaluation&, const Value* v) {
  return Value::of_bool(v[0].text().ends_with(v[1].text()));
}

/// A pattern that is known only now; those that are written out are compiled with the rule.
Value matches(Evaluation& evaluation, const Value* v) {
  if (!evaluation.charge(500 + v[0].text().size() / 16)) return Evaluation::too_much();
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(1 << 20);
  const re2::RE2 pattern(re2::StringPiece(v[1].text().data(), v[1].text().size()), options);
  if (!pattern.ok()) return evaluation.error("the pattern is none of RE2's: " + pattern.error());
  const re2::StringPiece text(v[0].text().data(), v[0].text().size());
  return Value::of_bool(re2::RE2::PartialMatch(text, pattern));
}

constexpr Kind kS = Kind::kString, kB = Kind::kBytes, kI = Kind::kInt, kBool = Kind::kBool;
constexpr Overload kText[] = {
    {"size", false, 1, {kS}, kI, size_of_string},
    {"size", true, 1, {kS}, kI, size_of_string},
    {"size", false, 1, {kB}, kI, size_of_bytes},
    {"size", true, 1, {kB}, kI, size_of_bytes},
    {"size", false, 1, {Kind::kList}, kI, size_of_list},
    {"size", true, 1, {Kind::kList}, kI, size_of_list},
    {"size", false, 1, {Kind::kMap}, kI, size_of_map},
    {"size", true, 1, {Kind::kMap}, kI, size_of_map},
    {"contains", true, 2, {kS, kS}, kBool, contains},
    {"contains", true, 2, {kB, kB}, kBool, contains},
    {"startsWith", true, 2, {kS, kS}, kBool, starts_with},
    {"startsWith", true, 2, {kB, kB}, kBool, starts_with},
    {"endsWith", true, 2, {kS, kS}, kBool, ends_with},
    {"endsWith", true, 2, {kB, kB}, kBool, ends_with},
    {"matches", false, 2, {kS, kS}, kBool, matches},
    {"matches", true, 2, {kS, kS}, kBool, matches},
};

}  // namespace

std::span<const Overload> text_overloads() { return kText; }

}  // namespace bia::cel
