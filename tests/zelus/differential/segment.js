import exec from "k6/execution";

export const options = { vus: 10, iterations: 20 };
export default function () {
  if (exec.vu.iterationInInstance === 0) console.log("user", exec.vu.idInInstance, exec.vu.idInTest);
  console.log("iteration", exec.scenario.iterationInTest);
}
