#include "cel/node.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cmath>

#include "cel/proto_value.h"

namespace bia::cel {
namespace {
namespace pb = google::protobuf;

Value no_overload() { return Value::of_error("no such overload"); }

/// "no such key: a"
Value told(Evaluation& evaluation, std::string_view what, const Value& key) {
  std::string text = fmt::format("{}: ", what);
  append_text(evaluation, text, key);
  return evaluation.error(text);
}

Value select(Evaluation& evaluation, const Value& of, std::string_view name, bool test) {
  if (of.is_error()) return of;
  if (of.kind() == Kind::kMap) {
    Value found;
    const bool is_there = find_key(evaluation, of.map(), Value::of_string(name), found);
    if (test) return found.is_error() ? found : Value::of_bool(is_there);
    return is_there ? found : told(evaluation, "no such key", Value::of_string(name));
  }
  if (of.kind() != Kind::kMessage) return no_overload();
  const auto* field = of.message().GetDescriptor()->FindFieldByName(std::string(name));
  if (!field) return told(evaluation, "no such field", Value::of_string(name));
  return test ? Value::of_bool(has_field(of.message(), field))
              : field_of(evaluation, of.message(), field);
}

/// An index may be of any type of number, if it is whole.
bool whole(const Value& value, int64_t& out) {
  if (value.kind() == Kind::kInt) {
    out = value.integer();
    return true;
  }
  if (value.kind() == Kind::kUint) {
    out = static_cast<int64_t>(value.natural());
    return value.natural() <= INT64_MAX;
  }
  if (value.kind() != Kind::kDouble || std::trunc(value.real()) != value.real() ||
      std::abs(value.real()) > 0x1p53)
    return false;
  out = static_cast<int64_t>(value.real());
  return true;
}

Value index(Evaluation& evaluation, const Value& of, const Value& key) {
  if (of.kind() == Kind::kMap) {
    Value found;
    return find_key(evaluation, of.map(), key, found) ? found
                                                      : told(evaluation, "no such key", key);
  }
  int64_t at = 0;
  if (of.kind() != Kind::kList || !whole(key, at)) return no_overload();
  if (at < 0 || static_cast<uint64_t>(at) >= of.list().size())
    return evaluation.error(fmt::format("index out of bounds: {}", at));
  return of.list().at(evaluation, static_cast<size_t>(at));
}

Value contains(Evaluation& evaluation, const Value& of, const Value& value) {
  if (of.kind() == Kind::kMap) {
    Value found;
    const bool is_there = find_key(evaluation, of.map(), value, found);
    return found.is_error() ? found : Value::of_bool(is_there);
  }
  if (of.kind() != Kind::kList) return no_overload();
  const List& list = of.list();
  for (size_t i = 0; i < list.size(); ++i) {
    if (!evaluation.charge(1)) return Evaluation::too_much();
    const Value same = equal(evaluation, value, list.at(evaluation, i));
    if (!same.is_false()) return same;
  }
  return Value::of_bool(false);
}

Value type_of(const Value& value) {
  return Value::of_type(value.kind() == Kind::kMessage
                            ? std::string_view(value.message().GetDescriptor()->full_name())
                            : kind_name(value.kind()));
}

}  // namespace

Value FieldNode::evaluate(Evaluation& evaluation) const {
  const Value of = of_->evaluate(evaluation);
  if (of.kind() != Kind::kMessage) return of.is_error() ? of : no_overload();
  return test_ ? Value::of_bool(has_field(of.message(), field_))
               : field_of(evaluation, of.message(), field_);
}

Value SelectNode::evaluate(Evaluation& evaluation) const {
  return select(evaluation, of_->evaluate(evaluation), name_, test_);
}

Value GetFieldNode::evaluate(Evaluation& evaluation) const {
  const Value of = of_->evaluate(evaluation);
  const Value name = name_->evaluate(evaluation);
  if (of.is_error() || name.is_error()) return of.is_error() ? of : name;
  return name.kind() == Kind::kString ? select(evaluation, of, name.text(), false) : no_overload();
}

Value CallNode::evaluate(Evaluation& evaluation) const {
  std::array<Value, Overload::kArgumentsMax> values;
  if (!evaluation.charge(1)) return Evaluation::too_much();
  size_t text_bytes = 0;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    values[i] = arguments_[i]->evaluate(evaluation);
    if (values[i].is_error()) return values[i];
    if (values[i].kind() == Kind::kString || values[i].kind() == Kind::kBytes)
      text_bytes += values[i].text().size();
  }
  // Most functions read all of a text; a loop over a request's list may ask so of a long one each
  // time.
  constexpr size_t kBytesAStep = 64;
  if (!evaluation.charge(text_bytes / kBytesAStep)) return Evaluation::too_much();
  return exact_ ? shapes_[0]->code(evaluation, values.data()) : choose(evaluation, values.data());
}

Value CallNode::choose(Evaluation& evaluation, const Value* values) const {
  for (const Overload* shape : shapes_) {
    bool fits = true;
    for (size_t i = 0; i < shape->count; ++i)
      fits &= shape->parameters[i] == Kind::kDyn || shape->parameters[i] == values[i].kind();
    if (fits) return shape->code(evaluation, values);
  }
  return no_overload();
}

Value LogicNode::evaluate(Evaluation& evaluation) const {
  Value error;
  for (const NodePtr& part : parts_) {
    const Value value = part->evaluate(evaluation);
    if (or_ ? value.is_true() : value.is_false()) return value;
    if (value.kind() != Kind::kBool && !error.is_error())
      error = value.is_error() ? value : no_overload();
  }
  return error.is_error() ? error : Value::of_bool(!or_);
}

Value ConditionNode::evaluate(Evaluation& evaluation) const {
  const Value condition = condition_->evaluate(evaluation);
  if (condition.kind() != Kind::kBool) return condition.is_error() ? condition : no_overload();
  return (condition.boolean() ? yes_ : no_)->evaluate(evaluation);
}

Value AnyNode::evaluate(Evaluation& evaluation) const {
  if (!evaluation.charge(1)) return Evaluation::too_much();
  const Value left = left_->evaluate(evaluation);
  if (left.is_error()) return left;
  if (which_ == Operator::kType) return type_of(left);
  const Value right = right_->evaluate(evaluation);
  if (right.is_error()) return right;
  if (which_ == Operator::kIndex) return index(evaluation, left, right);
  if (which_ == Operator::kIn) return contains(evaluation, right, left);
  const Value same = equal(evaluation, left, right);
  if (which_ == Operator::kEqual || same.is_error()) return same;
  return Value::of_bool(same.is_false());
}

Value ListNode::evaluate(Evaluation& evaluation) const {
  if (!evaluation.charge(parts_.size())) return Evaluation::too_much();
  Value* values = evaluation.array(parts_.size());
  for (size_t i = 0; i < parts_.size(); ++i) {
    values[i] = parts_[i]->evaluate(evaluation);
    if (values[i].is_error()) return values[i];
  }
  return Value::of_list(evaluation.make<ArrayList>(values, parts_.size()));
}

Value MapNode::evaluate(Evaluation& evaluation) const {
  if (!evaluation.charge(parts_.size())) return Evaluation::too_much();
  Value* pairs = evaluation.array(parts_.size());
  for (size_t i = 0; i < parts_.size(); ++i) {
    pairs[i] = parts_[i]->evaluate(evaluation);
    if (pairs[i].is_error()) return pairs[i];
    if (i % 2 != 0) continue;
    if (!is_key(pairs[i])) return Value::of_error("unsupported key type");
    Value other;
    if (find_key(evaluation, ArrayMap(pairs, i / 2), pairs[i], other))
      return other.is_error() ? other : told(evaluation, "duplicate key", pairs[i]);
  }
  return Value::of_map(evaluation.make<ArrayMap>(pairs, parts_.size() / 2));
}

Value MessageNode::evaluate(Evaluation& evaluation) const {
  if (!evaluation.charge(1 + fields_.size())) return Evaluation::too_much();
  pb::Message* made = new_message(evaluation, factory_, type_);
  if (!made) return evaluation.error(fmt::format("{} cannot be made", type_->full_name()));
  for (const auto& [field, node] : fields_) {
    const Value value = node->evaluate(evaluation);
    if (value.is_error()) return value;
    if (!set_field(evaluation, *made, field, value))
      return evaluation.error(fmt::format("the value does not fit the field {}", field->name()));
  }
  return value_of(evaluation, *made);
}

template <typename At>
Value LoopNode::quantify(Evaluation& evaluation, size_t size, At&& at) const {
  Value error;
  size_t count = 0;
  for (size_t i = 0; i < size; ++i) {
    if (!evaluation.charge(1)) return Evaluation::too_much();
    evaluation.slots[slot_] = at(i);
    const Value value = condition_->evaluate(evaluation);
    if (macro_ == Macro::kAll ? value.is_false() : macro_ == Macro::kExists && value.is_true())
      return value;
    count += value.is_true();
    if (value.kind() == Kind::kBool) continue;
    if (!error.is_error()) error = value.is_error() ? value : no_overload();
    // Only a whole count says anything.
    if (macro_ == Macro::kExistsOne) return error;
  }
  if (error.is_error()) return error;
  return Value::of_bool(macro_ == Macro::kExistsOne ? count == 1 : macro_ == Macro::kAll);
}

template <typename At>
Value LoopNode::collect(Evaluation& evaluation, size_t size, At&& at) const {
  if (!evaluation.charge(size)) return Evaluation::too_much();
  Value* values = evaluation.array(size);
  size_t count = 0;
  for (size_t i = 0; i < size; ++i) {
    const Value value = at(i);
    evaluation.slots[slot_] = value;
    if (condition_) {
      const Value keep = condition_->evaluate(evaluation);
      if (keep.kind() != Kind::kBool) return keep.is_error() ? keep : no_overload();
      if (keep.is_false()) continue;
    }
    // An inner loop may have had the slot's neighbours, never this one.
    values[count] = result_ ? result_->evaluate(evaluation) : value;
    if (values[count].is_error()) return values[count];
    ++count;
  }
  return Value::of_list(evaluation.make<ArrayList>(values, count));
}

Value LoopNode::evaluate(Evaluation& evaluation) const {
  const Value range = range_->evaluate(evaluation);
  const bool collects = macro_ == Macro::kFilter || macro_ == Macro::kMap;
  if (range.kind() == Kind::kList) {
    auto at = [&](size_t i) { return range.list().at(evaluation, i); };
    return collects ? collect(evaluation, range.list().size(), at)
                    : quantify(evaluation, range.list().size(), at);
  }
  if (range.kind() != Kind::kMap) return range.is_error() ? range : no_overload();
  auto at = [&](size_t i) { return range.map().key_at(evaluation, i); };
  return collects ? collect(evaluation, range.map().size(), at)
                  : quantify(evaluation, range.map().size(), at);
}

Value MatchNode::evaluate(Evaluation& evaluation) const {
  const Value text = text_->evaluate(evaluation);
  if (text.kind() != Kind::kString) return text.is_error() ? text : no_overload();
  if (!evaluation.charge(1 + text.text().size() / 16)) return Evaluation::too_much();
  return Value::of_bool(
      re2::RE2::PartialMatch(re2::StringPiece(text.text().data(), text.text().size()), *pattern_));
}

Value ZoneNode::evaluate(Evaluation& evaluation) const {
  const Value value = timestamp_->evaluate(evaluation);
  if (value.kind() != Kind::kTimestamp) return value.is_error() ? value : no_overload();
  Moment moment = value.moment();
  moment.seconds += zone_->offset_at(moment.seconds);
  return Value::of_timestamp(moment);
}

}  // namespace bia::cel
