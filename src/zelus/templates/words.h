#pragma once
#include <string>
#include <string_view>

namespace zelus::templates {

/// "some_words" to "SomeWords".
std::string camel_case(std::string_view text);
/// "HTTPServer2" to "http_server2"; `connector` between the words.
std::string joined_words(std::string_view text, char connector);

}  // namespace zelus::templates
