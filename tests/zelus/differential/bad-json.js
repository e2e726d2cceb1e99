import http from "k6/http";

// A failing body each: what k6 says of it, with line and character.
const bodies = ["nope", '{"a":1,}', '{"a" 1}', '{"a":1 "b"}', "[1 2]", "[1,", '{"a":"x\ny"}', '"\\q"', '"\\u12g4"', "-x", "1.x", "1e", "tru", "[1,\n2,\n x]", "1 2", "  ", "{a:1}",
  '"abc', "01", '{"a":}', "é", '"a\u0001b"', "'x'", '\n\n\n{"é":é}', "[1,2]]", "{", "1.5.2", "<html>\n</html>", "undefined", "[,]", "\ufeff{}", "1", '[{"ok":"é"}]'];
export default function () {
  for (const body of bodies) {
    const answer = http.post("http://127.0.0.1:23780/body", body);
    try {
      console.log(JSON.stringify(answer.json()));
    } catch (e) {
      console.log(JSON.stringify(body), e.name, e.message);
    }
  }
}
