#pragma once
#include <cstdint>

#include "bia/base/result.h"
#include "zelus/ghz/debug_log.h"
#include "zelus/ghz/options.h"
#include "zelus/ghz/payload.h"
#include "zelus/ghz/report.h"

namespace zelus::ghz {

/// The method that a run calls, and how its request is made.
struct Target {
  std::string path;       ///< "/helloworld.v1.Greeter/SayHello"
  std::string full_name;  ///< "helloworld.v1.Greeter.SayHello"
  std::string method_name;
  std::string service_name;
  std::string input_name;
  std::string output_name;
  bool client_streaming = false;
  bool server_streaming = false;
  Payload payload;
  std::shared_ptr<const bia::codec::WireTable> output;  ///< For --debug alone; else null.
};

/// Finds the method in the proto, the protoset or the server's reflection (then it connects), and
/// encodes the data. Errors: kInvalidArgument, kNotFound,
/// kUnavailable, with ghz's texts.
bia::Result<Target> load_target(const Options& options);

/// Runs the load on `options.cpus` threads and returns the figures. Blocks the calling thread;
/// SIGINT ends the run early with what there is (endReason cancel), as ghz does. Errors:
/// kResourceExhausted; kInvalidArgument where a template made a bad message.
/// `debug` is null without --debug.
bia::Result<Report> run_load(const Options& options, const Target& target, DebugLog* debug);

}  // namespace zelus::ghz
