#include "zelus/ghz/flags.h"

#include <fmt/format.h>

#include <sstream>

#include "base/read_file.h"
#include "bia/base/time.h"
#include "zelus/templates/number.h"

namespace zelus::ghz {
namespace {

using bia::Code;
using bia::Error;
using bia::Result;
using Kind = Flag::Kind;

constexpr Flag kFlags[] = {
    {"config", 0, Kind::kString, "",
     "Path to the JSON, TOML or YAML config file with all settings."},
    {"proto", 0, Kind::kString, "", "The Protocol Buffer .proto file."},
    {"protoset", 0, Kind::kString, "",
     "The compiled protoset file. Alternative to proto. -proto takes precedence."},
    {"call", 0, Kind::kString, "",
     "A fully-qualified method name in 'package.Service/method' or 'package.Service.Method' "
     "format."},
    {"import-paths", 'i', Kind::kString, "",
     "Comma separated list of proto import paths. The current working directory and the directory "
     "of the protocol buffer file are automatically added to the import list."},
    {"cacert", 0, Kind::kString, "",
     "File containing trusted root certificates for verifying the server."},
    {"cert", 0, Kind::kString, "",
     "File containing client certificate (public key), to present to the server. Must also provide "
     "-key option."},
    {"key", 0, Kind::kString, "",
     "File containing client private key, to present to the server. Must also provide -cert "
     "option."},
    {"cname", 0, Kind::kString, "",
     "Server name override when validating TLS certificate - useful for self signed certs."},
    {"skipTLS", 0, Kind::kBool, "false",
     "Skip TLS client verification of the server's certificate chain and host name."},
    {"insecure", 0, Kind::kBool, "false", "Use plaintext and insecure connection."},
    {"authority", 0, Kind::kString, "",
     "Value to be used as the :authority pseudo-header. Only works if -insecure is used."},
    {"async", 0, Kind::kBool, "false",
     "Make requests asynchronous as soon as possible. Does not wait for request to finish before "
     "sending next one."},
    {"rps", 'r', Kind::kUint, "0",
     "Requests per second (RPS) rate limit for constant load schedule. Default is no rate limit."},
    {"load-schedule", 0, Kind::kString, "const",
     "Specifies the load schedule: const, step, or line."},
    {"load-start", 0, Kind::kUint, "0", "The RPS load start value for step or line schedules."},
    {"load-step", 0, Kind::kInt, "0", "The load step value or slope value."},
    {"load-end", 0, Kind::kUint, "0", "The load end value for step or line load schedules."},
    {"load-step-duration", 0, Kind::kDuration, "0",
     "The load step duration for step load schedule."},
    {"load-max-duration", 0, Kind::kDuration, "0", "The max load duration for step or line."},
    {"concurrency", 'c', Kind::kUint, "50",
     "Number of request workers to run concurrently for const concurrency schedule."},
    {"concurrency-schedule", 0, Kind::kString, "const",
     "Concurrency change schedule: const, step, or line."},
    {"concurrency-start", 0, Kind::kUint, "0", "Concurrency start value for step and line."},
    {"concurrency-end", 0, Kind::kUint, "0", "Concurrency end value for step and line."},
    {"concurrency-step", 0, Kind::kInt, "1", "Concurrency step / slope value."},
    {"concurrency-step-duration", 0, Kind::kDuration, "0", "The concurrency step duration."},
    {"concurrency-max-duration", 0, Kind::kDuration, "0",
     "The max concurrency adjustment duration."},
    {"total", 'n', Kind::kUint, "200", "Number of requests to run. 0 runs until Ctrl-C."},
    {"timeout", 't', Kind::kDuration, "20s", "Timeout for each request, use 0 for infinite."},
    {"duration", 'z', Kind::kDuration, "0",
     "Duration of application to send requests. If duration is specified, n is ignored. Examples: "
     "-z "
     "10s -z 3m."},
    {"max-duration", 'x', Kind::kDuration, "0",
     "Maximum duration of application to send requests with n setting respected. Examples: -x 10s "
     "-x "
     "3m."},
    {"duration-stop", 0, Kind::kString, "close",
     "Specifies how duration stop is reported. Options are close, wait or ignore."},
    {"data", 'd', Kind::kString, "",
     "The call data as stringified JSON. If the value is '@' then the request contents are read "
     "from "
     "stdin."},
    {"data-file", 'D', Kind::kString, "", "File path for call data JSON file."},
    {"binary", 'b', Kind::kBool, "false",
     "The call data comes as serialized binary message or multiple count-prefixed messages read "
     "from "
     "stdin."},
    {"binary-file", 'B', Kind::kString, "",
     "File path for the call data as serialized binary message."},
    {"metadata", 'm', Kind::kString, "", "Request metadata as stringified JSON."},
    {"metadata-file", 'M', Kind::kString, "", "File path for call metadata JSON file."},
    {"stream-interval", 0, Kind::kDuration, "0",
     "Interval for stream requests between message sends."},
    {"stream-call-duration", 0, Kind::kDuration, "0",
     "Duration after which client will close the stream in each streaming call."},
    {"stream-call-count", 0, Kind::kUint, "0",
     "Count of messages sent, after which client will close the stream."},
    {"stream-dynamic-messages", 0, Kind::kBool, "false",
     "In streaming calls, apply call template data on every message send."},
    {"reflect-metadata", 0, Kind::kString, "",
     "Reflect metadata as stringified JSON used only for reflection request."},
    {"output", 'o', Kind::kString, "", "Output path. If none provided stdout is used."},
    {"format", 'O', Kind::kString, "summary",
     "Output format. One of: summary, csv, json, pretty, html, influx-summary, influx-details, "
     "prometheus."},
    {"skipFirst", 0, Kind::kUint, "0", "Skip the first X requests when doing the results tally."},
    {"count-errors", 0, Kind::kBool, "false",
     "Count erroneous (non-OK) responses in stats calculations."},
    {"connections", 0, Kind::kUint, "1",
     "Number of connections to use. Concurrency is distributed evenly among all the connections."},
    {"connect-timeout", 0, Kind::kDuration, "10s",
     "Connection timeout for the initial connection dial."},
    {"keepalive", 0, Kind::kDuration, "0", "Keepalive time duration. Only used if above 0."},
    {"name", 0, Kind::kString, "", "User specified name for the test."},
    {"tags", 0, Kind::kString, "", "JSON representation of user-defined string tags."},
    {"cpus", 0, Kind::kUint, "0", "Number of cpu cores to use; 0 is all that the process may use."},
    {"debug", 0, Kind::kString, "", "The path to debug log file."},
    {"enable-compression", 'e', Kind::kBool, "false", "Enable Gzip compression on requests."},
    {"lb-strategy", 0, Kind::kString, "",
     "Client load balancing strategy: pick_first or round_robin (of the addresses of a dns:/// "
     "host)."},
    {"max-recv-message-size", 0, Kind::kString, "", "Maximum message size the client can receive."},
    {"max-send-message-size", 0, Kind::kString, "", "Maximum message size the client can send."},
    {"disable-template-functions", 0, Kind::kBool, "false",
     "Do not use and execute any template functions in call template data."},
    {"series", 0, Kind::kString, "",
     "Beyond ghz: a file that gets the run over time, one JSON line each 200 ms, as bia bench "
     "reads."},
    {"disable-template-data", 0, Kind::kBool, "false",
     "Do not use and execute any call template data."},
};

constexpr size_t kArgumentFileDepthMax = 8;

const Flag* find_long(std::string_view name) {
  for (const Flag& flag : kFlags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

const Flag* find_letter(char letter) {
  for (const Flag& flag : kFlags) {
    if (flag.letter != 0 && flag.letter == letter) return &flag;
  }
  return nullptr;
}

Error usage_error(std::string message) {
  return Error(Code::kInvalidArgument, "BAD_FLAG", std::move(message));
}

class Parser {
 public:
  explicit Parser(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}

  Result<ParsedFlags> run() {
    for (; at_ < arguments_.size(); ++at_) {
      std::string argument = arguments_[at_];
      if (only_host_ || argument.empty() || argument[0] != '-' || argument == "-") {
        BIA_TRY(positional(argument));
      } else if (argument == "--") {
        only_host_ = true;
      } else if (argument.starts_with("--")) {
        BIA_TRY(long_flag(std::string_view(argument).substr(2)));
      } else {
        BIA_TRY(short_flags(std::string_view(argument).substr(1)));
      }
    }
    return std::move(parsed_);
  }

 private:
  Result<void> positional(const std::string& argument) {
    if (!only_host_ && argument.size() > 1 && argument[0] == '@') return expand(argument.substr(1));
    if (!parsed_.host.empty()) return usage_error(fmt::format("unexpected {}", argument));
    parsed_.host = argument;
    return {};
  }

  Result<void> expand(const std::string& path) {
    if (++expanded_ > kArgumentFileDepthMax) return usage_error("too many argument files");
    auto text = bia::read_file(path);
    if (!text) return usage_error(text.error().message());
    std::istringstream file(*text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line[0] != '#') lines.push_back(line);
    }
    arguments_.insert(arguments_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, lines.begin(),
                      lines.end());
    return {};
  }

  Result<void> long_flag(std::string_view text) {
    size_t equals = text.find('=');
    std::string_view name = text.substr(0, equals);
    if (name == "help" || name == "help-long") {
      parsed_.help = true;
      return {};
    }
    if (name == "version") {
      parsed_.version = true;
      return {};
    }
    bool negated = false;
    const Flag* flag = find_long(name);
    if (flag == nullptr && name.starts_with("no-")) {
      flag = find_long(name.substr(3));
      negated = flag != nullptr && flag->kind == Kind::kBool;
      if (!negated) flag = nullptr;
    }
    if (flag == nullptr) return usage_error(fmt::format("unknown long flag '--{}'", name));
    if (flag->kind == Kind::kBool) {
      if (equals != std::string_view::npos)
        return usage_error(fmt::format("unexpected {}", text.substr(equals + 1)));
      return set(*flag, negated ? "false" : "true");
    }
    if (equals != std::string_view::npos) return set(*flag, std::string(text.substr(equals + 1)));
    return set_next(*flag, fmt::format("--{}", name));
  }

  Result<void> short_flags(std::string_view letters) {
    for (size_t i = 0; i < letters.size(); ++i) {
      if (letters[i] == 'h' || letters[i] == 'v') {
        (letters[i] == 'h' ? parsed_.help : parsed_.version) = true;
        continue;
      }
      const Flag* flag = find_letter(letters[i]);
      if (flag == nullptr) return usage_error(fmt::format("unknown short flag '-{}'", letters[i]));
      if (flag->kind == Kind::kBool) {
        BIA_TRY(set(*flag, "true"));
        continue;
      }
      std::string_view rest = letters.substr(i + 1);
      if (rest.starts_with('=')) rest.remove_prefix(1);
      if (i + 1 < letters.size()) return set(*flag, std::string(rest));
      return set_next(*flag, fmt::format("-{}", letters[i]));
    }
    return {};
  }

  Result<void> set_next(const Flag& flag, const std::string& shown) {
    bool another = at_ + 1 < arguments_.size();
    if (!another || (arguments_[at_ + 1].size() > 1 && arguments_[at_ + 1][0] == '-')) {
      return usage_error(fmt::format("expected argument for flag '{}'", shown));
    }
    return set(flag, arguments_[++at_]);
  }

  Result<void> set(const Flag& flag, std::string value) {
    BIA_TRY(check_value(flag, value));
    bool fresh = parsed_.values.emplace(flag.name, std::move(value)).second;
    if (!fresh) return usage_error(fmt::format("flag '{}' cannot be repeated", flag.name));
    return {};
  }

  /// Numbers in all of Go's forms ("0x10", "1_000") become plain ones.
  static Result<void> check_value(const Flag& flag, std::string& value) {
    if (flag.kind == Kind::kDuration) {
      auto parsed = bia::parse_go_duration(value);
      if (!parsed.ok()) return usage_error(parsed.error().message());
    }
    if (flag.kind == Kind::kUint) {
      const auto parsed = templates::parse_int(value, 0);
      if (!parsed || *parsed < 0 || value[0] == '+') {
        const bool digits =
            !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
        return usage_error(fmt::format("strconv.ParseUint: parsing \"{}\": {}", value,
                                       digits ? "value out of range" : "invalid syntax"));
      }
      value = std::to_string(*parsed);
    }
    if (flag.kind == Kind::kInt) {
      // As kingpin, which cuts a fraction off.
      const auto parsed = templates::parse_float(value);
      constexpr double kMost = 1e15;
      if (!parsed || !(*parsed >= -kMost && *parsed <= kMost))
        return usage_error(fmt::format("strconv.ParseFloat: parsing \"{}\": {}", value,
                                       parsed ? "value out of range" : "invalid syntax"));
      value = std::to_string(static_cast<int64_t>(*parsed));
    }
    return {};
  }

  std::vector<std::string> arguments_;
  ParsedFlags parsed_;
  size_t at_ = 0;
  size_t expanded_ = 0;
  bool only_host_ = false;
};

/// Words of `text` in lines of at most `width` columns, each but the first indented.
void wrap(std::string& out, std::string_view text, size_t indent, size_t width) {
  size_t column = indent;
  while (!text.empty()) {
    size_t end = text.find(' ');
    std::string_view word = text.substr(0, end);
    if (column > indent && column + 1 + word.size() > width) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  out += '\n';
}

}  // namespace

std::span<const Flag> flags() { return kFlags; }

std::string_view ParsedFlags::get(std::string_view name) const {
  if (auto typed = values.find(name); typed != values.end()) return typed->second;
  const Flag* flag = find_long(name);
  return flag != nullptr ? flag->default_text : std::string_view();
}

Result<ParsedFlags> parse_flags(const std::vector<std::string>& arguments) {
  return Parser(arguments).run();
}

std::string help_text() {
  constexpr size_t kColumn = 33;
  std::string out = "usage: zelus grpc [<flags>] [<host>]\n\nFlags (as ghz 0.121 has them):\n";
  out += "  -h, --help                     Show context-sensitive help.\n";
  for (const Flag& flag : kFlags) {
    std::string left = flag.letter != 0 ? fmt::format("  -{}, --{}", flag.letter, flag.name)
                                        : fmt::format("      --{}", flag.name);
    if (flag.kind != Kind::kBool) {
      left += flag.kind == Kind::kString && !flag.default_text.empty()
                  ? fmt::format("=\"{}\"", flag.default_text)
                  : fmt::format("={}", flag.default_text);
    }
    out += left;
    if (left.size() + 2 > kColumn) {
      out += "  \n";
      out.append(kColumn, ' ');
    } else {
      out.append(kColumn - left.size(), ' ');
    }
    wrap(out, flag.help, kColumn, 80);
  }
  out +=
      "  -v, --version                  Show application version.\n\nArgs:\n  [<host>]  Host and "
      "port to test.\n";
  return out;
}

}  // namespace zelus::ghz
