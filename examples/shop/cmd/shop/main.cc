#include "bia/bia/app.h"
#include "wire.h"

int main(int argc, char** argv) {
  return bia::App::main(argc, argv, {.name = "shop", .version = SERVICE_VERSION}, shop::wire);
}
