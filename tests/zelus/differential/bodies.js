import http from "k6/http";

export const options = { iterations: 1 };
const sorted = (value) => JSON.stringify(Object.entries(value.headers).sort()) + value.method + value.body;
export default function () {
  const url = "http://127.0.0.1:23780/echo";
  const show = (r) => console.log(r.status, r.status_text, r.proto, sorted(r.json()));
  show(http.post(url, { b: 2, a: ["x", "y z"], u: "é&=" }));
  show(http.put(url, "text", { headers: { "X-One": "1", "content-type": "text/plain" } }));
  show(http.patch(url, new Uint8Array([65, 66]).buffer));
  show(http.del(url));
  show(http.request("OPTIONS", url, null));
  console.log(http.get(http.url`http://127.0.0.1:23780/json?id=${7}`).status);
  console.log(http.get("http://user:pass@127.0.0.1:23780/json").status);
  const head = http.head("http://127.0.0.1:23780/json");
  console.log(head.status, JSON.stringify(head.body), head.headers["Content-Type"]);
  const none = http.get("http://127.0.0.1:23780/json", { responseType: "none" });
  console.log(none.body);
}
