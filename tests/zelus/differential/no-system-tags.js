import http from "k6/http";
import { check, group } from "k6";

export const options = {
  systemTags: [],
  thresholds: { "http_req_failed{status:200}": ["rate<1"], "checks{check:a}": ["rate>=0"], "http_reqs{scenario:default}": ["count>=0"] },
};
export default function () {
  group("g", () => {
    check(http.get("http://127.0.0.1:23780/json"), { a: (r) => r.status === 200, b: () => false });
  });
  http.get(http.url`http://127.0.0.1:23780/json?${1}`);
  http.get("http://127.0.0.1:23780/json", { tags: { name: "own" } });
}
