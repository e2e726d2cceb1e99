#pragma once
#include <memory>

#include "zelus/exec/user.h"

namespace zelus::modules {

/// Virtual users that run k6 scripts in QuickJS.
std::unique_ptr<exec::UserFactory> make_user_factory();

}  // namespace zelus::modules
