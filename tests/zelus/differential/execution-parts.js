import exec, { vu } from "k6/execution";

function told(what, use) {
  try {
    const value = use();
    console.log(what, typeof value, value ? Object.keys(value).sort().join() : value);
  } catch (e) {
    console.log(what, e.name, e.message);
  }
}
function all(where) {
  const uses = {
    vu: () => exec.vu, tags: () => exec.vu.tags, metrics: () => exec.vu.metrics, metadata: () => exec.vu.metrics.metadata, named: () => vu.metrics.tags, id: () => exec.vu.idInTest,
    scenario: () => exec.scenario, name: () => exec.scenario.name, test: () => exec.test,
    "set tag": () => { exec.vu.metrics.tags.mine = "x"; }, "delete tag": () => delete exec.vu.tags.mine, "set tags": () => { exec.vu.tags = 5; }, "set metrics": () => { exec.vu.metrics = 5; },
    "set vu": () => { exec.vu = 5; }, "set scenario": () => { exec.scenario = 5; }, "set test": () => { exec.test = 5; }, "set instance": () => { exec.instance = 5; }, "set other": () => { exec.other = 5; },
  };
  // Users that k6 makes while the run goes on see it in the init context too.
  if (where !== "init") Object.assign(uses, { instance: () => exec.instance, active: () => exec.instance.vusActive });
  for (const what in uses) told(`${where} ${what}`, uses[what]);
}
all("init");
export function setup() {
  all("setup");
}
export default function () {
  all("default");
}
export function teardown() {
  all("teardown");
}
export function handleSummary() {
  all("summary");
  return {};
}
