#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bia/base/result.h"
#include "bia/codec/wire_table.h"
#include "bia/grpc/server.h"
#include "zelus/ghz/call_data.h"
#include "zelus/ghz/options.h"

namespace zelus::ghz {

/// The messages and the metadata of a run's calls. Immutable after `create`, so threads share it.
/// Static data is encoded once; data with template actions is rendered and encoded for each call.
class Payload {
 public:
  static bia::Result<Payload> create(const Options& options,
                                     std::shared_ptr<const bia::codec::WireTable> input);

  /// The wire bytes for a call: element request_number mod length of an array, else the one
  /// message. `scratch` holds what had to be made.
  bia::Result<std::string_view> message(const CallData& call, std::string& scratch) const {
    return message_at(call.request_number % size(), call, scratch);
  }
  /// One of the data's `size()` messages; at least one.
  bia::Result<std::string_view> message_at(size_t index, const CallData& call,
                                           std::string& scratch) const;
  /// All that the data's templates make for a client's stream: more than `size()` where one makes
  /// an array.
  bia::Result<std::vector<std::string>> rendered(const CallData& call) const;
  size_t size() const { return messages_.size() + message_templates_.size(); }
  /// The messages come from templates.
  bool is_rendered() const { return !message_templates_.empty(); }
  /// Null where there is none. `scratch` as above.
  bia::Result<const bia::grpc::Metadata*> metadata(const CallData& call,
                                                   bia::grpc::Metadata& scratch) const;
  /// Calls need CallData only for templates.
  bool needs_call_data() const { return !message_templates_.empty() || has_metadata_template_; }
  const bia::codec::WireTable& input() const { return *input_; }

 private:
  bia::Result<void> read_messages(const Options& options);
  bia::Result<void> read_metadata(const Options& options);

  std::shared_ptr<const bia::codec::WireTable> input_;
  std::vector<std::string> messages_;                   // wire
  std::vector<templates::Template> message_templates_;  // in place of messages_
  bia::grpc::Metadata metadata_;
  templates::Template metadata_template_;  // of the whole JSON object, as ghz has it
  bool has_metadata_template_ = false;
};

/// The elements of a JSON array as they stand in the text; the text itself where it is no array.
/// Errors: kInvalidArgument for an array that does not end or is empty.
bia::Result<std::vector<std::string_view>> array_elements(std::string_view json);

}  // namespace zelus::ghz
