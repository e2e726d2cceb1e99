#include "codec/any_depth.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/api.pb.h>
#include <gtest/gtest.h>

#include "bia/codec/json_writer.h"
#include "bia/codec/well_known.h"

namespace bia::codec {
namespace {

using google::protobuf::Any;
using google::protobuf::Api;

Any nested(int depth) {
  Any any;
  for (int i = 0; i < depth; ++i) {
    Any outer;
    outer.PackFrom(any);
    any = std::move(outer);
  }
  return any;
}

TEST(AnyDepth, CountsWhatAnysHold) {
  EXPECT_TRUE(anys_are_shallow(nested(kAnyDepthMax - 1)));
  EXPECT_FALSE(anys_are_shallow(nested(kAnyDepthMax)));
  EXPECT_FALSE(anys_are_shallow(nested(3000)));
  Any unknown;
  unknown.set_type_url("t/not.Known");
  unknown.set_value(nested(3000).SerializeAsString());
  EXPECT_TRUE(anys_are_shallow(unknown));
}

TEST(AnyDepth, CountsOtherMessagesBetweenThem) {
  Api api;
  Any any;
  for (int i = 0; i < kAnyDepthMax / 3; ++i) {
    any.PackFrom(api);
    api.Clear();
    *api.add_options()->mutable_value() = any;
  }
  EXPECT_TRUE(anys_are_shallow(api));
  any.PackFrom(api);
  api.Clear();
  *api.add_options()->mutable_value() = any;
  EXPECT_FALSE(anys_are_shallow(api));
}

TEST(AnyDepth, JsonRefusesWhatIsDeeper) {
  for (const int depth : {kAnyDepthMax - 1, 3000}) {
    std::string json;
    JsonWriter out(json);
    bia_json_write(out, nested(depth));
    EXPECT_EQ(out.failed(), depth == 3000);
    EXPECT_EQ(json == "{}", depth == 3000);
  }
}

}  // namespace
}  // namespace bia::codec
