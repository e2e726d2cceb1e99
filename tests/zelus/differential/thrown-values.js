import { check, group } from "k6";
import exec from "k6/execution";
export const options = { iterations: 9 };
function thrower(what) {
  throw what;
}
export function setup() {
  try {
    thrower({ caught: true });
  } catch (e) {
    console.log(JSON.stringify(e));
  }
}
export default function () {
  switch (exec.scenario.iterationInTest) {
    case 0:
      return thrower("text");
    case 1:
      return thrower({ a: 1 });
    case 2:
      return thrower(null);
    case 3:
      return thrower(undefined);
    case 4:
      return thrower(5);
    case 5:
      return group("g", () => thrower("in a group"));
    case 6:
      return check(1, { "in a check": () => thrower("in a check") });
    case 7:
      return thrower(Symbol("described"));
    default:
      return thrower(new GoError("own"));
  }
}
export function teardown() {
  thrower(7);
}
