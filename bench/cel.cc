// What a rule in CEL costs: nanoseconds an evaluation, beside the same check written in C++.
#include <fmt/format.h>
#include <google/protobuf/descriptor.pb.h>

#include <chrono>
#include <functional>
#include <set>

#include "cel/proto_value.h"
#include "cel/rule.h"

namespace {
using namespace bia;
using Message = google::protobuf::FieldDescriptorProto;

double nanos_each(const std::function<bool()>& once) {
  constexpr int kTimes = 300'000;
  double least = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    int good = 0;
    for (int i = 0; i < kTimes; ++i) good += once();
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    if (good != kTimes) fmt::print("a rule was broken\n");
    least = std::min(least, took.count() / kTimes);
  }
  return least;
}

void row(std::string_view expression, const Message& message,
         const std::function<bool(const Message&)>& by_hand) {
  auto program = cel::compile_rule(expression, {.type = Message::descriptor()},
                                   *google::protobuf::DescriptorPool::generated_pool());
  if (!program.ok()) {
    fmt::print("{}: {}\n", expression, program.error().message());
    return;
  }
  const double ours = nanos_each([&] {
    cel::Evaluation evaluation;
    const cel::Value self = cel::value_of(evaluation, message);
    return program->evaluate(evaluation, {&self, 1}).is_true();
  });
  const double hand = nanos_each([&] { return by_hand(message); });
  fmt::print("{:7.0f} ns  {:7.1f} ns by hand  {}\n", ours, hand, expression);
}

}  // namespace

int main() {
  Message message;
  message.set_name("an_ordinary_name");
  message.set_number(7);
  message.set_json_name("anOrdinaryName");
  for (int i = 0; i < 10; ++i)
    message.mutable_options()->add_uninterpreted_option()->set_positive_int_value(
        static_cast<uint64_t>(i));
  row("this.number > 0", message, [](const Message& m) { return m.number() > 0; });
  row("!has(this.type_name) || this.number < 10", message,
      [](const Message& m) { return !m.has_type_name() || m.number() < 10; });
  row("this.name != this.json_name && this.name.size() <= 100", message,
      [](const Message& m) { return m.name() != m.json_name() && m.name().size() <= 100; });
  row("this.name.startsWith('an_') && this.number in [1, 5, 7]", message, [](const Message& m) {
    const int n = m.number();
    return m.name().starts_with("an_") && (n == 1 || n == 5 || n == 7);
  });
  row("this.options.uninterpreted_option.all(o, o.positive_int_value < 10u)", message,
      [](const Message& m) {
        for (const auto& one : m.options().uninterpreted_option()) {
          if (one.positive_int_value() >= 10) return false;
        }
        return true;
      });
  row("this.options.uninterpreted_option.map(o, o.positive_int_value).unique()", message,
      [](const Message& m) {
        std::set<uint64_t> seen;
        for (const auto& one : m.options().uninterpreted_option())
          seen.insert(one.positive_int_value());
        return seen.size() == static_cast<size_t>(m.options().uninterpreted_option_size());
      });
}
