#pragma once
#include <string>
#include <string_view>

namespace bia {

/// Tells the service manager that started this process (sd_notify(3): "READY=1", "STOPPING=1", …);
/// nobody where NOTIFY_SOCKET is not set. What cannot be sent is logged.
void notify_manager(std::string_view state);

/// "RELOADING=1" with the moment, as systemd wants it.
std::string reloading_state();

}  // namespace bia
