import http from "k6/http";
import { Trend } from "k6/metrics";

const mine = new Trend("mine", true);
export const options = {
  iterations: 3,
  thresholds: {
    http_req_duration: ["p(95)<5000", "avg<0.0001"],
    "http_req_duration{name:home}": ["max<9000"],
    http_req_failed: [{ threshold: "rate<=0", abortOnFail: false }],
    mine: ["p(99.9)==7", "med>=7", "count>1".replace("count", "min")],
    "checks{check:none}": ["rate>0.9"],
    iterations: ["count===3", "rate>0"],
  },
};
export default function () {
  http.get("http://127.0.0.1:23780/", { tags: { name: "home" } });
  mine.add(7);
}
