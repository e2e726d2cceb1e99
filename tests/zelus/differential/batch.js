import http from "k6/http";

export const options = { iterations: 2, batch: 4, batchPerHost: 2 };
export default function () {
  const list = http.batch(["http://127.0.0.1:23780/json", ["POST", "http://127.0.0.1:23780/echo", "x", { tags: { n: "1" } }], { method: "GET", url: "http://127.0.0.1:23780/" }]);
  console.log(list.map((r) => r.status).join());
  const named = http.batch({ a: "http://127.0.0.1:23780/json", b: { method: "DELETE", url: "http://127.0.0.1:23780/echo" } });
  console.log(Object.keys(named).sort().join(), named.a.status);
}
