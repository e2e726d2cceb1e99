#include "bia/content/media_type.h"

#include <gtest/gtest.h>

namespace bia {
namespace {

TEST(FormatOf, GoesByTheSubtypeWithoutCase) {
  EXPECT_EQ(format_of("application/JSON; charset=utf-8"), Format::kJson);
  EXPECT_EQ(format_of("text/json"), Format::kJson) << "as Kratos";
  EXPECT_EQ(format_of("application/x-protobuf"), Format::kProto);
  EXPECT_EQ(format_of("multipart/form-data; boundary=x"), Format::kMultipart);
  EXPECT_EQ(format_of("text/xml;charset=utf-8"), Format::kXml);
  EXPECT_EQ(format_of("text/plain"), Format::kUnknown);
  EXPECT_EQ(format_of("json"), Format::kUnknown);
  EXPECT_EQ(format_of(""), Format::kUnknown);
}

TEST(Accepted, TakesTheHighestWeight) {
  EXPECT_EQ(accepted(""), Format::kJson);
  EXPECT_EQ(accepted("application/proto"), Format::kProto);
  EXPECT_EQ(accepted("application/json;q=0.5, application/proto"), Format::kProto);
  EXPECT_EQ(accepted("application/proto;q=0.5, application/json;q=0.501"), Format::kJson);
  EXPECT_EQ(accepted("application/proto;q=0, */*;q=0.1"), Format::kJson);
  EXPECT_EQ(accepted("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            Format::kJson)
      << "a browser";
  EXPECT_EQ(accepted("application/yaml, application/json"), Format::kYaml) << "the first of equals";
  EXPECT_EQ(accepted("application/xml"), Format::kXml);
  EXPECT_EQ(accepted("text/xml;q=0.5,application/json;q=0.4"), Format::kXml);
  EXPECT_EQ(accepted("image/png"), Format::kJson) << "Kratos falls back";
  EXPECT_EQ(accepted("application/proto;q=x"), Format::kProto);
  EXPECT_EQ(accepted(",,;q=1,"), Format::kJson);
}

TEST(MediaParameter, Unquotes) {
  EXPECT_EQ(media_parameter("multipart/form-data; Boundary=\"a b\"", "boundary"), "a b");
  EXPECT_EQ(media_parameter("multipart/form-data;x=1;boundary=ab", "boundary"), "ab");
  EXPECT_EQ(media_parameter("multipart/form-data", "boundary"), "");
}

}  // namespace
}  // namespace bia
