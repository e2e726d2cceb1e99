// Expressions and what they give. The facts are those of cel-spec's conformance cases (basic,
// comparisons, conversions, fp_math, integer_math, lists, logic, macros, parse, string,
// timestamps).
#include "cel/cel.h"

#include <gtest/gtest.h>

#include "cel/expr.h"
#include "cel/function.h"

namespace bia::cel {
namespace {

/// "int 3", "string a", "error division by zero"; "compile …" for what is no expression.
std::string result(std::string_view expression, int64_t steps_max = kStepsMax) {
  auto program = Program::compile(expression, {});
  if (!program.ok()) return "compile " + program.error().message();
  Evaluation evaluation(steps_max);
  const Value value = program->evaluate(evaluation, {});
  std::string text(kind_name(value.kind()));
  text += ' ';
  append_text(evaluation, text, value);
  return text;
}

using Facts = std::initializer_list<std::pair<std::string_view, std::string_view>>;
void expect(Facts facts) {
  for (const auto& [expression, wanted] : facts)
    EXPECT_EQ(result(expression), wanted) << expression;
}

TEST(Cel, Literals) {
  expect({{"null", "null_type null"},
          {"true", "bool true"},
          {"42", "int 42"},
          {"-9223372036854775808", "int -9223372036854775808"},
          {"0x55555555", "int 1431655765"},
          {"-0x55555555", "int -1431655765"},
          {"42u", "uint 42"},
          {"0xFFU", "uint 255"},
          {"18446744073709551615u", "uint 18446744073709551615"},
          {".5", "double 0.5"},
          {"-2.3e+1", "double -23"},
          {"6.02214e23", "double 6.02214e+23"},
          {"'a\\u270c\\U0001F431\\x41\\101\\n'", "string a\u270c\U0001F431AA\n"},
          {"r'\\n'", "string \\n"},
          {"'''a\n'b' '''", "string a\n'b' "},
          {"\"\"\"x\"\"\" + R\"\\\"", "string x\\"},
          {"b'\\303\\277' == b'\\xc3\\xbf'", "bool true"},
          {"b'\u00ff' == b'\\303\\277'", "bool true"},
          {"[1, 'a', null,]", "list [1, a, null]"},
          {"{'a': 1, 2: [3],}", "map {2: [3], a: 1}"},
          {"1 // comment\n + 2", "int 3"},
          {"type(1) == int && type(int) == type && type([]) == list", "bool true"},
          {"type({}) == map && type(null) == null_type && type(1u) == uint", "bool true"},
          {"type(duration('1s')) == google.protobuf.Duration", "bool true"}});
}

TEST(Cel, Arithmetic) {
  expect({{"1 + 2 * 3 - 4 / 2", "int 5"},
          {"-7 / 2", "int -3"},
          {"-7 % 2", "int -1"},
          {"7u / 2u % 2u", "uint 1"},
          {"9223372036854775807 + 1", "error integer overflow"},
          {"-9223372036854775808 - 1", "error integer overflow"},
          {"-(-9223372036854775808)", "error integer overflow"},
          {"5000000000 * 5000000000", "error integer overflow"},
          {"-9223372036854775808 / -1", "error integer overflow"},
          {"1u - 2u", "error integer overflow"},
          {"18446744073709551615u + 1u", "error integer overflow"},
          {"1 / 0", "error division by zero"},
          {"1u % 0u", "error modulus by zero"},
          {"1.5 + 2.25", "double 3.75"},
          {"1.0 / 0.0", "double Infinity"},
          {"-1.0 / 0.0", "double -Infinity"},
          {"0.0 / 0.0", "double NaN"},
          {"'a' + 'b'", "string ab"},
          {"b'a' + b'b' == b'ab'", "bool true"},
          {"[1] + [2, 3]", "list [1, 2, 3]"},
          {"--5", "int 5"},
          {"!!true", "bool true"},
          {"1 + 1u", "compile column 3: \"+\" has no shape for (int, uint)"},
          {"dyn(1) + dyn(1u)", "error no such overload"}});
}

TEST(Cel, Comparisons) {
  expect(
      {{"1 < 2 && 2 <= 2 && 3u > 2u && 2.0 >= 2.0", "bool true"},
       {"'a' < 'b' && b'a' < b'b' && false < true", "bool true"},
       {"1 < 1.5 && 1u < 2 && 2 > 1.5 && 3 >= 3u", "bool true"},
       {"dyn(1) == 1.0 && dyn(1u) == 1 && dyn(1) != 1.5", "bool true"},
       {"dyn(9223372036854775807) == 9223372036854775808.0", "bool true"},
       {"9223372036854775807 < 9223372036854775808.0", "bool false"},
       {"9223372036854775807 < 9223372036854777856.0 && 18446744073709551615u < 1e20", "bool true"},
       {"-1 < 1u && dyn(1) != 'a'", "bool true"},
       {"0.0/0.0 == 0.0/0.0", "bool false"},
       {"0.0/0.0 != 0.0/0.0", "bool true"},
       {"1.0 < 0.0/0.0 || 1.0 >= 0.0/0.0", "bool false"},
       {"[1, 2] == [1, 2] && [1] != [2] && [] == []", "bool true"},
       {"{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "bool true"},
       {"{'a': 1} == {'a': 2}", "bool false"},
       {"2 in [1, 2] && !('x' in ['y'])", "bool true"},
       {"'a' in {'a': 1} && !(2 in {1: 1})", "bool true"},
       {"dyn(1.0) in [1, 2]", "bool true"},
       {"[1, 2][1]", "int 2"},
       {"[1][1]", "error index out of bounds: 1"},
       {"[1, 2][dyn(1.0)]", "int 2"},
       {"{1: 'a'}[1]", "string a"},
       {"{1: 'a'}[dyn(1u)]", "string a"},
       {"{'a': 1}.a", "int 1"},
       {"{'a': 1}.b", "error no such key: b"},
       {"has({'a': 1}.a) && !has({'a': 1}.b)", "bool true"},
       {"{1: 2, 1: 3}", "error duplicate key: 1"},
       {"1 == 'a'", "compile column 3: \"==\" has no shape for (int, string)"}});
}

TEST(Cel, LogicDoesWithoutErrors) {
  expect({{"true || 1 / 0 > 0", "bool true"},
          {"1 / 0 > 0 || true", "bool true"},
          {"1 / 0 > 0 && false", "bool false"},
          {"false && 1 / 0 > 0", "bool false"},
          {"1 / 0 > 0 || false", "error division by zero"},
          {"true && 1 / 0 > 0", "error division by zero"},
          {"dyn('x') || true", "bool true"},
          {"dyn('x') && true", "error no such overload"},
          {"true ? 1 : 1 / 0", "int 1"},
          {"false ? 1 / 0 : 2", "int 2"},
          {"1 / 0 > 0 ? 1 : 2", "error division by zero"},
          {"false ? 1 : true ? 2 : 3", "int 2"},
          {"[1, 2].all(x, x > 1 / 0 || x > 0)", "bool true"},
          {"[0, 2].exists(x, 2 / x == 1)", "bool true"},
          {"[0, 2].all(x, 2 / x == 2)", "bool false"},
          {"[0, 1].all(x, 2 / x == 2)", "error division by zero"},
          {"[0, 1].exists_one(x, 2 / x == 2)", "error division by zero"},
          {"'x' && true", "compile column 1: a bool is due, not string"},
          {"true ? 1 : 'a'",
           "compile column 6: both values of \"?:\" must be of one type, not int and string"}});
}

TEST(Cel, Macros) {
  expect({{"[1, 2, 3].all(x, x > 0)", "bool true"},
          {"[].all(x, x > 0) && ![].exists(x, x > 0)", "bool true"},
          {"[1, 2].exists(x, x == 2)", "bool true"},
          {"[1, 2, 1].exists_one(x, x == 1)", "bool false"},
          {"[1, 2].existsOne(x, x == 1)", "bool true"},
          {"[1, 2, 3].filter(x, x % 2 == 1)", "list [1, 3]"},
          {"[1, 2, 3].map(x, x * 2)", "list [2, 4, 6]"},
          {"[1, 2, 3].map(x, x > 1, x * 2)", "list [4, 6]"},
          {"{'a': 1, 'b': 2}.all(k, k in ['a', 'b'])", "bool true"},
          {"{'a': 1}.map(k, k + 'x')", "list [ax]"},
          {"[[1], [2]].map(x, x.map(x, x + 1))", "list [[2], [3]]"},
          {"[1, 2].map(x, [3].map(y, x + y))", "list [[4], [5]]"},
          {"[1].all(1, true)", "compile column 9: all() takes the name of a variable first"},
          {"has(1)", "compile column 5: has() takes a field: has(message.field)"},
          {"1.all(x, true)", "compile column 3: all() is for lists and maps, not for int"},
          {"(1).all(x, true)", "compile column 5: all() is for lists and maps, not for int"},
          {"[1].all(x, x)", "compile column 12: a bool is due, not int"}});
}

TEST(Cel, Strings) {
  expect(
      {{"size('h\u00e9') == 2 && 'abc'.size() == 3 && size(b'\\xc3\\xa9') == 2", "bool true"},
       {"size([1, 2]) + {'a': 1}.size()", "int 3"},
       {"'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('bc')", "bool true"},
       {"b'abc'.contains(b'b') && b'ab'.startsWith(b'a') && b'ab'.endsWith(b'b')", "bool true"},
       {"'hubba'.matches('u.*a$') && matches('a', '^a$') && !'b'.matches('^a$')", "bool true"},
       {"'a'.matches('a' + '$')", "bool true"},
       {"'a'.matches('(' + 'a')", "error the pattern is none of RE2's: missing ): (a"},
       {"'a'.matches('(a')", "compile column 5: the pattern `(a` is none of RE2's: missing ): (a"},
       {"'t\u00e9st'.charAt(1) + 'ab'.charAt(2)", "string \u00e9"},
       {"'abab'.indexOf('b') + 'abab'.indexOf('b', 2) + 'a'.indexOf('x')", "int 3"},
       {"'abab'.lastIndexOf('b') + 'abab'.lastIndexOf('b', 2)", "int 4"},
       {"['a', 'b'].join('-') + ['c'].join()", "string a-bc"},
       {"'A\u00c9b'.lowerAscii() + 'a\u00e9b'.upperAscii()", "string a\u00c9bA\u00e9B"},
       {"'aXbXc'.replace('X', '--') + 'aXbX'.replace('X', '', 1)", "string a--b--cabX"},
       {"'ab'.replace('', '_')", "string _a_b_"},
       {"'a,b,c'.split(',')", "list [a, b, c]"},
       {"'a,b,c'.split(',', 2)", "list [a, b,c]"},
       {"'a\u00e9'.split('')", "list [a, \u00e9]"},
       {"'hello'.substring(1, 3) + 'hello'.substring(4)", "string elo"},
       {"'hello'.substring(3, 9)", "error the index is beyond the string"},
       {"'  \\u00a0x\\t'.trim() + 'ab\u00e9'.reverse()", "string x\u00e9ba"},
       {"strings.quote('a\"b\\n')", "string \"a\\\"b\\n\""},
       {"'%s|%d|%.2f|%x|%b|%%'.format(['a', 1, 2.5, 255, 5])", "string a|1|2.50|ff|101|%"},
       {"'%s %s'.format([[1, 'x'], duration('90s')])", "string [1, x] 90s"},
       {"'%s'.format([{'b': 1, 'a': b'x', 3: null}])", "string {3: null, a: x, b: 1}"},
       {"'%d'.format(['x'])", "error format's %d takes no string"},
       {"'%d %d'.format([1])", "error format has fewer arguments than clauses"},
       {"'%y'.format([1])",
        "error format has a clause that is none of %s, %d, %f, %e, %b, %o, %x, %X"}});
}

TEST(Cel, Conversions) {
  expect(
      {{"int('-42') + int(3.99) + int(7u)", "int -32"},
       {"int(timestamp('1970-01-01T00:01:00Z'))", "int 60"},
       {"int(1e19)", "error integer overflow"},
       {"int(18446744073709551615u)", "error integer overflow"},
       {"int('x')", "error \"x\" is no int"},
       {"uint(-1)", "error integer overflow"},
       {"uint('42') + uint(3.7) + uint(1)", "uint 46"},
       {"double('1.5') + double(1) + double(2u)", "double 4.5"},
       {"double('1e-400') == 0.0 && 1e-400 == 0.0", "bool true"},
       {"double('1e400')", "error \"1e400\" is no double"},
       {"string(1) + string(2u) + string(1.5) + string(true) + string(b'x')", "string 121.5truex"},
       {"string(b'\\xff')", "error the bytes are no UTF-8, and so no string"},
       {"bytes('\u00ff') == b'\\303\\277'", "bool true"},
       {"bool('true') && !bool('f')", "bool true"},
       {"bool('yes')", "error \"yes\" is no bool"},
       {"dyn('a') == 'a'", "bool true"},
       {"string(timestamp('2009-02-13T23:31:30.5Z'))", "string 2009-02-13T23:31:30.500Z"},
       {"string(duration('1h30m0.5s'))", "string 5400.5s"},
       {"type('a') == string", "bool true"},
       {"list == type([1])", "bool true"}});
}

TEST(Cel, Times) {
  expect({{"duration('1m') + duration('1s') == duration('61s')", "bool true"},
          {"duration('-1.5s')", "google.protobuf.Duration -1.5s"},
          {"duration('1us') < duration('1ms')", "bool true"},
          {"timestamp('9999-12-31T23:59:59Z') - timestamp('0001-01-01T00:00:00Z')",
           "error duration out of range"},
          {"duration('320000000000s')", "error \"320000000000s\" is no duration"},
          {"duration('x')", "error \"x\" is no duration"},
          {"timestamp('2023-01-01T00:00:00Z') + duration('24h') == "
           "timestamp('2023-01-02T00:00:00Z')",
           "bool true"},
          {"timestamp('2023-01-02T00:00:00Z') - timestamp('2023-01-01T00:00:00Z')",
           "google.protobuf.Duration 86400s"},
          {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "error timestamp out of range"},
          {"timestamp('0001-01-01T00:00:00Z') - duration('1ns')", "error timestamp out of range"},
          {"timestamp('2009-02-13T23:31:30Z').getFullYear()", "int 2009"},
          {"timestamp('2009-02-13T23:31:30Z').getMonth()", "int 1"},
          {"timestamp('2009-02-13T23:31:30Z').getDate()", "int 13"},
          {"timestamp('2009-02-13T23:31:30Z').getDayOfMonth()", "int 12"},
          {"timestamp('2009-02-13T23:31:30Z').getDayOfYear()", "int 43"},
          {"timestamp('2009-02-13T23:31:30Z').getDayOfWeek()", "int 5"},
          {"timestamp('2009-02-13T23:31:30Z').getHours('-02:30')", "int 21"},
          {"timestamp('2009-02-13T23:31:30Z').getDate('Australia/Sydney')", "int 14"},
          {"timestamp('2009-07-13T12:00:00Z').getHours('Europe/Berlin')", "int 14"},
          {"timestamp('2009-01-13T12:00:00Z').getHours('Europe/Berlin')", "int 13"},
          {"timestamp('2009-02-13T23:31:30Z').getMinutes()", "int 31"},
          {"timestamp('2009-02-13T23:31:30.123456789Z').getMilliseconds()", "int 123"},
          {"duration('3723s').getHours() + duration('3723s').getMinutes()", "int 63"},
          {"timestamp(0).getHours('Europe')",
           "compile column 14: \"Europe\" is no time zone of this system"},
          {"timestamp(0).getHours('Mars/Base')",
           "compile column 14: \"Mars/Base\" is no time zone of this system"},
          {"timestamp(0).getHours('+01:' + '00')", "int 1"},
          {"now - now == duration('0s') && now > timestamp('2020-01-01T00:00:00Z')", "bool true"}});
}

TEST(Cel, WhatProtovalidateAdds) {
  expect({{"(0.0/0.0).isNan() && !(1.0).isNan()", "bool true"},
          {"(1.0/0.0).isInf() && (1.0/0.0).isInf(1) && !(1.0/0.0).isInf(-1)", "bool true"},
          {"[1, 2].unique() && !['a', 'a'].unique() && [].unique()", "bool true"},
          {"[b'a', b'a'].unique()", "bool false"},
          {"[0.0/0.0, 0.0/0.0].unique()", "bool true"},
          {"[[1]].unique()", "error unique() takes a list of scalars"},
          {"'a@b.c'.isEmail() && !'a'.isEmail()", "bool true"},
          {"'example.com'.isHostname() && !'a_b'.isHostname()", "bool true"},
          {"'::1'.isIp() && '::1'.isIp(6) && !'::1'.isIp(4) && !'::1'.isIp(5)", "bool true"},
          {"'1.2.3.4\\x00evil'.isIp() || '::1\\x00evil'.isIp(6)", "bool false"},
          {"'10.0.0.0/8'.isIpPrefix() && '10.0.0.0/8'.isIpPrefix(4, true)", "bool true"},
          {"'10.0.0.1/8'.isIpPrefix(true) || '10.0.0.0/8'.isIpPrefix(6)", "bool false"},
          {"'https://a.b/c?d#e'.isUri() && !'a/b'.isUri() && 'a/b'.isUriRef()", "bool true"},
          {"'a.b:80'.isHostAndPort(true) && 'a.b'.isHostAndPort(false)", "bool true"},
          {"'a.b'.isHostAndPort(true) || '[::1]:99999'.isHostAndPort(false)", "bool false"},
          {"getField({'a': 1}, 'a')", "int 1"}});
}

TEST(Cel, SaysWhereItIsWrong) {
  expect({{"", "compile column 1: the expression ends where a value is due"},
          {"1 +", "compile column 4: the expression ends where a value is due"},
          {"(1", "compile column 3: the expression ends where \")\" is due"},
          {"1 2", "compile column 3: \"2\" is not expected here"},
          {"a\n  .b", "compile column 1: \"a.b\" is not known here"},
          {"1 ==\n  x", "compile line 2, column 3: \"x\" is not known here"},
          {"foo(1)", "compile column 1: there is no function \"foo\""},
          {"size(1)", "compile column 1: \"size\" has no shape for (int)"},
          {"'a'.size(1)", "compile column 5: \"size\" has no shape for (string, int)"},
          {"'abc", "compile column 5: a string without its end"},
          {"'a\nb'", "compile column 3: a string that ends with its line"},
          {"'\\q'", "compile column 2: an escape that is none of CEL's"},
          {"'\\ud800'", "compile column 8: an escape that is no character of Unicode"},
          {"b'\\u0041'", "compile column 3: an escape that is none of CEL's"},
          {"9223372036854775808", "compile column 1: an integer beyond 64 bits"},
          {"99999999999999999999u", "compile column 21: an integer beyond 64 bits"},
          {"a = 1", "compile column 3: \"=\" is no operator; write \"==\""},
          {"true & false", "compile column 6: \"&\" is no operator; write \"&&\""},
          {"while", "compile column 1: \"while\" is a reserved word"},
          {"'a'.b", "compile column 5: a string has no fields (\"b\")"},
          {"{[]: 1}", "compile column 2: a list(dyn) can be no key of a map"},
          {"x.Y{a: 1}", "compile column 3: \"x.Y\" is no message that is known here"}});
}

TEST(Cel, Limits) {
  const std::string deep = std::string(kDepthMax - 1, '(') + "1" + std::string(kDepthMax - 1, ')');
  EXPECT_EQ(result(deep), "int 1");
  EXPECT_EQ(result("(" + deep + ")"),
            "compile column 65: parts lie more than 64 deep in one another");
  std::string sum = "1";
  for (int i = 1; i < kDepthMax; ++i) sum += "+1";
  EXPECT_EQ(result(sum), "int 64");
  EXPECT_EQ(result(sum + "+1"), "compile column 128: parts lie more than 64 deep in one another");
  std::string all = "true";
  for (int i = 0; i < 200; ++i) all += " && true";
  EXPECT_EQ(result(all), "bool true");
  EXPECT_EQ(result(std::string(kExpressionBytesMax - 1, ' ') + "1"), "int 1");
  EXPECT_EQ(result(std::string(kExpressionBytesMax, ' ') + "1"),
            "compile the expression has 65537 bytes, above the limit of 65536");
  EXPECT_EQ(result(std::string(100, '!') + "true"),
            "compile column 65: parts lie more than 64 deep in one another");
}

TEST(Cel, TakesOnlySoManySteps) {
  const std::string_view loop = "[1, 2, 3].map(x, [1, 2, 3].map(y, x * y)).size()";
  EXPECT_EQ(result(loop, 100), "int 3");
  EXPECT_EQ(result(loop, 20), "error the rule takes too many steps");
  // Doubled each time: 2^40 bytes.
  std::string text = "'aaaaaaaaaaaaaaaa'";
  for (int i = 0; i < 36; ++i) text = "[" + text + "].map(x, x + x)[0]";
  EXPECT_TRUE(result(text).starts_with("compile"));
  std::string doubled = "['aaaaaaaaaaaaaaaa']";
  for (int i = 0; i < 30; ++i) doubled += ".map(x, x + x)";
  EXPECT_EQ(result(doubled), "error the rule takes too many steps");
  // Reading a long text is no single step.
  const std::string size =
      "['" + std::string(6400, 'a') + "'].all(t, [1, 2, 3].all(x, size(t) == 6400))";
  EXPECT_EQ(result(size, 400), "bool true");
  EXPECT_EQ(result(size, 250), "error the rule takes too many steps");
  // 2^40 places in a list, made in 40 turns.
  std::string shared = "[1]";
  for (int i = 0; i < 40; ++i) shared += ".map(x, [x, x])";
  EXPECT_EQ(result("'%s'.format([" + shared + "])"), "error the rule takes too many steps");
  EXPECT_EQ(result("'%s'.format([[1, 2, 3, 4]])", 8), "error the rule takes too many steps")
      << "and no text that is cut";
}

}  // namespace
}  // namespace bia::cel
