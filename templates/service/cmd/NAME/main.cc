#include "bia/bia/app.h"
#include "wire.h"

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "SERVICE_NAME", .version = SERVICE_VERSION},
                        SERVICE_NAMESPACE::wire);
}
