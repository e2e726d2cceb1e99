#include "zelus/output/sigv4.h"

#include <gtest/gtest.h>

namespace zelus::output {
namespace {

// The worked example of AWS' documentation of Signature Version 4.
TEST(SigV4, IsAwsExample) {
  SigV4Request request{"GET",
                       "/",
                       "Version=2010-05-08&Action=ListUsers",
                       {{"host", "iam.amazonaws.com"},
                        {"x-amz-date", "20150830T123600Z"},
                        {"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
                       ""};
  SigV4Keys keys{"us-east-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  EXPECT_EQ(sigv4_authorization(request, keys, "iam", "20150830T123600Z"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST(SigV4, DependsOnBodyAndKey) {
  SigV4Request request{"POST", "", "", {{"host", "h"}}, "a"};
  SigV4Keys keys{"r", "a", "s"};
  std::string first = sigv4_authorization(request, keys, "aps", "20150830T123600Z");
  request.body = "b";
  EXPECT_NE(sigv4_authorization(request, keys, "aps", "20150830T123600Z"), first);
  request.body = "a";
  keys.secret_key = "t";
  EXPECT_NE(sigv4_authorization(request, keys, "aps", "20150830T123600Z"), first);
  EXPECT_EQ(sigv4_date(1440938160), "20150830T123600Z");
}

}  // namespace
}  // namespace zelus::output
