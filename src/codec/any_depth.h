#pragma once

namespace google::protobuf {
class Message;
}

namespace bia::codec {

/// Below how many messages, an Any's own among them, an Any is opened for a text. Each Any is new
/// bytes to whoever opens it, so that no parser's limit on depth holds through several, and a text
/// is written by recursion on a fiber's stack.
constexpr int kAnyDepthMax = 16;

/// True where no Any in `message` (itself one, perhaps) stands deeper than kAnyDepthMax, within
/// others too. One whose type the program does not have holds none.
bool anys_are_shallow(const google::protobuf::Message& message, int depth = 0);

}  // namespace bia::codec
