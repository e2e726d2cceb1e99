#include "zelus/modules/factory.h"

#include <fmt/format.h>

#include <optional>

#include "base/read_file.h"
#include "bia/fiber/scheduler.h"
#include "js/heap.h"
#include "zelus/modules/http/http_thread.h"
#include "zelus/modules/source/gone_modules.h"
#include "zelus/modules/source/node_packages.h"
#include "zelus/modules/source/remote_modules.h"
#include "zelus/modules/source/script.h"
#include "zelus/modules/source/typescript.h"
#include "zelus/modules/source/use_directives.h"
#include "zelus/modules/thread_state.h"
#include "zelus/modules/virtual_user.h"

namespace zelus::modules {

void add_k6_module(bia::js::ModuleSet& modules);
void add_http_module(bia::js::ModuleSet& modules);
void add_metrics_module(bia::js::ModuleSet& modules);
void add_timers_module(bia::js::ModuleSet& modules);
void add_execution_module(bia::js::ModuleSet& modules);
void add_data_module(bia::js::ModuleSet& modules);
void add_encoding_module(bia::js::ModuleSet& modules);
void add_crypto_module(bia::js::ModuleSet& modules);
void add_grpc_module(bia::js::ModuleSet& modules);
void add_html_module(bia::js::ModuleSet& modules);
void register_html_classes(JSRuntime* rt);
void register_crypto_class(JSRuntime* rt);
void register_grpc_classes(JSRuntime* rt);
void register_execution_class(JSRuntime* rt);
void register_metric_class(JSRuntime* rt);
void register_http_classes(JSRuntime* rt);

void add_modules(bia::js::ModuleSet& modules) {
  add_k6_module(modules);
  add_http_module(modules);
  add_metrics_module(modules);
  add_timers_module(modules);
  add_execution_module(modules);
  add_data_module(modules);
  add_encoding_module(modules);
  add_crypto_module(modules);
  add_grpc_module(modules);
  add_html_module(modules);
  for (const char* name : {"k6/browser", "k6/crypto/x509", "k6/secrets", "k6/websockets", "k6/ws",
                           "k6/experimental/csv", "k6/experimental/fs", "k6/experimental/streams",
                           "k6/experimental/websockets", "k6/experimental/redis"}) {
    modules.add_missing(name, fmt::format("the module \"{}\" is not built yet in zelus", name));
  }
  add_gone_modules(modules);
}

void register_classes(JSRuntime* rt) {
  register_metric_class(rt);
  register_http_classes(rt);
  register_crypto_class(rt);
  register_grpc_classes(rt);
  register_html_classes(rt);
  register_execution_class(rt);
}

ThreadState::ThreadState(Script& shared)
    : script(shared), http(std::make_unique<HttpThread>(shared)), names(shared.options.addresses) {}
ThreadState::~ThreadState() {
  if (!script.ending || holds_connections) return;
  for (auto& runtime : runtimes) runtime->abandon();
}

Result<bia::js::Runtime*> ThreadState::runtime() {
  // The last ones have room; users are made in order.
  for (auto it = runtimes.rbegin(); it != runtimes.rend(); ++it) {
    if ((*it)->contexts() < bia::js::kContextsPerRuntimeMax) return it->get();
  }
  auto made = BIA_TRY(bia::js::Runtime::create(*script.modules));
  register_classes(made->get());
  runtimes.push_back(std::move(made));
  return runtimes.back().get();
}

namespace {

Result<std::string> read_file(const std::string& url) {
  return bia::read_file(url.substr(std::string_view("file://").size()));
}

std::string path_of(const std::string& url) {
  return url.substr(std::string_view("file://").size());
}

// Of an archive: extensions may be missing as on disk; packages are not in it.
bia::js::ModuleFiles archive_files(
    const exec::FileTree& tree, std::function<Result<std::string>(const std::string& url)> read) {
  auto complete = [&tree](const std::string& url) {
    for (const char* end : {"", ".js", ".mjs", ".cjs", ".ts", ".json", "/index.js", "/index.ts"}) {
      if (tree.contains(path_of(url) + end)) return url + end;
    }
    return url;
  };
  auto package = [](std::string_view, const std::string& name, bool) -> Result<std::string> {
    return Error(Code::kUnimplemented, "NO_PACKAGE",
                 fmt::format("{}: packages cannot be loaded from an archive yet", name));
  };
  return {std::move(read), complete, package};
}

}  // namespace

class FactoryImpl final : public exec::UserFactory {
 public:
  Result<exec::ScriptInfo> load(const exec::ScriptSource& source,
                                const exec::RuntimeOptions& options, metrics::Registry& registry,
                                Logger& logger) override {
    script_.source = source;
    script_.runtime = options;
    script_.logger = &logger;
    TypeScript types;
    bool typed = source.url.ends_with(".ts");
    auto info = load_once(registry, types, typed);
    // k6: what comes from stdin may be either.
    if (!info && !typed && source.name == "-" && info.error().reason() == "SYNTAX") {
      if (auto again = load_once(registry, types, true); again) info = std::move(again);
    }
    script_.modules->freeze();
    script_.frozen = true;
    return info;
  }

  Result<void> configure(exec::UserOptions options, exec::RunView& run,
                         const std::atomic<bool>* stop) override {
    script_.options = std::move(options);
    if (script_.options.system_tags)
      script_.system_tags = metrics::SystemTags::of(*script_.options.system_tags);
    script_.run = &run;
    script_.stop = stop;
    return {};
  }

  void end() override { script_.ending = true; }

  bool leave_thread() override {
    const auto state = mine().state.lock();
    if (!state || state->holds_connections) return false;
    bia::js::Heap::of_thread()->drop();
    return true;
  }

  Result<std::unique_ptr<exec::User>> make_user(uint64_t vu, metrics::Shard& shard) override {
    return std::unique_ptr<exec::User>(
        std::make_unique<VirtualUser>(script_, thread_of(shard), vu, shard.registry(), &shard));
  }

 private:
  Result<exec::ScriptInfo> load_once(metrics::Registry& registry, TypeScript& types, bool typed) {
    const exec::ScriptSource& source = script_.source;
    RemoteModules remote(script_.runtime.remote, *script_.logger);
    auto read_text = [&source, &remote](const std::string& url) {
      bool https = url.starts_with("https://");
      return source.read(https ? url : path_of(url),
                         [&] { return https ? remote.fetch(url) : read_file(url); });
    };
    UseDirectives uses;
    std::optional<Error> misused;
    auto use = [&](const std::string& url, std::string_view text) -> Result<void> {
      auto used = uses.read(url, text);
      if (used && script_.runtime.extension_resolution) used = uses.check();
      if (!used && !misused) misused = used.error();
      return used;
    };
    auto read = [&](const std::string& url) -> Result<std::string> {
      std::string text = BIA_TRY(read_text(url));
      // As in k6, which looks for them in what is imported before anything runs.
      if (!script_.modules->is_requiring()) BIA_TRY(use(url, text));
      if (url.ends_with(".ts")) return types.strip(url, text);
      BIA_TRY(script_.maps.add(url, text, read_text, *script_.logger));
      return text;
    };
    script_.maps.clear();
    script_.modules = std::make_unique<bia::js::ModuleSet>(
        source.archive
            ? archive_files(*source.archive, std::move(read))
            : bia::js::ModuleFiles{std::move(read), &complete_file_url, &find_package_file});
    add_modules(*script_.modules);
    script_.modules->set_originals([this](std::string_view url, uint32_t line, uint32_t column) {
      return script_.maps.original(url, line, column);
    });
    std::optional<Result<exec::ScriptInfo>> info;
    auto pass = [&]() -> Result<exec::ScriptInfo> {
      std::string text = script_.source.text;
      BIA_TRY(use(script_.source.url, text));
      if (typed) {
        auto stripped = types.strip(script_.source.url, text);
        if (!stripped) return std::move(stripped).error().with_metadata("exit", "107");
        text = std::move(*stripped);
      } else {
        BIA_TRY(script_.maps.add(script_.source.url, text, read_text, *script_.logger));
      }
      script_.modules->add_source(script_.source.url, std::move(text));
      return first_pass(registry);
    };
    // The first pass needs a user's stack. The caller waits for it, cancelled or not: it writes
    // into this frame.
    auto fiber = BIA_TRY(bia::fiber::Scheduler::current().spawn(
        [&] { info.emplace(pass()); }, {.stack_bytes = bia::fiber::kStackBytesUser}));
    while (!fiber.done()) {
      if (!fiber.join()) fiber.cancel();
    }
    if (misused) return std::move(*misused);
    return std::move(*info);
  }

  Result<exec::ScriptInfo> first_pass(metrics::Registry& registry) {
    VirtualUser user(script_, std::make_shared<ThreadState>(script_), 0, registry, nullptr);
    BIA_TRY(user.init());
    return user.describe();
  }

  /// The state of the calling thread: its users own it together, so that it ends on its thread,
  /// after them. No lock, nothing shared.
  std::shared_ptr<ThreadState> thread_of(metrics::Shard& shard) {
    Mine& last = mine();
    auto state = last.factory == this && last.shard == &shard ? last.state.lock() : nullptr;
    if (!state) {
      state = std::make_shared<ThreadState>(script_);
      last = {this, &shard, state};
    }
    return state;
  }

  struct Mine {
    const FactoryImpl* factory = nullptr;
    const metrics::Shard* shard = nullptr;
    std::weak_ptr<ThreadState> state;
  };
  static Mine& mine() {
    thread_local Mine last;
    return last;
  }

  Script script_;
};

std::unique_ptr<exec::UserFactory> make_user_factory() { return std::make_unique<FactoryImpl>(); }

}  // namespace zelus::modules
