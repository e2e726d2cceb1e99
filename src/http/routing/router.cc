#include "bia/http/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "base/text.h"
#include "http/message/chars.h"
#include "http/routing/path_template.h"
#include "http/routing/request_path.h"

namespace bia::http {
namespace {

struct ViewHash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

/// Adds a method to "GET, HEAD"; GET brings HEAD along.
void allow_method(std::string& allowed, std::string_view name) {
  const std::string_view known = allowed;
  for (size_t at = known.find(name); at != std::string_view::npos; at = known.find(name, at + 1)) {
    const size_t end = at + name.size();
    if ((at == 0 || known[at - 1] == ' ') && (end == known.size() || known[end] == ',')) return;
  }
  if (!allowed.empty()) allowed += ", ";
  allowed += name;
  if (name == "GET") allow_method(allowed, "HEAD");
}

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return char_is(c, kTokenChar); });
}

}  // namespace

/// A point in the tree of templates: the segments on the way to it are the same.
struct Router::Node {
  struct Variable {
    std::string name;
    size_t first;
    size_t end;
    bool to_end;
  };
  struct Route {
    Method method;
    std::string method_text;
    std::string verb;
    std::vector<Variable> variables;
    RouteHandler handler;
  };
  struct Literal {
    std::string text;
    std::unique_ptr<Node> node;
  };
  /// Comparing a few is faster than hashing one.
  static constexpr size_t kScannedMax = 6;

  std::vector<Literal> literals;
  std::unordered_map<std::string, Node*, ViewHash, std::equal_to<>>
      by_text;  ///< filled above kScannedMax
  std::unique_ptr<Node> one;
  std::unique_ptr<Node> rest;
  std::vector<std::unique_ptr<Route>> routes;
  bool has_verbs = false;

  /// Templates go on below it: where it is "**", segments follow that.
  bool has_children() const { return !literals.empty() || one != nullptr; }

  Node* literal(std::string_view text) const {
    if (by_text.empty()) {
      for (const Literal& child : literals) {
        if (child.text == text) return child.node.get();
      }
      return nullptr;
    }
    const auto found = by_text.find(text);
    return found == by_text.end() ? nullptr : found->second;
  }

  Node& add_literal(const std::string& text) {
    if (Node* known = literal(text)) return *known;
    literals.push_back({text, std::make_unique<Node>()});
    if (!by_text.empty()) {
      by_text.emplace(text, literals.back().node.get());
    } else if (literals.size() > kScannedMax) {
      for (const Literal& child : literals) by_text.emplace(child.text, child.node.get());
    }
    return *literals.back().node;
  }
};

struct Router::Prefix {
  std::string prefix;
  std::vector<std::pair<std::string, RouteHandler>> handlers;
};

/// One lookup: where each segment of the path began, as the search goes down the tree.
struct Router::Search {
  std::string_view method_text;
  Method method;
  std::string_view path;
  PathParams& params;
  std::string* allowed;
  // Not cleared: only what was marked on the way is read.
  std::array<uint32_t, PathTemplate::kSegmentsMax> starts;
  std::array<uint32_t, PathTemplate::kSegmentsMax> ends;

  Search(std::string_view name, std::string_view path_searched, PathParams& found,
         std::string* allowed_methods)
      : method_text(name),
        method(method_of(name)),
        path(path_searched),
        params(found),
        allowed(allowed_methods) {}

  void allow(std::string_view name) const {
    if (allowed != nullptr) allow_method(*allowed, name);
  }

  const Node::Route* route_of(const Node& node, std::string_view verb) const {
    const Node::Route* get = nullptr;
    for (const auto& route : node.routes) {
      if (route->verb != verb) continue;
      if (route->method == method &&
          (method != Method::kOther || route->method_text == method_text))
        return route.get();
      if (route->method == Method::kGet) get = route.get();
    }
    if (get != nullptr && method == Method::kHead) return get;
    for (const auto& route : node.routes) {
      if (route->verb == verb) allow(route->method_text);
    }
    return nullptr;
  }

  const Node::Route* accept(const Node::Route* route, size_t path_end) {
    if (route == nullptr) return nullptr;
    params.count = 0;
    for (const Node::Variable& variable : route->variables) {
      const size_t begin = variable.first < variable.end ? starts[variable.first] : path_end;
      const size_t end = variable.to_end ? path_end : ends[variable.end - 1];
      params.params[params.count++] = {
          variable.name, begin < end ? path.substr(begin, end - begin) : std::string_view()};
    }
    return route;
  }

  /// `at` is where segment `depth` begins.
  const Node::Route* walk(const Node& node, size_t at, size_t depth) {
    const auto* slash =
        static_cast<const char*>(std::memchr(path.data() + at, '/', path.size() - at));
    if (slash == nullptr) return last(node, at, depth);
    const auto end = static_cast<size_t>(slash - path.data());
    if (const Node* child = node.literal(path.substr(at, end - at))) {
      mark(depth, at, end);
      if (const Node::Route* found = walk(*child, end + 1, depth + 1)) return found;
    }
    if (node.one != nullptr && end > at) {
      mark(depth, at, end);
      if (const Node::Route* found = walk(*node.one, end + 1, depth + 1)) return found;
    }
    return node.rest == nullptr ? nullptr : take_rest(*node.rest, at, depth);
  }

  void mark(size_t depth, size_t begin, size_t end) {
    starts[depth] = static_cast<uint32_t>(begin);
    ends[depth] = static_cast<uint32_t>(end);
  }

  const Node::Route* last(const Node& node, size_t at, size_t depth) {
    const std::string_view segment = path.substr(at);
    // Not rfind, which goes a byte at a time; most segments have none, and ids are long.
    const auto* colon =
        segment.empty() ? nullptr
                        : static_cast<const char*>(memrchr(segment.data(), ':', segment.size()));
    if (colon != nullptr) {
      const auto verb_at = static_cast<size_t>(colon - path.data());
      if (const Node::Route* found = last_as(node, at, depth, verb_at)) return found;
    }
    if (const Node::Route* found = last_as(node, at, depth, path.size())) return found;
    return node.rest == nullptr ? nullptr : take_rest(*node.rest, at, depth);
  }

  /// The last segment ends at `end`; what follows, where anything does, is ':' and a verb.
  const Node::Route* last_as(const Node& node, size_t at, size_t depth, size_t end) {
    const std::string_view verb = end < path.size() ? path.substr(end + 1) : std::string_view();
    if (end < path.size() && verb.empty()) return nullptr;
    if (const Node* child = node.literal(path.substr(at, end - at))) {
      mark(depth, at, end);
      if (const Node::Route* found = leaf(*child, verb, end, depth)) return found;
    }
    if (node.one != nullptr && end > at) {
      mark(depth, at, end);
      if (const Node::Route* found = leaf(*node.one, verb, end, depth)) return found;
    }
    return nullptr;
  }

  const Node::Route* leaf(const Node& node, std::string_view verb, size_t end, size_t depth) {
    if (!verb.empty() && !node.has_verbs) return nullptr;
    if (const Node::Route* found = accept(route_of(node, verb), end)) return found;
    // "/a/**" matches "/a" too: zero segments.
    if (node.rest == nullptr || !verb.empty() || depth + 1 >= starts.size()) return nullptr;
    mark(depth + 1, end, end);
    return accept(route_of(*node.rest, {}), end);
  }

  /// "**" and what is behind it, which is of one length: so at most one end of "**" fits a
  /// template.
  const Node::Route* take_middle(const Node& node, size_t at, size_t depth) {
    mark(depth, at, at - 1);  // No segment.
    if (const Node::Route* found = walk(node, at, depth + 1)) return found;
    for (size_t end = path.find('/', at); end != std::string_view::npos;
         end = path.find('/', end + 1)) {
      mark(depth, at, end);
      if (const Node::Route* found = walk(node, end + 1, depth + 1)) return found;
    }
    return nullptr;
  }

  const Node::Route* take_rest(const Node& node, size_t at, size_t depth) {
    if (node.has_children()) {
      if (const Node::Route* found = take_middle(node, at, depth)) return found;
    }
    mark(depth, at, path.size());
    const size_t colon = node.has_verbs ? path.rfind(':') : std::string_view::npos;
    if (colon != std::string_view::npos && colon >= at &&
        path.find('/', colon) == std::string_view::npos) {
      if (const Node::Route* found = accept(route_of(node, path.substr(colon + 1)), colon))
        return found;
    }
    return accept(route_of(node, {}), path.size());
  }
};

std::string_view PathParams::get(std::string_view name) const {
  for (size_t i = 0; i < count; ++i) {
    if (params[i].name == name) return params[i].value;
  }
  return {};
}

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

Result<void> Router::add(std::string_view method, std::string_view path_template,
                         RouteHandler handler) {
  if (!is_token(method)) {
    return Error(Code::kInvalidArgument, "BAD_METHOD",
                 fmt::format("route {}: \"{}\" is no method", path_template, method));
  }
  auto parsed = BIA_TRY(parse_path_template(path_template));
  Node* node = root_.get();
  for (const auto& segment : parsed.segments) {
    if (segment.kind == PathTemplate::Kind::kLiteral) {
      std::string storage;
      node = &node->add_literal(std::string(normal_path(segment.text, storage)));
      continue;
    }
    auto& child = segment.kind == PathTemplate::Kind::kOne ? node->one : node->rest;
    if (child == nullptr) child = std::make_unique<Node>();
    node = child.get();
  }
  for (const auto& other : node->routes) {
    if (other->method_text == method && other->verb == parsed.verb) {
      return Error(Code::kAlreadyExists, "ROUTE_EXISTS",
                   fmt::format("{} {} matches the same paths as a route that was added before",
                               method, path_template));
    }
  }
  auto route = std::make_unique<Node::Route>();
  route->method = method_of(method);
  route->method_text = method;
  route->verb = parsed.verb;
  for (const auto& variable : parsed.variables) {
    const bool to_end = variable.end == parsed.segments.size() &&
                        parsed.segments.back().kind == PathTemplate::Kind::kRest;
    route->variables.push_back({variable.name, variable.first, variable.end, to_end});
  }
  route->handler = std::move(handler);
  if (!route->verb.empty()) node->has_verbs = true;
  node->routes.push_back(std::move(route));
  allow_method(methods_, method);
  return {};
}

void Router::add_prefix(std::string_view method, std::string_view prefix, RouteHandler handler) {
  auto known = std::find_if(prefixes_.begin(), prefixes_.end(),
                            [prefix](const auto& p) { return p->prefix == prefix; });
  if (known == prefixes_.end()) {
    prefixes_.push_back(std::make_unique<Prefix>());
    prefixes_.back()->prefix = prefix;
    // The longest first.
    std::stable_sort(prefixes_.begin(), prefixes_.end(), [](const auto& a, const auto& b) {
      return a->prefix.size() > b->prefix.size();
    });
    known = std::find_if(prefixes_.begin(), prefixes_.end(),
                         [prefix](const auto& p) { return p->prefix == prefix; });
  }
  auto& handlers = (*known)->handlers;
  std::erase_if(handlers, [method](const auto& entry) { return entry.first == method; });
  handlers.emplace_back(method, std::move(handler));
  allow_method(methods_, method);
}

const RouteHandler* Router::find(std::string_view method, std::string_view path, PathParams& params,
                                 std::string* allowed) const {
  params.count = 0;
  if (allowed != nullptr) allowed->clear();
  if (path.empty() || path[0] != '/') return nullptr;
  Search search(method, path, params, allowed);
  if (const Node::Route* route = search.walk(*root_, 1, 0)) return &route->handler;
  for (const auto& prefix : prefixes_) {
    if (!path.starts_with(prefix->prefix)) continue;
    const RouteHandler* get = nullptr;
    for (const auto& [name, handler] : prefix->handlers) {
      if (name == method) return &handler;
      if (name == "GET") get = &handler;
    }
    if (get != nullptr && search.method == Method::kHead) return get;
    for (const auto& entry : prefix->handlers) search.allow(entry.first);
  }
  return nullptr;
}

/// Kratos' StrictSlash: "/a/" and "//a" lead to "/a" where that has a route, and else "/a" and
/// "//a" to "/a/". False where neither has one.
bool Router::redirect_to_clean(ServerRequest& request, std::string_view path,
                               ServerResponse& response) const {
  // "OPTIONS *" has no path.
  if (!path.starts_with('/')) return false;
  std::string clean = clean_path(path);
  PathParams params;
  const auto leads_on = [&] {
    return clean != path && !is_unclean(clean) &&
           find(request.method_text(), clean, params, nullptr) != nullptr;
  };
  if (!leads_on()) {
    if (clean == "/") return false;
    clean += '/';
    if (!leads_on()) return false;
  }
  clean = escaped_path(clean);
  if (!request.query().empty()) fmt::format_to(std::back_inserter(clean), "?{}", request.query());
  write_error(response, 301, "MOVED_PERMANENTLY", fmt::format("see {}", clean));
  response.add_header("Location", clean);
  return true;
}

void Router::set_not_found(RouteHandler handler) { not_found_ = std::move(handler); }

Router& Router::host(std::string_view pattern) {
  const std::string name = lower_case(pattern);
  for (const auto& [known, router] : hosts_) {
    if (known == name) return *router;
  }
  hosts_.emplace_back(name, std::make_unique<Router>());
  // The longest pattern is the closest one.
  std::stable_sort(hosts_.begin(), hosts_.end(),
                   [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  for (auto& [known, router] : hosts_) {
    if (known == name) return *router;
  }
  return *this;
}

/// Null where none is for it. `host` is as in the request: with a port, in any case.
const Router* Router::router_of(std::string_view host) const {
  if (hosts_.empty()) return nullptr;
  std::string name = lower_case(host);
  const size_t port = name.rfind(':');
  if (port != std::string::npos && name.find(']', port) == std::string::npos) name.resize(port);
  if (name.ends_with('.')) name.pop_back();
  const Router* of_pattern = nullptr;
  for (const auto& [pattern, router] : hosts_) {
    if (pattern == name) return router.get();
    const bool below = pattern.starts_with("*.") && name.size() >= pattern.size() &&
                       name.ends_with(std::string_view(pattern).substr(1));
    if (below && of_pattern == nullptr) of_pattern = router.get();
  }
  return of_pattern;
}

void Router::serve(ServerRequest& request, ServerResponse& response) const {
  PathParams params;
  std::string allowed;
  const Router* of_host = hosts_.empty() ? nullptr : router_of(request.header("host"));
  std::string_view path = request.path();
  std::string normal;  // What `params` are views of, then.
  if (has_doubtful_part(path)) {
    path = normal_path(path, normal);
    if (is_unclean(path)) {
      // Before a "**" may take it: its handler would get "../etc".
      if (of_host != nullptr && of_host->redirect_to_clean(request, path, response)) return;
      if (redirect_to_clean(request, path, response)) return;
      return refuse(request, of_host, allowed, response);
    }
  }
  if (of_host != nullptr) {
    if (const RouteHandler* handler = of_host->find(request.method_text(), path, params, &allowed))
      return (*handler)(request, params, response);
    // Its paths hide those of all hosts.
    if (!allowed.empty()) return refuse(request, of_host, allowed, response);
    if (of_host->redirect_to_clean(request, path, response)) return;
  }
  if (const RouteHandler* handler = find(request.method_text(), path, params, &allowed)) {
    (*handler)(request, params, response);
    return;
  }
  if (allowed.empty() && redirect_to_clean(request, path, response)) return;
  refuse(request, of_host, allowed, response);
}

/// 404, or where the path has other methods 405; OPTIONS asks for just those.
void Router::refuse(ServerRequest& request, const Router* of_host, std::string& allowed,
                    ServerResponse& response) const {
  const bool options = request.method() == Method::kOptions;
  const bool of_server = options && request.path() == "*";
  if (of_server) {
    for (const Router* router : {of_host, this}) {
      std::string_view methods = router ? router->methods_ : std::string_view();
      while (!methods.empty()) allow_method(allowed, cut(methods, ','));
    }
  }
  if (!allowed.empty()) response.add_header("Allow", allowed);
  if (options && (!allowed.empty() || of_server)) return response.set_status(204);
  if (const RouteHandler& own = of_host && of_host->not_found_ ? of_host->not_found_ : not_found_) {
    response.set_status(allowed.empty() ? 404 : 405);
    own(request, PathParams(), response);
    return;
  }
  if (allowed.empty()) {
    write_error(response, 404, "NOT_FOUND", fmt::format("no route for {}", request.path()));
  } else {
    write_error(
        response, 405, "METHOD_NOT_ALLOWED",
        fmt::format("{} has no {}; it has {}", request.path(), request.method_text(), allowed));
  }
}

}  // namespace bia::http
