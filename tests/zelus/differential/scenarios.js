import exec from "k6/execution";
import { Counter } from "k6/metrics";

const hits = new Counter("hits");
export const options = {
  scenarios: {
    shared: { executor: "shared-iterations", vus: 3, iterations: 9, maxDuration: "20s", tags: { team: "a" }, env: { COLOUR: "red" } },
    each: { executor: "per-vu-iterations", vus: 2, iterations: 3, exec: "other", startTime: "200ms", gracefulStop: "3s" },
    rate: { executor: "constant-arrival-rate", rate: 10, duration: "1s", preAllocatedVUs: 4, exec: "quick" },
    held: { executor: "constant-vus", vus: 2, duration: "1s", exec: "slow" },
  },
};
export default function () {
  hits.add(1, { colour: __ENV.COLOUR, name: exec.scenario.name });
}
export function other() {
  hits.add(1, { colour: String(__ENV.COLOUR), executor: exec.scenario.executor });
}
export function quick() {}
export function slow() {
  const until = Date.now() + 5000;
  if (__ITER > 0) return new Promise((resolve) => setTimeout(resolve, Math.max(0, until - Date.now())));
  return new Promise((resolve) => setTimeout(resolve, 1200));
}
