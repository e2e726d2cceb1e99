import exec from "k6/execution";

export const options = {
  scenarios: {
    shared: { executor: "shared-iterations", vus: 10, iterations: 20 },
    each: { executor: "per-vu-iterations", vus: 10, iterations: 1, exec: "each", startTime: "300ms" },
  },
};
export function each() {
  console.log("user", exec.vu.idInInstance, exec.vu.idInTest);
}
export default function () {
  console.log("iteration", exec.scenario.iterationInTest);
}
