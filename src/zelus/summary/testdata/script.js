import http from "k6/http";
import { check, group } from "k6";
import { Counter, Gauge, Rate, Trend } from "k6/metrics";

const base = __ENV.BASE;
const cc = new Counter("cc");
const neg = new Gauge("neg");
const rr = new Rate("Rr");
const tt = new Trend("tt", true);
const plain = new Trend("plain");
const grpc = new Counter("grpc_custom");
const big = new Counter("data_sent_big");

export const options = {
  scenarios: {
    default: { executor: "per-vu-iterations", vus: 1, iterations: 1, exec: "numbered" },
    main: { executor: "per-vu-iterations", vus: 1, iterations: 2, startTime: "100ms" },
  },
  thresholds: {
    tt: ["avg<1", "p(99.9)<3000"],
    "tt{a:b}": ["min>0"],
    cc: ["count==5", "rate>0.1"],
    Rr: ["rate!=0.5"],
    "checks{check:odd}": ["rate>0.5"],
    dropped_iterations: ["count<1"],
    plain: ["avg>0", " p(95) < 400 "],
    data_sent_big: ["count<1"],
    neg: ["value<0"],
  },
};

export function numbered() {
  group("10", () => check(null, { ten: true }));
  group("2", () => {});
}

export default function () {
  const i = __ITER;
  check(null, { "root é": true });
  group("outer", () => {
    const answer = http.get(base + "/get");
    check(answer, { ok: (r) => r.status === 200, odd: i % 2 === 0 });
    group("inner", () => check(null, { low: i > 0 }));
  });
  cc.add(2.5);
  neg.add(-5 - i);
  rr.add(i === 0);
  big.add(i === 0 ? 123456 : 246912);
  tt.add(i === 0 ? 0.0004 : 61234.5678, { a: "b" });
  tt.add(999.999);
  plain.add(i === 0 ? 1 / 3 : 1e9);
  grpc.add(1);
}
