#include <gmock/gmock.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "bia/app/config_reload.h"
#include "bia/bia/log.h"
#include "bia/config/config_node.h"
#include "bia/config/config_watch.h"
#include "bia/fiber/scheduler.h"
#include "bia/fiber/threads.h"

namespace bia {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string json_error(const std::string& text) {
  return Config::parse(text, "c.json").error().message();
}
std::string toml_error(const std::string& text) {
  return Config::parse(text, "c.toml").error().message();
}

TEST(ConfigJson, KeepsPlacesAndTypes) {
  const Config config = *Config::parse(
      "{\n\t\"a\": {\n\t\t\"b\": \"te\\u0078t \\ud83d\\ude00\",\n\t\t\"n\": 12\n\t},\n\t\"l\": "
      "[true,\n\"true\", null, 1.5e3]\n}",
      "c.json");
  EXPECT_EQ(*config.string("a.b"), "text \xF0\x9F\x98\x80");
  EXPECT_EQ(*config.integer("a.n"), 12);
  EXPECT_EQ(config.where("a.n"), "c.json:4");
  EXPECT_EQ(config.string("l").error().message(), "c.json:6: l is not a string");
  EXPECT_EQ(Config::parse("{\"a\": \"true\"}", "c.json")->boolean("a").error().message(),
            "c.json:1: a is not true or false");
}

TEST(ConfigJson, SaysWhereItIsBad) {
  EXPECT_THAT(json_error("{\"a\": 1,\n\"b\": }"), HasSubstr("c.json:2: "));
  EXPECT_EQ(json_error("{\"a\": 1,\n\"a\": 2}"), "c.json:2: the key a is there twice");
  EXPECT_EQ(json_error("[1]"), "c.json:1: expected an object, like {\"server\": {}}");
  EXPECT_THAT(json_error("{\"a\": 1} x"), HasSubstr("c.json:1: "));
  EXPECT_THAT(json_error("{\"a\": " + std::string(100'000, '[')),
              HasSubstr("nested deeper than 64"));
  EXPECT_THAT(json_error(""), HasSubstr("c.json:1: "));
}

TEST(ConfigToml, KeepsPlacesAndTypes) {
  const Config config = *Config::parse(
      "name = \"n\"\n[server.http]\naddr = ':1'\nn = 0x10\nt = true\nx = 1.5\nl = [1, "
      "'b']\n[[many]]\nk = 1\n",
      "c.toml");
  EXPECT_EQ(*config.string("server.http.addr"), ":1");
  EXPECT_EQ(*config.integer("server.http.n"), 16);
  EXPECT_TRUE(*config.boolean("server.http.t"));
  EXPECT_EQ(*config.real("server.http.x"), 1.5);
  EXPECT_THAT(*config.strings("server.http.l"), ElementsAre("1", "b"));
  EXPECT_EQ(config.where("server.http.addr"), "c.toml:3");
}

TEST(ConfigToml, SaysWhereItIsBadWithoutItsValues) {
  const std::string error = toml_error("a = 1\npassword = hunter2\n");
  EXPECT_THAT(error, HasSubstr("c.toml:2: "));
  EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  EXPECT_THAT(toml_error("a = 1\na = 2\n"), HasSubstr("c.toml:2: "));
}

TEST(ConfigSources, EnvironmentComesOverFiles) {
  using Node = Config::Node;
  Node root = *config_detail::parse_yaml("server:\n  http:\n    addr: :1\nName: x\n", "c.yaml");
  const char* const variables[] = {"APP_SERVER__HTTP__ADDR=:2",
                                   "APP_NAME=y",
                                   "APP_new.key=z",
                                   "APP_DATA__SOURCE=s",
                                   "OTHER=1",
                                   "APP_=1",
                                   "APP_a..b=1",
                                   "APP_TOKEN=t",
                                   nullptr};
  config_detail::add_environment(root, "APP_", variables);
  const auto text = [&](const char* key) {
    const Node* node = config_detail::find(root, key);
    return node ? node->text : "none";
  };
  EXPECT_EQ(text("server.http.addr"), ":2");
  EXPECT_EQ(text("Name"), "y");
  EXPECT_EQ(text("new.key"), "z");
  EXPECT_EQ(text("data.source"), "s");
  EXPECT_EQ(text("TOKEN"), "t");
  EXPECT_EQ(root.map.size(), 5u);
  EXPECT_EQ(config_detail::find(root, "server.http.addr")->where(), "APP_SERVER__HTTP__ADDR");
}

TEST(ConfigSources, OverridesComeOverAll) {
  Config::Node root = *config_detail::parse_yaml("a: {b: 1}\n", "c.yaml");
  ASSERT_TRUE(config_detail::add_override(root, "a.b=2").ok());
  ASSERT_TRUE(config_detail::add_override(root, "l=[x, y]").ok());
  ASSERT_TRUE(config_detail::add_override(root, "e=a=b").ok());
  EXPECT_EQ(config_detail::find(root, "a.b")->text, "2");
  EXPECT_EQ(config_detail::find(root, "l")->list.size(), 2u);
  EXPECT_EQ(config_detail::find(root, "e")->text, "a=b");
  EXPECT_EQ(config_detail::find(root, "a.b")->where(), "-set a.b");
  EXPECT_EQ(
      config_detail::add_override(root, "a").error().message(),
      "-set a: write -set KEY=VALUE, with a key like server.http.addr; a name with dots stands "
      "in quotes");
  for (const char* bad :
       {"=1", "a..b=1", ".a=1", "a.=1", "l=[x", "a.\"b.c=1", "a.\"b\"c=1", "\"\"=1"})
    EXPECT_FALSE(config_detail::add_override(root, bad).ok()) << bad;
}

TEST(ConfigSources, ANameWithDotsStandsInQuotes) {
  Config::Node root = *config_detail::parse_yaml("hosts: {a.example: {n: 1}}\n", "c.yaml");
  for (const char* text :
       {"hosts.\"a.example\".n=2", "hosts.\"b=c.example\".n=3", "\"x.y\"=4",
        "operations./pkg.Svc/M.timeout=2s", "operations.\"/pkg.Svc/N\".timeout=3s"})
    EXPECT_TRUE(config_detail::add_override(root, text).ok()) << text;
  const auto text = [&](const char* key) {
    const Config::Node* node = config_detail::find(root, key);
    return node ? node->text : "none";
  };
  EXPECT_EQ(root.child("hosts")->map.size(), 2u);
  EXPECT_EQ(root.child("hosts")->child("a.example")->child("n")->text, "2");
  EXPECT_EQ(text("hosts.\"a.example\".n"), "2");
  EXPECT_EQ(text("hosts.\"b=c.example\".n"), "3");
  EXPECT_EQ(text("\"x.y\""), "4");
  EXPECT_EQ(root.child("operations")->child("/pkg.Svc/M")->child("timeout")->text, "2s");
  EXPECT_EQ(text("operations./pkg.Svc/N.timeout"), "3s");
  EXPECT_EQ(text("hosts.a.example.n"), "none");
  for (const char* name : {"a", "a.b", "/pkg.Svc/M", "/a.b"}) {
    Config::Node map;
    map.kind = Config::Node::Kind::kMap;
    map.map.emplace_back(name, Config::Node());
    EXPECT_NE(config_detail::find(map, Config::below("", name)), nullptr) << name;
  }
  EXPECT_EQ(Config::below("k", "a.b"), "k.\"a.b\"");
  EXPECT_EQ(Config::below("k", "/pkg.Svc/M"), "k./pkg.Svc/M");
}

TEST(ConfigScan, ReadsWrappers) {
  google::protobuf::Int32Value value;
  ASSERT_TRUE(Config::parse("n: 7")->scan("n", value).ok());
  EXPECT_EQ(value.value(), 7);
}

class Reload : public testing::Test {
 protected:
  Reload() {
    std::filesystem::create_directories(folder_);
    log::set_sink([this](std::string_view line) { lines_.emplace_back(line); });
    write("server: {http: {addr: ':0'}}\ndata: {n: 1}\nlog: {level: info}\n");
  }
  ~Reload() override {
    log::set_sink(nullptr);
    log::set_level(LogLevel::kInfo);
    std::filesystem::remove_all(folder_);
  }
  void write(const std::string& text) {
    std::ofstream(folder_ + "/.new") << text;
    std::filesystem::rename(folder_ + "/.new", folder_ + "/config.yaml");
  }
  void in_fiber(const std::function<void()>& body) {
    auto threads = *fiber::ThreadGroup::create(1);
    threads->run([&](size_t) { body(); });
  }
  std::string folder_ = testing::TempDir() + "bia_reload_test_" + std::to_string(getpid());
  ConfigSources sources_{{folder_}, {}, {}};
  std::vector<std::string> lines_;
};

TEST_F(Reload, TakesWhatEverybodyAccepts) {
  ConfigReload reload(*Config::load(sources_));
  std::vector<int64_t> seen;
  reload.add("data", [&](const Config& config) -> Result<std::function<void()>> {
    const int64_t n = BIA_TRY(config.integer("data.n"));
    return std::function<void()>([&seen, n] { seen.push_back(n); });
  });
  in_fiber([&] {
    write("server: {http: {addr: ':0'}}\ndata: {n: 2}\nlog: {level: debug}\n");
    EXPECT_TRUE(reload.reload(sources_).ok());
    EXPECT_EQ(log::level(), LogLevel::kDebug);
    EXPECT_EQ(*reload.current()->integer("data.n"), 2);
    // A type that changed, a server's key that is bad, bytes that are no YAML: the last good one
    // stays.
    for (const char* bad :
         {"server: {http: {addr: ':0'}}\ndata: {n: x}\n", "server: {http: {adr: 1}}\n", "a: ["}) {
      write(bad);
      EXPECT_FALSE(reload.reload(sources_).ok());
      EXPECT_EQ(*reload.current()->integer("data.n"), 2);
    }
    // Removed keys are gone; who reads others is not called.
    write("server: {http: {addr: ':0'}}\ndata: {n: 2}\nother: 1\n");
    EXPECT_TRUE(reload.reload(sources_).ok());
    EXPECT_TRUE(reload.current()->has("other"));
    EXPECT_FALSE(reload.current()->has("log.level"));
  });
  EXPECT_THAT(seen, ElementsAre(2));
  EXPECT_EQ(*reload.at_start().integer("data.n"), 1);
}

TEST_F(Reload, OnlyAChangeOfItsKeySetsTheLogLevel) {
  ConfigReload reload(*Config::load(sources_));
  const auto reload_with = [&](const std::string& rest) {
    write("server: {http: {addr: ':0'}}\n" + rest);
    EXPECT_TRUE(reload.reload(sources_).ok());
  };
  in_fiber([&] {
    log::set_level(LogLevel::kError);  // as PUT /debug/log does
    reload_with("data: {n: 2}\nlog: {level: info}\n");
    EXPECT_EQ(log::level(), LogLevel::kError);
    reload_with("data: {n: 2}\nlog: {level: debug}\n");
    EXPECT_EQ(log::level(), LogLevel::kDebug);
    EXPECT_THAT(lines_, Contains(HasSubstr("log level set to debug by log.level of the conf")));
    reload_with("data: {n: 2}\nlog: {level: error}\n");
    EXPECT_EQ(log::level(), LogLevel::kError);
    EXPECT_THAT(lines_, Contains(HasSubstr("log level set to error by log.level of the conf")));
    reload_with("data: {n: 2}\n");  // The default.
    EXPECT_EQ(log::level(), LogLevel::kInfo);
  });
}

/// Under ThreadSanitizer too (`make tsan`), with the log's lines of all threads.
TEST_F(Reload, OtherThreadsReadWhileItIsReplaced) {
  log::set_sink(nullptr);
  log::start_writer(64);
  ConfigReload reload(*Config::load(sources_));
  std::atomic<bool> done{false};
  auto threads = *fiber::ThreadGroup::create(3);
  threads->run([&](size_t thread) {
    if (thread == 0) {
      for (int i = 2; i <= 30; ++i) {
        write("server: {http: {addr: ':0'}}\ndata: {n: " + std::to_string(i) + "}\n");
        EXPECT_TRUE(reload.reload(sources_).ok());
      }
      done = true;
      return;
    }
    int64_t last = 0;
    while (!done) {
      const int64_t n = *reload.current()->integer("data.n");
      EXPECT_GE(n, last);
      last = n;
      log::debug("below the level");
      if (n % 10 == 0) log::info("a line of a test with many threads");
      fiber::sleep_for(1ms).ignore("a test");
    }
  });
  log::stop_writer();
  EXPECT_EQ(*reload.current()->integer("data.n"), 30);
}

TEST_F(Reload, SeesFilesThatAreReplaced) {
  auto files = *ConfigWatch::create(sources_.paths);
  ConfigReload reload(*Config::load(sources_));
  write("a: [");  // between the reading and the first wait: seen too
  in_fiber([&] {
    auto watcher = *fiber::Scheduler::current().spawn([&] { reload.watch(sources_, files); });
    const auto until = [&](auto condition) {
      const Deadline deadline = Deadline::after(10s);
      while (!condition() && !deadline.expired()) fiber::sleep_for(10ms).ignore("a test");
      return condition();
    };
    EXPECT_TRUE(until([&] { return !lines_.empty(); }));
    EXPECT_THAT(lines_.at(0), HasSubstr("configuration not reloaded, the last good one stays"));
    write("server: {http: {addr: ':0'}}\ndata: {n: 3}\n");
    EXPECT_TRUE(until([&] { return *reload.current()->integer("data.n") == 3; }));
    watcher.cancel();
    watcher.join().ignore("a test");
  });
}

// How Kubernetes changes a mounted ConfigMap: the files are links into ..data, a link that is
// replaced.
TEST_F(Reload, SeesTheLinksOfAConfigMap) {
  namespace fs = std::filesystem;
  const auto publish = [&](const std::string& version, const std::string& text) {
    fs::create_directory(folder_ + "/.." + version);
    std::ofstream(folder_ + "/.." + version + "/config.yaml") << text;
    fs::create_directory_symlink(".." + version, folder_ + "/..data_tmp");
    fs::rename(folder_ + "/..data_tmp", folder_ + "/..data");
  };
  fs::remove(folder_ + "/config.yaml");
  publish("v1", "server: {http: {addr: ':0'}}\ndata: {n: 1}\n");
  fs::create_symlink("..data/config.yaml", folder_ + "/config.yaml");
  auto files = *ConfigWatch::create(sources_.paths);
  ConfigReload reload(*Config::load(sources_));
  in_fiber([&] {
    auto watcher = *fiber::Scheduler::current().spawn([&] { reload.watch(sources_, files); });
    publish("v2", "server: {http: {addr: ':0'}}\ndata: {n: 2}\n");
    const Deadline deadline = Deadline::after(10s);
    while (*reload.current()->integer("data.n") != 2 && !deadline.expired())
      fiber::sleep_for(10ms).ignore("a test");
    EXPECT_EQ(*reload.current()->integer("data.n"), 2);
    watcher.cancel();
    watcher.join().ignore("a test");
  });
}

}  // namespace
}  // namespace bia
