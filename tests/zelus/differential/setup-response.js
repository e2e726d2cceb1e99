import http from "k6/http";
import exec from "k6/execution";
import { SharedArray } from "k6/data";
import { parseHTML } from "k6/html";

const BASE = "http://127.0.0.1:23780";
const shared = new SharedArray("users", () => [{ id: 1 }, 2]);
export async function setup() {
  return {
    one: http.get(`${BASE}/cookie`), list: http.batch([`${BASE}/json`]), named: http.batch({ a: `${BASE}/json` }), later: await http.asyncRequest("GET", `${BASE}/json`),
    binary: http.get(`${BASE}/json`, { responseType: "binary" }), failed: http.get("http://127.0.0.1:1/"), timings: Object.keys(http.get(`${BASE}/json`).timings).length,
    file: http.file("abc", "n.txt", "text/x"), bytes: http.file(new Uint8Array([1]).buffer, "n"), url: http.url`${BASE}/${5}`, shared: { shared, first: shared[0] },
    tags: exec.vu.tags, metadata: exec.vu.metrics.metadata, jar: http.cookieJar(), proxy: new Proxy({ a: 1 }, {}), page: parseHTML("<p>x</p>"),
  };
}
// k6 hands a Go map over, whose keys come in a new order each time.
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  const out = {};
  for (const key of Object.keys(value).sort()) if (key !== "timings") out[key] = sorted(value[key]);
  return out;
}
export default function (data) {
  for (const key of Object.keys(data).sort()) console.log(key, JSON.stringify(sorted(data[key])));
}
