#pragma once
#include <string>
#include <string_view>

namespace zelus::modules {

/// The property of `Selection.data()` for what is behind "data-": some-name → someName. As k6's
/// library has it, words like "id" and "url" are capitals: test-id → testID.
std::string data_property(std::string_view attribute);
/// The other way, for `Selection.data(key)`: testID, testId and test-id → test-id.
std::string data_attribute(std::string_view property);

}  // namespace zelus::modules
