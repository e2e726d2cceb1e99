#pragma once
#include <string>
#include <string_view>

#include "js/engine.h"

namespace zelus::modules {

/// What setup() returned, as users get it: k6 takes it through a Go map, which sorts the keys of
/// objects. `json` is what the engine wrote; anything else comes
/// back unchanged.
std::string setup_data_json(std::string json);
/// The JSON of a value as Go writes what k6's engine exports: undefined is null, dates are in local
/// time and RFC 3339 (null where invalid), maps and sets are arrays, bytes are base64, symbols
/// their descriptions, objects of k6's modules what Go's structs show (a Response its fields, a
/// SharedArray nothing). toJSON is called, as in JSON.stringify, and what it returns is dropped;
/// what it throws is thrown. Empty for undefined; "" with an exception pending.
std::string exported_json(JSContext* ctx, JSValueConst value);

}  // namespace zelus::modules
