export const options = {
  // Each user has its share: which user takes a shared iteration is a race.
  scenarios: { share: { executor: "per-vu-iterations", vus: 2, iterations: 2 } },
  setupTimeout: "5s",
};
export function setup() {
  console.log("setup", __ENV.WHO, __VU, typeof __ITER);
  return {
    list: [1, { a: null }, undefined], text: "é", none: undefined, at: [new Date(1700000000120), new Date(0)],
    map: new Map([["a", 1], [2, { x: undefined }]]), set: new Set([1, "x"]), bytes: new Uint8Array([1, 2]), numbers: new Float64Array([1.5, 2]),
    big: 10n, symbol: Symbol("s"), pattern: /x/g, error: new Error("e"), own: new (class { constructor() { this.z = -0; } get y() { return 1; } })(),
  };
}
// k6 hands a Go map over, whose keys come in a new order each time.
function text(data) {
  return JSON.stringify(Object.keys(data).sort().map((key) => [key, data[key]]));
}
export default function (data) {
  if (data.changed === undefined) console.log("default", text(data));
  data.changed = true;
}
export function teardown(data) {
  console.log("teardown", text(data));
}
export function handleSummary(data) {
  const metrics = Object.keys(data.metrics).sort().join();
  return { stdout: metrics + "\n" + text(data.setup_data) + "\n", "out/../file.txt": "written" };
}
