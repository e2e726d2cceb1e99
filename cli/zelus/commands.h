#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "zelus/run/command.h"

/// A subcommand of zelus; a new one is a file here and a row in main.cc.
struct Command {
  std::string_view name;
  std::string_view summary;
  int (*run)(const std::vector<std::string>& arguments, zelus::run::CommandContext& context);
};

std::span<const Command> commands();

int run_test_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context);
int run_inspect_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context);
int run_archive_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context);
int run_new_command(const std::vector<std::string>& arguments, zelus::run::CommandContext& context);
int run_completion_command(const std::vector<std::string>& arguments,
                           zelus::run::CommandContext& context);
int run_grpc_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context);
int run_version_command(const std::vector<std::string>& arguments,
                        zelus::run::CommandContext& context);
int run_pause_command(const std::vector<std::string>& arguments,
                      zelus::run::CommandContext& context);
int run_resume_command(const std::vector<std::string>& arguments,
                       zelus::run::CommandContext& context);
int run_scale_command(const std::vector<std::string>& arguments,
                      zelus::run::CommandContext& context);
int run_stats_command(const std::vector<std::string>& arguments,
                      zelus::run::CommandContext& context);
int run_status_command(const std::vector<std::string>& arguments,
                       zelus::run::CommandContext& context);
int run_help_command(const std::vector<std::string>& arguments,
                     zelus::run::CommandContext& context);

std::string root_help();
std::string version_text();
