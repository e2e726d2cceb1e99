import http from "k6/http";
import exec from "k6/execution";

const BASE = "http://127.0.0.1:23780";
export const options = { scenarios: { s: { executor: "shared-iterations", tags: __ENV.SCENARIO ? { name: "of scenario" } : {} } } };
function requests() {
  http.get(`${BASE}/json?1`);
  http.get(http.url`${BASE}/json?n=${2}`);
  http.get(`${BASE}/json?3`, { tags: { name: "own" } });
  http.get(http.url`${BASE}/json?n=${4}`, { tags: { name: "own" } });
  http.get(`${BASE}/json?5`, { tags: { other: "x" } });
  http.get(`${BASE}/json?6`, { tags: { name: "" } });
  http.batch([`${BASE}/json?7`, ["GET", `${BASE}/json?8`, null, { tags: { name: "own" } }]]);
  http.get("http://127.0.0.1:1/9");
  http.get(`${BASE}/redirect`);
}
export default function () {
  requests();
  exec.vu.metrics.tags.name = "of user";
  requests();
  delete exec.vu.metrics.tags.name;
  http.get(`${BASE}/json?10`);
}
