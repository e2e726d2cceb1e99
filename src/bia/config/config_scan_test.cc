#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bia/app/config_reload.h"
#include "bia/bia/config.h"
#include "bia/fiber/threads.h"

namespace bia {
namespace {

namespace pb = google::protobuf;

/// message Data { Database database = 1 [REQUIRED]; }
/// message Database { string source = 1 [REQUIRED]; string driver = 2; }
/// message Bootstrap { Data data = 1 [REQUIRED]; }
class ConfigRequired : public testing::Test {
 protected:
  ConfigRequired() {
    pb::FileDescriptorProto file;
    file.set_name("conf.proto");
    file.set_syntax("proto3");
    const auto add = [](pb::DescriptorProto& type, const char* name, const char* of) {
      auto& field = *type.add_field();
      field.set_name(name);
      field.set_number(type.field_size());
      field.set_label(pb::FieldDescriptorProto::LABEL_OPTIONAL);
      field.set_type(of ? pb::FieldDescriptorProto::TYPE_MESSAGE
                        : pb::FieldDescriptorProto::TYPE_STRING);
      if (of) field.set_type_name(of);
      // google.api.field_behavior, which this pool does not know.
      if (field.name() != "driver")
        field.mutable_options()->mutable_unknown_fields()->AddVarint(1052, 2);
    };
    for (const char* name : {"Database", "Data", "Bootstrap"})
      file.add_message_type()->set_name(name);
    add(*file.mutable_message_type(0), "source", nullptr);
    add(*file.mutable_message_type(0), "driver", nullptr);
    add(*file.mutable_message_type(1), "database", ".Database");
    add(*file.mutable_message_type(2), "data", ".Data");
    pool_.BuildFile(file);
  }
  ~ConfigRequired() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<pb::Message> make(const char* type) {
    return std::unique_ptr<pb::Message>(
        factory_.GetPrototype(pool_.FindMessageTypeByName(type))->New());
  }
  std::string error_of(const Config& config, const char* key, const char* type) {
    const auto message = make(type);
    const auto scanned = config.scan(key, *message);
    return scanned.ok() ? "" : scanned.error().message();
  }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/" + name) << text;
  }

  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_{&pool_};
  std::string folder_ = testing::TempDir() + "bia_config_scan_test_" + std::to_string(getpid());
};

TEST_F(ConfigRequired, SaysWhatIsMissingAndWhere) {
  const Config empty = *Config::parse("a: 1\ndata:\n  database:\n    driver: x\n");
  EXPECT_EQ(error_of(empty, "", "Bootstrap"),
            "config.yaml:1: unknown key a; known here: data, server, runtime, log, "
            "metrics, health, debug, tracing, registry");
  EXPECT_EQ(error_of(empty, "data", "Data"), "config.yaml:3: data.database.source is missing");
  const Config whole = *Config::parse("data: {database: {source: s}}\n");
  EXPECT_EQ(error_of(whole, "", "Bootstrap"), "");
  EXPECT_EQ(error_of(whole, "data", "Data"), "");
}

TEST_F(ConfigRequired, ASectionThatIsAbsentHasNothingThatIsRequired) {
  const Config config = *Config::parse("server:\n  http: {}\nlog: {}\ntracing:\n");
  EXPECT_EQ(error_of(config, "", "Bootstrap"), "config.yaml:1: data is missing");
  EXPECT_EQ(error_of(config, "data", "Data"), "config.yaml:1: data.database is missing");
  EXPECT_EQ(error_of(config, "log.data", "Data"), "config.yaml:3: log.data.database is missing");
  EXPECT_EQ(error_of(config, "tracing", "Data"), "config.yaml:4: tracing.database is missing");
  // What a default fills is not missing.
  const auto database = make("Database");
  database->GetReflection()->SetString(database.get(),
                                       database->GetDescriptor()->FindFieldByName("source"), "s");
  EXPECT_TRUE(config.scan("data.database", *database).ok());
}

TEST_F(ConfigRequired, NamesTheFilesWhereASectionIsInNoneOfThem) {
  write("a.yaml", "server: {}\n");
  EXPECT_EQ(error_of(*Config::load(folder_), "", "Bootstrap"),
            folder_ + "/a.yaml:1: data is missing");
  write("b.yaml", "log: {}\n");
  EXPECT_EQ(error_of(*Config::load(folder_), "", "Bootstrap"), folder_ + ": data is missing");
  EXPECT_EQ(error_of(*Config::load(ConfigSources{{folder_ + "/a.yaml", folder_}, {}, {}}), "data",
                     "Data"),
            folder_ + "/a.yaml, " + folder_ + ": data.database is missing");
  EXPECT_EQ(error_of(*Config::load(ConfigSources()), "", "Bootstrap"),
            "the configuration: data is missing");
}

TEST_F(ConfigRequired, AReloadThatLostTheSectionIsRefused) {
  write("a.yaml", "server: {http: {addr: ':0'}}\ndata: {database: {source: s}}\n");
  const ConfigSources sources{{folder_}, {}, {}};
  ConfigReload reload(*Config::load(sources));
  reload.add("data", [&](const Config& config) -> Result<std::function<void()>> {
    const auto message = make("Data");
    if (auto scanned = config.scan("data", *message); !scanned) return std::move(scanned).error();
    return std::function<void()>([] {});
  });
  auto threads = *fiber::ThreadGroup::create(1);
  threads->run([&](size_t) {
    write("a.yaml", "server: {http: {addr: ':0'}}\n");
    const auto reloaded = reload.reload(sources);
    ASSERT_FALSE(reloaded.ok());
    EXPECT_EQ(reloaded.error().message(), folder_ + "/a.yaml:1: data.database is missing");
    EXPECT_EQ(*reload.current()->string("data.database.source"), "s");
  });
}

TEST_F(ConfigRequired, AVariableBelowASectionIsAKeyThatMustBeKnown) {
  const auto error_with = [&](const char* name) {
    setenv(name, "x", 1);
    const Config config = *Config::load(ConfigSources{{folder_}, "BIASCAN", {}});
    unsetenv(name);
    return error_of(config, "", "Bootstrap");
  };
  write("a.yaml", "data:\n  database:\n    source: s\n");
  EXPECT_EQ(error_with("BIASCAN_DATA__DATABASE__DRIVER"), "");
  EXPECT_EQ(error_with("BIASCAN_DATA__DATABASE__SORCE"),
            "BIASCAN_DATA__DATABASE__SORCE: unknown key data.database.sorce; did you mean source?");
  EXPECT_EQ(error_with("BIASCAN_DATA__SORCE"),
            "BIASCAN_DATA__SORCE: unknown key data.sorce; known here: database");
  // The prefix caught what is meant for another.
  EXPECT_EQ(error_with("BIASCAN_TOKEN"), "");
  EXPECT_EQ(error_with("BIASCANNER"), "");
}

}  // namespace
}  // namespace bia
