import { Counter } from "k6/metrics";

new Counter("c");
export const options = {
  hosts: { "a.test": "127.0.0.1" },
  dns: { ttl: "1m", select: "first" },
  tags: { a: "<b>" },
  setupTimeout: "90s",
  thresholds: { c: ["count>1", { threshold: "count<9", abortOnFail: true, delayAbortEval: "1m" }] },
  scenarios: {
    up: { executor: "ramping-vus", stages: [{ duration: "30s", target: 10 }, { duration: 5000, target: 0 }], startTime: "5s" },
    rate: { executor: "ramping-arrival-rate", startRate: 5, timeUnit: "1m", preAllocatedVUs: 3, maxVUs: 7, stages: [{ duration: "10s", target: 50 }], tags: { x: "y" }, env: { E: "1" } },
  },
};
export default function () {}
