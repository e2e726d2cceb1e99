#pragma once
#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "bia/bia/middleware.h"
#include "bia/bia/service.h"

namespace bia {

/// A method bound to its service and number.
struct BoundMethod {
  Service* service = nullptr;
  const MethodInfo* info = nullptr;
  /// Of this process: indexes each thread's free lists.
  size_t number = 0;
};

/// Runs the method behind its chain. A request that could not be decoded (`decoded`) passes the
/// chain too, with that error in the handler's place: log and metrics see the call all the same.
Result<void> run_method(const BoundMethod& method, const Chain& chain, Context& context,
                        const google::protobuf::Message* request, google::protobuf::Message* reply,
                        const Result<void>& decoded);

/// Messages kept for the next call of a method on this thread, so that their strings' storage is
/// reused.
inline constexpr size_t kExchangesKeptMax = 64;
/// A call whose bytes were more gives its messages back to the heap: one large request must not
/// hold memory for ever.
inline constexpr size_t kExchangeBytesKeptMax = 16 * 1024;

/// The request and reply messages of one call, taken from this thread's free list and put back
/// cleared.
class Exchange {
 public:
  explicit Exchange(const BoundMethod& method);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  google::protobuf::Message& request() { return *messages_.request; }
  google::protobuf::Message& reply() { return *messages_.reply; }
  /// Tells how many bytes the messages took on the wire.
  void note_bytes(size_t bytes) { bytes_ += bytes; }

  struct Messages {
    std::unique_ptr<google::protobuf::Message> request;
    std::unique_ptr<google::protobuf::Message> reply;
  };
  /// A number for a newly bound method.
  static size_t next_number();

 private:
  size_t number_;
  size_t bytes_ = 0;
  Messages messages_;
};

}  // namespace bia
