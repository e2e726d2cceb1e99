#pragma once
#include <string>
#include <string_view>

#include "bia/codec/wire_table.h"
#include "bia/grpc/server.h"
#include "zelus/ghz/runner.h"

namespace zelus::ghz {

// How lines of --debug show what a call has.

/// "unary", "client-streaming", "server-streaming", "bidi".
std::string_view call_type(const Target& target);
/// JSON of a message's wire bytes; null where they are none.
std::string message_json(const bia::codec::WireTable& table, std::string_view wire);
/// {"key":["value"]}, of secrets "***"; null: {}.
std::string metadata_json(const bia::grpc::Metadata* metadata);
/// grpc-go's "OK", "DeadlineExceeded".
std::string go_code_name(bia::Code code);

}  // namespace zelus::ghz
