#include "zelus/modules/source/gone_modules.h"

#include <algorithm>
#include <string>

#include "js/module_set.h"

namespace zelus::modules {

namespace {
struct Gone {
  const char* name;
  const char* text;
};
constexpr Gone kGone[] = {
    {"k6/experimental/timers",
     "k6/experimental/timers has been graduated, and it's now globally available as defined by "
     "standard WebAPIs. You just need to remove the import."},
    {"k6/experimental/webcrypto",
     "k6/experimental/webcrypto has been graduated and it's now globally available as defined by "
     "standard WebAPIs. You just need to remove the import."},
    {"k6/experimental/browser",
     "k6/experimental/browser has been graduated, please use k6/browser instead.Please update your "
     "imports to use k6/browser instead of k6/experimental/browser, For more information, see the "
     "migration guide at the link: "
     "https://grafana.com/docs/k6/latest/using-k6-browser/migrating-to-k6-v0-52/"},
    {"k6/experimental/grpc",
     "k6/experimental/grpc has been graduated, please use k6/net/grpc instead. See "
     "https://grafana.com/docs/k6/latest/javascript-api/k6-net-grpc/ for more information."},
    {"k6/experimental/tracing",
     "k6/experimental/tracing has been removed. All of it functionality is available as pure "
     "JavaScript module. More info available at the docs: "
     "https://grafana.com/docs/k6/latest/javascript-api/jslib/http-instrumentation-tempo"},
};
}  // namespace

void add_gone_modules(bia::js::ModuleSet& modules) {
  for (const Gone& gone : kGone) modules.add_missing(gone.name, gone.text);
}

bool is_of_gone_module(std::string_view message) {
  return std::any_of(std::begin(kGone), std::end(kGone),
                     [message](const Gone& gone) { return message == gone.text; });
}

}  // namespace zelus::modules
