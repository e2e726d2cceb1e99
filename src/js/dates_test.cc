// Dates as text and Math.cbrt as k6's engine has them (engine_dates.inc).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <optional>
#include <string>

#include "js/module_set.h"
#include "js/runtime.h"

namespace bia::js {
namespace {

class DatesTest : public ::testing::Test {
 protected:
  DatesTest() {
    if (const char* zone = std::getenv("TZ")) before_ = zone;
    setenv("TZ", "EST5EDT,M3.2.0,M11.1.0", 1);
    tzset();
  }
  ~DatesTest() override {
    before_ ? setenv("TZ", before_->c_str(), 1) : unsetenv("TZ");
    tzset();
  }
  /// Of an expression.
  std::string text_of(const std::string& expression) {
    constexpr const char* kUrl = "file:///t/main.js";
    ModuleSet modules([](const std::string&) -> Result<std::string> {
      return Error(Code::kNotFound, "NO_FILE", "no such file");
    });
    modules.add_source(kUrl, "export const out = String(" + expression + ");");
    auto runtime = std::move(Runtime::create(modules).value());
    auto context = std::move(Context::create(*runtime).value());
    Running running(*context, 512 * 1024);
    Value name_space;
    Exception exception;
    if (!context->import_module(kUrl, nullptr, nullptr, name_space, exception))
      return exception.message;
    return to_text(context->get(), name_space.property("out").get());
  }
  std::optional<std::string> before_;
};

TEST_F(DatesTest, NameTheirZone) {
  EXPECT_EQ(text_of("new Date(0)"), "Wed Dec 31 1969 19:00:00 GMT-0500 (EST)");
  EXPECT_EQ(text_of("`${new Date(1e12)}`"), "Sat Sep 08 2001 21:46:40 GMT-0400 (EDT)");
  EXPECT_EQ(text_of("new Date(1e12).toTimeString()"), "21:46:40 GMT-0400 (EDT)");
  EXPECT_EQ(text_of("new Date(1e12).toDateString()"), "Sat Sep 08 2001");
  EXPECT_THAT(text_of("Date()"), ::testing::ContainsRegex(" GMT-0[45]00 \\(E[SD]T\\)$"));
  EXPECT_EQ(text_of("new Date(NaN)"), "Invalid Date");
}

TEST_F(DatesTest, HaveTwentyFourHours) {
  EXPECT_EQ(text_of("new Date(1e12).toLocaleString()"), "09/08/2001, 21:46:40");
  EXPECT_EQ(text_of("new Date(1e12).toLocaleTimeString('de-DE', {})"), "21:46:40");
  EXPECT_EQ(text_of("new Date(1e12).toLocaleDateString()"), "09/08/2001");
  EXPECT_EQ(text_of("new Date(5 * 3600000).toLocaleString()"), "01/01/1970, 00:00:00");
  EXPECT_EQ(text_of("new Date(-1e14).toLocaleString()"), "02/15/-1199, 09:13:20");
  EXPECT_EQ(text_of("new Date(1e15).toLocaleString()"), "09/26/33658, 21:46:40");
  EXPECT_EQ(text_of("new Date(NaN).toLocaleString()"), "Invalid Date");
  EXPECT_EQ(text_of("Date.prototype.toLocaleString.call({})"), "not a Date object");
}

TEST_F(DatesTest, TextsThatProgramsReadAreAsTheyWere) {
  EXPECT_EQ(text_of("new Date(1e12).toISOString()"), "2001-09-09T01:46:40.000Z");
  EXPECT_EQ(text_of("new Date(1e12).toUTCString()"), "Sun, 09 Sep 2001 01:46:40 GMT");
  EXPECT_EQ(text_of("JSON.stringify(new Date(1e12))"), "\"2001-09-09T01:46:40.000Z\"");
  EXPECT_EQ(text_of("Date.parse(String(new Date(1e12)))"), "1000000000000");
}

TEST_F(DatesTest, CubeRootsAreExact) {
  EXPECT_EQ(text_of("[27, -8, 1000, 2, 1e300, 5e-324, Infinity, 'x'].map(Math.cbrt)"),
            "3,-2,10,1.2599210498948732,1e+100,1.7031839360032603e-108,Infinity,NaN");
  EXPECT_EQ(text_of("Object.is(Math.cbrt(-0), -0)"), "true");
}

}  // namespace
}  // namespace bia::js
