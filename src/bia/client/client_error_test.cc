#include <gtest/gtest.h>

#include "bia/bia/client.h"
#include "grpc/proto_wire.h"

namespace bia {
namespace {

http::ClientResponse proto_error(std::string_view reason) {
  http::ClientResponse response;
  response.status = 404;
  response.headers.add("Content-Type", "application/proto");
  grpc::put_uint(response.body, 1, 404);
  grpc::put_bytes(response.body, 2, reason);
  grpc::put_bytes(response.body, 3, "no such user");
  return response;
}

TEST(ClientError, OfProtobufHasItsReasonWhereThatIsText) {
  EXPECT_EQ(error_of(proto_error("USER_NOT_FOUND")).reason(), "USER_NOT_FOUND");
  const Error odd = error_of(proto_error("USER\xff"));
  EXPECT_EQ(odd.reason(), "");
  EXPECT_EQ(odd.message(), "no such user");
  EXPECT_EQ(odd.http_status(), 404);
}

}  // namespace
}  // namespace bia
