import http from "k6/http";
const B = "http://127.0.0.1:23780";
const show = (name, value) => console.log(name, value === undefined ? "undefined" : JSON.stringify(value));
const sorted = (value) => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
};
export default function () {
  const json = http.get(`${B}/json`);
  const paths = ["{name,items}", "[name]", "[name,items.0]", "{name}", '{"x":name,"y":items.#}', "{x:name}", "{nope}", "[nope,name]", "{a:{name}}", "[[name]]", "{name}.name",
    "{name,items}|items.1", "items|{0}", "{name,@this}.name", "[!5,name]", '{"a":!true}', '!"x"', "{", "{name", "[]", "", null, undefined];
  for (const path of paths) show(`json ${path}`, sorted(json.json(path)));
  json.json().added = 1;
  show("json() is kept", json.json().added);
  const numbers = [1e-6, 1e-7, 1e20, 1e21, -0, 0.1, 123456789, 1.5, 1e15, 1234567.5, NaN, Infinity, 2 ** 53, -1e-5];
  for (const f of [...numbers, true, new Date(0), new Date(1234), Symbol("described"), [1e-6, -0, "x"], { a: 1e20 }])
    show(`form ${String(typeof f === "object" ? JSON.stringify(f) : String(f))}`, http.post(`${B}/body`, { f }).body);
  for (const headers of [{ Host: "" }, { "User-Agent": "" }, { "X-A": "a  " }, { "X-A": "\ta\t" }, { "X-A": "" }])
    show(`headers ${JSON.stringify(headers)}`, sorted(http.get(`${B}/echo`, { headers }).json().headers));
  for (const status of [600, 999]) {
    const r = http.get(`${B}/status/${status}`);
    show(`status ${status}`, [r.status, r.error_code, r.error]);
  }
  http.setResponseCallback();
  show("surrogates", http.post(`${B}/body`, "a\ud800b\udc00c\ud83d\ude00").body);
  console.log("a\ud800b", ["\udc00"], { a: "\udfff" });
  for (const params of [{ tags: { a: {} } }, { timeout: "x" }, { responseType: "q" }]) {
    const r = http.get(`${B}/json`, params);
    show(`bad ${JSON.stringify(params)}`, [r.status, r.error, r.body, r.body.length, String(r.body)]);
    try {
      r.json();
    } catch (e) {
      show("its json", e.message);
    }
  }
}
