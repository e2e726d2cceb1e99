#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "zelus/html/document.h"
#include "zelus/html/form.h"
#include "zelus/html/selector.h"

namespace zelus::html {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::shared_ptr<const Document> parse(std::string_view text) { return *Document::parse(text); }

/// Texts of what the selector finds, or the error's code.
std::vector<std::string> find(std::string_view page, std::string_view selector) {
  auto document = parse(page);
  auto parsed = Selector::parse(selector);
  if (!parsed) return {parsed.error().code() == bia::Code::kUnimplemented ? "unbuilt" : "bad"};
  std::vector<std::string> out;
  for (const Node* node : (*parsed)->find(*document, document->root())) {
    const std::string* id = node->attribute("id");
    out.push_back(id != nullptr ? *id : node->name);
  }
  return out;
}

constexpr std::string_view kList =
    "<ul id=u lang=en-GB><li id=1 class='a b'>One</li><!-- x --><li id=2>Two <b id=b>bold</b></li>"
    "<li id=3 class=b data-x='Q w'>three</li><li id=4></li></ul>";

TEST(Document, MakesWhatAPageLacks) {
  EXPECT_EQ(parse("")->inner_html(parse("")->root()), "<html><head></head><body></body></html>");
  auto page = parse("<!DOCTYPE html><title>a</title><p>b<p>c<td>d");
  EXPECT_EQ(
      page->inner_html(page->root()),
      "<!DOCTYPE html><html><head><title>a</title></head><body><p>b</p><p>cd</p></body></html>");
  EXPECT_EQ(page->text_of(page->root()), "abcd");
}

TEST(Document, WritesAsGoDoes) {
  auto page = parse(
      "<p a='\"&<'>x &amp; y<br></p><!--c--><script>1 < 2</script><textarea>\n\nz</textarea>"
      "<svg viewBox=a><linearGradient/></svg>");
  EXPECT_EQ(page->inner_html(page->root()),
            "<html><head></head><body><p a=\"&#34;&amp;&lt;\">x &amp; y<br/></p><!--c-->"
            "<script>1 < 2</script><textarea>\n\nz</textarea><svg viewBox=\"a\"><linearGradient>"
            "</linearGradient></svg></body></html>");
}

TEST(Document, DepthCostsNoStack) {
  constexpr int kDepth = 100'000;
  std::string text;
  for (int i = 0; i < kDepth; ++i) text += "<b>";
  auto page = parse(text + "x");
  EXPECT_EQ(page->text_of(page->root()), "x");
  EXPECT_GT(page->inner_html(page->root()).size(), static_cast<size_t>(kDepth));
  EXPECT_EQ((*Selector::parse("i"))->find(*page, page->root()).size(), 0u);
}

TEST(Document, RefusesWhatIsTooLarge) {
  std::string large(Document::kBytesMax + 1, ' ');
  EXPECT_EQ(Document::parse(large).error().code(), bia::Code::kOutOfRange);
}

TEST(Selector, FindsInOrder) {
  EXPECT_THAT(find(kList, "li"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(find(kList, "LI.b"), ElementsAre("1", "3"));
  EXPECT_THAT(find(kList, "#b, #\\31"), ElementsAre("1", "b"));
  EXPECT_THAT(find(kList, "ul > li b"), ElementsAre("b"));
  EXPECT_THAT(find(kList, "li + li"), ElementsAre("2", "3", "4"));
  EXPECT_THAT(find(kList, ".a ~ .b"), ElementsAre("3"));
  EXPECT_THAT(find(kList, "ul>b"), ElementsAre());
  EXPECT_THAT(find(kList, "body *"), ElementsAre("u", "1", "2", "b", "3", "4"));
}

TEST(Selector, Attributes) {
  EXPECT_THAT(find(kList, "[data-x]"), ElementsAre("3"));
  EXPECT_THAT(find(kList, "[ data-x = 'q W' i ]"), ElementsAre("3"));
  EXPECT_THAT(find(kList, "[data-x='q W']"), ElementsAre());
  EXPECT_THAT(find(kList, "[class~=b]"), ElementsAre("1", "3"));
  EXPECT_THAT(find(kList, "[lang|=en]"), ElementsAre("u"));
  EXPECT_THAT(find(kList, "[data-x^=Q][data-x$=w][data-x*=' ']"), ElementsAre("3"));
  EXPECT_THAT(find(kList, "[data-x^='']"), ElementsAre());
  EXPECT_THAT(find(kList, "li[class!=b]"), ElementsAre("1", "2", "4"));
}

TEST(Selector, PseudoClasses) {
  EXPECT_THAT(find(kList, "li:nth-child(2n + 1)"), ElementsAre("1", "3"));
  EXPECT_THAT(find(kList, "li:nth-child(-n+2)"), ElementsAre("1", "2"));
  EXPECT_THAT(find(kList, "li:nth-last-child(even)"), ElementsAre("1", "3"));
  EXPECT_THAT(find(kList, "li:nth-of-type(3), li:last-of-type"), ElementsAre("3", "4"));
  EXPECT_THAT(find(kList, "b:only-child"), ElementsAre("b"));
  EXPECT_THAT(find(kList, "li:not(.a, :has(b)):not(:empty)"), ElementsAre("3"));
  EXPECT_THAT(find(kList, "li:contains(bold)"), ElementsAre("2"));
  EXPECT_THAT(find(kList, "li:containsOwn('bold')"), ElementsAre());
  EXPECT_THAT(find(kList, "ul:haschild(li)"), ElementsAre("u"));
  EXPECT_THAT(find(kList, "li:lang(en)"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(find(kList, ":root"), ElementsAre("html"));
  EXPECT_THAT(find(kList, "li:hover"), ElementsAre());
  EXPECT_THAT(find("<form><fieldset disabled><input id=i></fieldset><input id=j type=radio checked>"
                   "<select id=s><option id=o selected></select><a id=a href=x></a></form>",
                   ":enabled, :checked, :disabled, :input, :link"),
              ElementsAre("fieldset", "i", "j", "s", "o", "a"));
}

TEST(Selector, BacktracksWhereItHelpsAndOnlyThere) {
  constexpr std::string_view kPage =
      "<div id=x class=a><div id=y><p id=p1></p><div class=b><div id=z><p "
      "id=p2></p></div></div></div>"
      "<i></i><u id=u></u><i></i><b id=b></b></div>";
  EXPECT_THAT(find(kPage, ".a > div p"), ElementsAre("p1", "p2"));
  EXPECT_THAT(find(kPage, ".a div > p"), ElementsAre("p1", "p2"));
  EXPECT_THAT(find(kPage, ".b > div p"), ElementsAre("p2"));
  EXPECT_THAT(find(kPage, ".a > div > p"), ElementsAre("p1"));
  EXPECT_THAT(find(kPage, "div + i ~ b"), ElementsAre("b"));
  EXPECT_THAT(find(kPage, "u + i ~ b"), ElementsAre("b"));
  EXPECT_THAT(find(kPage, "b + i ~ b"), ElementsAre());
  std::string deep;
  for (int i = 0; i < 2000; ++i) deep += "<b>";
  EXPECT_THAT(find(deep, "x b b b b b b b b b b"), ElementsAre());
}

TEST(Selector, RefusesWhatIsNone) {
  for (const char* bad :
       {"", " ", "!!", "li:", "li::before", "a[", "a[b=1]", "li:nth-child(x)", ".", "#", "> li",
        "li >", "li,", "a b)", ":not(", ":nope", ":nope(a)", "\\", "['"})
    EXPECT_THAT(find(kList, bad), ElementsAre("bad")) << bad;
  EXPECT_THAT(find(kList, "li:matches(x)"), ElementsAre("unbuilt"));
  EXPECT_THAT(find(kList, "[a#=x]"), ElementsAre("unbuilt"));
  std::string nested;
  for (int i = 0; i < 1000; ++i) nested += ":not(";
  EXPECT_THAT(find(kList, nested), ElementsAre("bad"));
  std::string_view text;
  EXPECT_THAT(Selector::parse("a[b").error().message(), HasSubstr("selector \"a[b\", at 3"));
}

TEST(Form, ValuesAsK6SendsThem) {
  auto page = parse(
      "<form><input name=a value=1><input name=off type=checkbox checked><input name=on "
      "type=checkbox "
      "checked=checked><input name=d disabled=disabled value=2><input value=3><input type=submit "
      "name=s value=4><select name=m multiple><option selected>x<option value=y selected>z</select>"
      "<select name=e><option>q</select><textarea name=t>u &amp; v</textarea></form>");
  auto form = (*Selector::parse("form"))->find(*page, page->root());
  std::vector<std::string> shown;
  for (const auto& [name, value] : form_values(*page, form)) {
    std::string text = name + "=";
    if (const auto* one = std::get_if<std::string>(&value)) text += *one;
    if (const auto* all = std::get_if<std::vector<std::string>>(&value))
      for (const auto& item : *all) text += "[" + item + "]";
    shown.push_back(text);
  }
  EXPECT_THAT(shown, ElementsAre("a=1", "on=on", "m=[x][y]", "e=", "t=u &amp; v"));
}

}  // namespace
}  // namespace zelus::html
