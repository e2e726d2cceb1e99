#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/base/time.h"

namespace google::protobuf {
class Message;
}

namespace bia {

class ConfigSource;

/// Where a configuration comes from. Later ones win: files in order, then sources of one's own,
/// then the environment, then overrides.
struct ConfigSources {
  /// Files, or folders whose *.yaml, *.yml, *.json and *.toml files are taken in the order of their
  /// names; "etcd://127.0.0.1:2379/shop/config.yaml" is a key in etcd,
  /// "etcd://127.0.0.1:2379/shop/" all such keys below.
  std::vector<std::string> paths;
  /// Environment variables that begin with it are keys, as Kratos' `env.NewSource` has them: the
  /// prefix and one "_" are cut off; "." and "__" nest ("APP_SERVER__HTTP__ADDR" is
  /// server.http.addr: a key that is there is found in any case). Of what does not nest, unknown
  /// keys are no errors: it may be meant for another. Empty: none.
  std::string environment_prefix;
  /// "KEY=VALUE", from the command line; the key is one as `Config::has` takes it, the value may be
  /// a list or map in YAML's flow style.
  std::vector<std::string> overrides;
  /// See bia/bia/config_source.h.
  std::vector<std::shared_ptr<ConfigSource>> own = {};
};

/// A service's configuration: YAML, JSON and TOML, merged (maps merge, anything else is replaced),
/// as Kratos does. "${key}" and "${key:default}" in a string stand for another key of the
/// configuration or, where there is none, for an environment variable; "$${" is "${". Errors say
/// file and line: `configs/config.yaml:12: …`; they show values of `server` and its kin, never
/// those of the service's own keys, which may be secrets (but for the KEY of a placeholder that
/// stands for nothing). Immutable: any thread may read one.
class Config {
 public:
  /// Blocks. Errors: kNotFound for a missing path or a folder without files; kInvalidArgument for
  /// what cannot be read or resolved.
  static Result<Config> load(const ConfigSources& sources);
  static Result<Config> load(const std::string& path);
  /// `name` stands for the file in errors; its extension says the format.
  static Result<Config> parse(std::string_view text, std::string_view name = "config.yaml");
  Config(Config&&) noexcept;
  Config& operator=(Config&&) noexcept;
  ~Config();

  /// Keys are dotted: "data.database.source". A name with dots of its own stands in quotes:
  /// "tenants.\"shop.example\".source"; "server.http.operations./pkg.Svc/Method.timeout" needs
  /// none.
  bool has(std::string_view key) const;
  /// The two have the same value there, or both none.
  bool same(const Config& other, std::string_view key) const;
  /// The names below a key, in order; empty where it is no map.
  std::vector<std::string> keys(std::string_view key) const;
  /// The key of one of those, with quotes where it needs them.
  static std::string below(std::string_view key, std::string_view name);
  /// "configs/config.yaml:12", for errors of your own; empty where there is no such key.
  std::string where(std::string_view key) const;

  /// The value. Errors: kNotFound; kInvalidArgument where it is of another type.
  Result<std::string> string(std::string_view key) const;
  Result<int64_t> integer(std::string_view key) const;
  Result<double> real(std::string_view key) const;
  Result<bool> boolean(std::string_view key) const;
  /// "1s", "0.2s", "1m30s".
  Result<Duration> duration(std::string_view key) const;
  Result<std::vector<std::string>> strings(std::string_view key) const;

  /// Fills a message, whose fields are the keys (in snake_case or lowerCamelCase), as Kratos'
  /// `Scan` does. `key` is where the message begins; empty: at the top, and then bia's own sections
  /// (server, runtime, log, metrics, health, debug, tracing, registry) may be missing from the
  /// message. Absent keys leave fields as they are; an absent `key` is a message without
  /// any. Errors: kInvalidArgument for an unknown key, with what is close to it, for a value of
  /// another type, and for a field that is missing although its `.proto` marks it
  /// `[(google.api.field_behavior) = REQUIRED]` or `[(buf.validate.field).required = true]`.
  Result<void> scan(std::string_view key, google::protobuf::Message& into) const;
  Result<void> scan(google::protobuf::Message& into) const { return scan({}, into); }

  /// Errors: kInvalidArgument for the first key below `key` that is not one of `known`.
  Result<void> only(std::string_view key, std::initializer_list<std::string_view> known) const;

  struct Node;

 private:
  explicit Config(std::unique_ptr<Node> root);
  const Node* find(std::string_view key) const;
  Result<const Node*> scalar(std::string_view key) const;
  std::unique_ptr<Node> root_;
};

}  // namespace bia
