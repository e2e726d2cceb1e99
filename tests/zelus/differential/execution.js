import exec from "k6/execution";

export const options = { scenarios: { one: { executor: "per-vu-iterations", vus: 1, iterations: 2 } } };
export default function () {
  exec.vu.metrics.tags.mine = "x" + __ITER;
  console.log(exec.vu.idInTest, exec.vu.idInInstance, exec.vu.iterationInInstance, exec.vu.iterationInScenario, exec.scenario.iterationInTest);
  console.log(exec.scenario.name, exec.scenario.executor, exec.instance.vusActive, exec.instance.vusInitialized, exec.instance.iterationsCompleted);
  try {
    exec.vu.metrics.tags.bad = { a: 1 };
  } catch (e) {
    console.log(e.name);
  }
}
