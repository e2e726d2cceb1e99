#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

// The formats of protoc-gen-validate's and protovalidate's rules: what generated checks and the
// functions of CEL (`this.isEmail()`) ask.
namespace bia::rules {

size_t runes(std::string_view text);
bool is_utf8(std::string_view text);
bool is_email(std::string_view text);
bool is_hostname(std::string_view text);
bool is_ipv4(std::string_view text);
bool is_ipv6(std::string_view text);
bool is_uuid(std::string_view text);
/// An address of 4 or 16 bytes; `version` is 4, 6, or 0 for either. As Go's net.IP has them: the
/// 16 bytes of ::ffff:1.2.3.4 are one of version 4.
bool is_ip_bytes(std::string_view bytes, int version);
/// In the limits of google/protobuf/duration.proto, or timestamp.proto.
bool is_duration(int64_t seconds, int32_t nanos);
bool is_timestamp(int64_t seconds, int32_t nanos);

// protovalidate's. `version` is 4, 6, or 0 for either.
bool is_html_email(std::string_view text);
bool is_host(std::string_view text);
bool is_ip(std::string_view text, int version);
bool is_ip_prefix(std::string_view text, int version, bool strict);
/// "host:port", "[::1]:80"; where `port_required` is false also the host alone.
bool is_host_and_port(std::string_view text, bool port_required = true);
bool is_uri(std::string_view text);
bool is_uri_reference(std::string_view text);
bool is_trimmed_uuid(std::string_view text);
bool is_ulid(std::string_view text);
bool is_protobuf_name(std::string_view text);
bool is_dotted_protobuf_name(std::string_view text);
bool is_header_name(std::string_view text, bool strict);
bool is_header_value(std::string_view text, bool strict);

}  // namespace bia::rules
