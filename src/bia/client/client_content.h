#pragma once
#include <string>
#include <string_view>

#include "bia/bia/client.h"
#include "bia/bia/codec.h"

namespace bia {

/// Errors: kInvalidArgument for a type that neither bia nor the list has.
Result<void> check_content_type(std::string_view content_type, const CodecList& codecs);
/// Appends the body of a call as `content_type` has it. Errors: kInvalidArgument CODEC for a field
/// that the type cannot hold.
Result<void> encode_body(const HttpCallBody& body, std::string_view content_type,
                         const CodecList& codecs, std::string& out);
/// What is asked for in return: the same type, where replies have it.
std::string_view accept_for(std::string_view content_type, const CodecList& codecs);
/// Into `reply`, by the response's Content-Type; JSON where that says nothing known, as Kratos.
/// Errors: kInternal CODEC.
Result<void> decode_reply(const http::ClientResponse& response, const HttpReplyParts& parts,
                          const CodecList& codecs, google::protobuf::Message& reply);

}  // namespace bia
