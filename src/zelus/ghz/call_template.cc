#include "zelus/ghz/call_template.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <random>

#include "bia/base/assert.h"
#include "zelus/ghz/printers.h"
#include "zelus/metrics/go_time.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;

std::mt19937_64& random_source() {
  // Not fiber-local, and needs not be: a number drawn by another fiber in between harms nobody.
  thread_local std::mt19937_64 source = [] {
    // std::random_device takes 5 KB of the fiber's stack.
    uint64_t seed = 0;
    BIA_ASSERT(getentropy(&seed, sizeof seed) == 0);
    return std::mt19937_64(seed);
  }();
  return source;
}

int64_t random_between(int64_t low, int64_t below) {
  return std::uniform_int_distribution<int64_t>(low, below - 1)(random_source());
}

std::string uuid_v4() {
  uint64_t a = random_source()();
  uint64_t b = random_source()();
  a = (a & ~0xF000ull) | 0x4000ull;
  b = (b & ~(0xC0ull << 56)) | (0x80ull << 56);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", a >> 32, (a >> 16) & 0xFFFF, a & 0xFFFF,
                     b >> 48, b & 0xFFFFFFFFFFFFull);
}

std::string random_string(int64_t length) {
  constexpr std::string_view kLetters =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  if (length <= 0) length = random_between(2, 17);
  std::string text;
  for (int64_t i = 0; i < length; ++i)
    text += kLetters[static_cast<size_t>(random_between(0, static_cast<int64_t>(kLetters.size())))];
  return text;
}

int64_t unix_now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    size_t end = text.find(' ');
    if (end != 0) words.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return words;
}

/// The longest text that randomString makes; a template must not ask for all memory.
constexpr int64_t kRandomStringMax = 1 << 20;

}  // namespace

Result<CallTemplate::Part> CallTemplate::parse_action(std::string_view action,
                                                      Functions functions) {
  constexpr std::pair<std::string_view, Action> kVariables[] = {
      {".WorkerID", Action::kWorkerId},
      {".RequestNumber", Action::kRequestNumber},
      {".FullyQualifiedName", Action::kFullName},
      {".MethodName", Action::kMethodName},
      {".ServiceName", Action::kServiceName},
      {".InputName", Action::kInputName},
      {".OutputName", Action::kOutputName},
      {".IsClientStreaming", Action::kClientStreaming},
      {".IsServerStreaming", Action::kServerStreaming},
      {".Timestamp", Action::kTimestamp},
      {".TimestampUnix", Action::kTimestampUnix},
      {".TimestampUnixMilli", Action::kTimestampUnixMilli},
      {".TimestampUnixNano", Action::kTimestampUnixNano},
      {".UUID", Action::kUuid},
      {"newUUID", Action::kUuid},
      {"randomString", Action::kRandomString},
      {"randomInt", Action::kRandomInt}};
  std::vector<std::string_view> words = words_of(action);
  auto refuse = [&](std::string_view why) {
    return Error(Code::kInvalidArgument, "BAD_TEMPLATE",
                 fmt::format("template: call_template_data: {} in \"{{{{{}}}}}\"", why, action));
  };
  if (words.empty()) return refuse("missing value for command");
  for (const auto& [name, kind] : kVariables) {
    if (words[0] != name) continue;
    if (name[0] != '.' && functions == Functions::kDisabled)
      return refuse(fmt::format("function \"{}\" not defined", name));
    Part part{kind, {}};
    size_t wanted = kind == Action::kRandomInt ? 3 : kind == Action::kRandomString ? 2 : 1;
    if (words.size() != wanted) return refuse(fmt::format("wrong number of args for {}", name));
    int64_t* targets[] = {&part.low, &part.high};
    for (size_t i = 1; i < words.size(); ++i) {
      auto read =
          std::from_chars(words[i].data(), words[i].data() + words[i].size(), *targets[i - 1]);
      if (read.ec != std::errc() || read.ptr != words[i].data() + words[i].size())
        return refuse(fmt::format("\"{}\" is not an integer", words[i]));
    }
    if (kind == Action::kRandomString && part.low > kRandomStringMax)
      return refuse(fmt::format("a length above {}", kRandomStringMax));
    if (kind == Action::kRandomInt) {
      part.low = std::max<int64_t>(part.low, 0);
      if (part.high <= 0) part.high = 1;
      if (part.low >= part.high) return refuse("the lower bound is not below the upper one");
    }
    return part;
  }
  if (words[0][0] == '.')
    return refuse(
        fmt::format("can't evaluate field {} in type runner.CallData", words[0].substr(1)));
  return Error(Code::kUnimplemented, "NOT_BUILT",
               fmt::format("template: \"{}\" in \"{{{{{}}}}}\" is not built yet", words[0], action))
      .with_hint(
          "variables, newUUID, randomString and randomInt are; --disable-template-data sends the "
          "text as it is");
}

Result<CallTemplate> CallTemplate::parse(std::string_view text, Functions functions) {
  CallTemplate result;
  while (!text.empty()) {
    size_t open = text.find("{{");
    if (open > 0) result.parts_.push_back({Action::kText, std::string(text.substr(0, open))});
    if (open == std::string_view::npos) break;
    size_t close = text.find("}}", open);
    if (close == std::string_view::npos)
      return Error(Code::kInvalidArgument, "BAD_TEMPLATE",
                   "template: call_template_data: unclosed action");
    result.parts_.push_back(
        BIA_TRY(parse_action(text.substr(open + 2, close - open - 2), functions)));
    text.remove_prefix(close + 2);
  }
  return result;
}

void CallTemplate::render(const CallData& call, std::string& out) const {
  for (const Part& part : parts_) {
    switch (part.action) {
      case Action::kText:
        out += part.text;
        break;
      case Action::kWorkerId:
        out += call.worker_id;
        break;
      case Action::kRequestNumber:
        out += std::to_string(call.request_number);
        break;
      case Action::kFullName:
        out += call.full_name;
        break;
      case Action::kMethodName:
        out += call.method_name;
        break;
      case Action::kServiceName:
        out += call.service_name;
        break;
      case Action::kInputName:
        out += call.input_name;
        break;
      case Action::kOutputName:
        out += call.output_name;
        break;
      case Action::kClientStreaming:
        out += call.client_streaming ? "true" : "false";
        break;
      case Action::kServerStreaming:
        out += call.server_streaming ? "true" : "false";
        break;
      case Action::kTimestamp:
        metrics::append_rfc3339(out, unix_now_ns(), metrics::TimePrecision::kSeconds);
        break;
      case Action::kTimestampUnix:
        out += std::to_string(unix_now_ns() / 1'000'000'000);
        break;
      case Action::kTimestampUnixMilli:
        out += std::to_string(unix_now_ns() / 1'000'000);
        break;
      case Action::kTimestampUnixNano:
        out += std::to_string(unix_now_ns());
        break;
      case Action::kUuid:
        out += uuid_v4();
        break;
      case Action::kRandomString:
        out += random_string(part.low);
        break;
      case Action::kRandomInt:
        out += std::to_string(random_between(part.low, part.high));
        break;
    }
  }
}

}  // namespace zelus::ghz
