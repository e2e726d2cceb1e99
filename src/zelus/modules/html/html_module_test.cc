// k6/html; what real k6 answers to more of it is in tests/zelus/differential/html.js.
#include "zelus/modules/test_support.h"

namespace zelus::modules {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HtmlModuleTest : public ScriptTest {
 protected:
  std::vector<std::string> html(const std::string& body) {
    std::vector<std::string> out;
    for (std::string line : run_default(
             "import { parseHTML } from 'k6/html';",
             "const doc = parseHTML(`<ul id='l'><li class='a'>one</li><li data-n='3' "
             "data-long-name='x'>two</li></ul><form id='f' action='/go'><input name='q' "
             "value='v w'><select name='s'><option>x<option selected>y</select></form>`);\n" +
                 body)) {
      line.resize(std::min(line.find(" source=console"), line.size()));
      out.push_back(line.starts_with("info: ") ? line.substr(6) : line);
    }
    return out;
  }
};

TEST_F(HtmlModuleTest, SelectionsWalkAndRead) {
  EXPECT_THAT(
      html(R"(const li = doc.find('li');
    console.log(li.size(), li.text(), li.eq(-1).text(), li.first().attr('class'), li.last().attr('class', 'none'));
    console.log(doc.find('ul').html());
    console.log(li.next().text(), li.prevAll().text(), li.parent().attr('id'), li.filter('.a').end().size(), li.not('.a').text());
    console.log(li.eq(1).data('n') + 1, li.eq(1).data('longName'), JSON.stringify(li.eq(1).data()));
    console.log(li.map((i, s) => i + s.text()).join(), li.is('.a'), li.index(doc.find('[data-n]')), doc.find('[').size(), doc.single('li').text());)"),
      ElementsAre("2 onetwo two a none",
                  "<li class=\"a\">one</li><li data-n=\"3\" data-long-name=\"x\">two</li>",
                  "two one l 2 two", "4 x {\"n\":3,\"longName\":\"x\"}", "0one,1two true 1 0 one"));
}

TEST_F(HtmlModuleTest, FormsAreSerialized) {
  EXPECT_THAT(html(R"(const f = doc.find('form');
    console.log(f.serialize(), JSON.stringify(f.serializeArray()), JSON.stringify(f.serializeObject()), doc.find('select').val());)"),
              ElementsAre("q=v+w&s=y [{\"name\":\"q\",\"value\":\"v w\"},{\"name\":\"s\",\"value\":"
                          "\"y\"}] {\"q\":\"v w\",\"s\":\"y\"} y"));
}

TEST_F(HtmlModuleTest, ElementsHaveMethods) {
  EXPECT_THAT(
      html(
          R"(doc.find('li').each((i, e) => console.log(i, e.nodeName(), e.textContent(), e.className(), e.parentElement().id()));
    const f = doc.find('form').get(0), s = doc.find('select').get(0);
    console.log(f.action(), f.method(), f.elements().length, s.form().id(), s.selectedIndex(), s.value(), s.options()[0].text(), typeof s.href, String(s));)"),
      ElementsAre("0 li one a l", "1 li two undefined l",
                  "/go get 2 f 1 y x undefined [object html.Node]"));
}

TEST_F(HtmlModuleTest, RefusesWhatIsNoSelector) {
  EXPECT_THAT(
      html(
          R"(for (const f of [() => doc.find(), () => doc.find(3), () => doc.find('li').each(1), () => doc.find('li').filter(1), () => doc.find('li:matches(x)'),
      () => doc.find('li').each(() => { throw new Error('mine'); }), () => doc.find.call({}), () => doc.get(0).nodeName.call(1)]) try { f(); } catch (e) { console.log(String(e)); })"),
      ElementsAre(
          "GoError: invalid argument, cannot use a '<nil>' as a selector",
          "GoError: invalid argument, cannot use a 'int64' as a selector",
          "GoError: the argument to each() must be a function",
          "GoError: the argument to filter() must be a function, a selector or a selection",
          HasSubstr(":matches in selector \"li:matches(x)\" is not built into zelus"),
          HasSubstr("the function passed to each() failed: Error: mine at file:///t/script.js:"),
          HasSubstr("TypeError"), HasSubstr("TypeError")));
}

TEST_F(HtmlModuleTest, LongChainsEnd) {
  EXPECT_THAT(
      html(R"(let s = doc; for (let i = 0; i < 100000; ++i) s = s.add('li'); console.log(s.size());
    for (let i = 0; i < 20; ++i) s = s.end(); console.log(s.size());)"),
      ElementsAre("3", "3"));
}

}  // namespace
}  // namespace zelus::modules
