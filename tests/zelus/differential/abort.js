import exec from "k6/execution";

export const options = { vus: 1, iterations: 10 };
export default function () {
  if (__ITER === 2) exec.test.abort("enough");
}
export function teardown() {
  console.log("torn down");
}
