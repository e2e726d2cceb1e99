#include <gtest/gtest.h>

#include "bia/http/uri.h"

namespace bia::http {
namespace {

// RFC 3986 section 5.4.
TEST(ResolveReference, TheExamplesOfTheRfc) {
  constexpr std::pair<std::string_view, std::string_view> kExamples[] = {
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
  };
  for (const auto& [reference, meant] : kExamples)
    EXPECT_EQ(resolve_reference("http://a/b/c/d;p?q", reference), meant) << reference;
}

TEST(ResolveReference, OfFilesAndSchemesOfOthers) {
  EXPECT_EQ(resolve_reference("file:///a/b/c.js", "../d.ts"), "file:///a/d.ts");
  EXPECT_EQ(resolve_reference("file:///a/b/c.js", "/d.ts"), "file:///d.ts");
  EXPECT_EQ(resolve_reference("file:///a/c.js", "webpack:///./x.ts"), "webpack:///./x.ts");
}

TEST(ResolveReference, OfBasesThatHaveLittle) {
  EXPECT_EQ(resolve_reference("http://a", "g"), "http://a/g");
  EXPECT_EQ(resolve_reference("http://u:p@a:8", "/g"), "http://u:p@a:8/g");
  EXPECT_EQ(resolve_reference("http://a?q", "?y"), "http://a?y");
  EXPECT_EQ(resolve_reference("http://a/b#s", "#t"), "http://a/b#t");
  EXPECT_EQ(resolve_reference("http://a/b//c", "../d"), "http://a/b/d");
  for (const char* base : {"", "a", "http:", "http:/", "http://", "://"})
    for (const char* reference : {"", "g", "/g", "//g", "?y", "#s", "..", "/.."})
      resolve_reference(base, reference);
}

}  // namespace
}  // namespace bia::http
