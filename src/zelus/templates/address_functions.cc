// sprig's URLs, paths, host names and environment.
#include <fmt/format.h>

#include <cctype>
#include <cstdlib>

#include "bia/net/resolver.h"
#include "zelus/templates/function.h"
#include "zelus/templates/random.h"
#include "zelus/templates/url.h"

namespace zelus::templates {
namespace {

Result<Value> url_parse(Args args) {
  std::string problem;
  const auto url = parse_url(args[0].as_text(), problem);
  if (!url) return call_error("unable to parse url: " + problem);
  return Value::map({{"scheme", Value::text(url->scheme)},
                     {"host", Value::text(url->host)},
                     {"hostname", Value::text(url->hostname())},
                     {"path", Value::text(url->path)},
                     {"query", Value::text(url->query)},
                     {"opaque", Value::text(url->opaque)},
                     {"fragment", Value::text(url->fragment)},
                     {"userinfo", Value::text(url->user)}});
}

Result<Value> url_join(Args args) {
  Url url;
  const std::pair<std::string_view, std::string*> kParts[] = {
      {"scheme", &url.scheme}, {"host", &url.host},     {"path", &url.path},
      {"query", &url.query},   {"opaque", &url.opaque}, {"fragment", &url.fragment},
      {"userinfo", &url.user}};
  for (const auto& [key, part] : kParts) {
    const auto found = args[0].members().find(key);
    if (found == args[0].members().end()) continue;
    if (!found->second.is(Type::kString))
      return call_error(fmt::format("unable to parse {} key, must be of type string, but {} found",
                                    key, kind_name(found->second)));
    *part = found->second.as_text();
  }
  if (!url.user.empty()) {
    std::string problem;
    const auto parsed = parse_url(fmt::format("proto://{}@host", url.user), problem);
    if (!parsed) return call_error("unable to parse userinfo in dict: " + problem);
    url.user = parsed->user;
  }
  return Value::text(url_text(url));
}

/// Go's path.Clean.
std::string clean(std::string_view path) {
  if (path.empty()) return ".";
  const bool rooted = path[0] == '/';
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == ".." && !parts.empty() && parts.back() != "..")
      parts.pop_back();
    else if (part != ".." || !rooted)
      parts.push_back(part);
  }
  std::string out = rooted ? "/" : "";
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += '/';
    out += parts[i];
  }
  return out.empty() ? "." : out;
}
Result<Value> base(Args args) {
  std::string_view path = args[0].as_text();
  if (path.empty()) return Value::text(".");
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  if (path == "/") return Value::text("/");
  return Value::text(std::string(path.substr(path.rfind('/') + 1)));
}
Result<Value> dir(Args args) {
  const std::string& path = args[0].as_text();
  return Value::text(clean(path.substr(0, path.rfind('/') + 1)));
}
Result<Value> ext(Args args) {
  const std::string& path = args[0].as_text();
  const size_t name = path.rfind('/') + 1;
  const size_t dot = path.rfind('.');
  return Value::text(dot == std::string::npos || dot < name ? "" : path.substr(dot));
}
Result<Value> clean_path(Args args) { return Value::text(clean(args[0].as_text())); }
Result<Value> is_absolute(Args args) { return Value::boolean(args[0].as_text().starts_with('/')); }

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

/// Go's os.ExpandEnv: $name, ${name}, and the shell's own of one character.
Result<Value> expand_env(Args args) {
  const std::string& in = args[0].as_text();
  std::string out;
  auto of_name = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
  };
  for (size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '$' || i + 1 == in.size()) {
      out += in[i];
      continue;
    }
    if (in[i + 1] == '{') {
      const size_t close = in.find('}', i);
      if (close == std::string::npos) {
        ++i;  // Go eats a brace that is not closed.
        continue;
      }
      out += variable(in.substr(i + 2, close - i - 2));
      i = close;
      continue;
    }
    if (std::string_view("*#$@!?-0123456789").find(in[i + 1]) != std::string_view::npos) {
      out += variable(in.substr(i + 1, 1));
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < in.size() && of_name(in[end])) ++end;
    if (end == i + 1) {
      out += '$';
      continue;
    }
    out += variable(in.substr(i + 1, end - i - 1));
    i = end - 1;
  }
  return Value::text(std::move(out));
}

/// One of the name's addresses, as it comes. Suspends.
Result<Value> host_by_name(Args args) {
  constexpr auto kPatience = std::chrono::seconds(5);
  auto found = bia::net::resolve(args[0].as_text(), 0, bia::Deadline::after(kPatience));
  if (!found.ok() || found->empty())
    return call_error(fmt::format("no address of \"{}\"", args[0].as_text()));
  const auto which = static_cast<size_t>(random_between(0, static_cast<int64_t>(found->size())));
  return Value::text((*found)[which].host());
}

constexpr Function kFunctions[] = {
    {"urlParse", "s", url_parse},
    {"urlJoin", "m", url_join},
    {"base", "s", base},
    {"dir", "s", dir},
    {"clean", "s", clean_path},
    {"ext", "s", ext},
    {"isAbs", "s", is_absolute},
    {"osBase", "s", base},
    {"osDir", "s", dir},
    {"osClean", "s", clean_path},
    {"osExt", "s", ext},
    {"osIsAbs", "s", is_absolute},
    {"env", "s",
     [](Args args) -> Result<Value> { return Value::text(variable(args[0].as_text())); }},
    {"expandenv", "s", expand_env},
    {"getHostByName", "s", host_by_name},
};

}  // namespace

std::span<const Function> address_functions() { return kFunctions; }

}  // namespace zelus::templates
