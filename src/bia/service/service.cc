#include "bia/bia/service.h"

namespace bia {

Service::~Service() = default;

}  // namespace bia
