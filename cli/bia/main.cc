#include <iostream>

#include "command.h"

int main(int argc, char** argv) {
  bia::cli::Io io{std::cout, std::cerr};
  return bia::cli::run_program(std::vector<std::string>(argv + 1, argv + argc), io);
}
