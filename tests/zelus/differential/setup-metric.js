import { Counter } from "k6/metrics";

const mine = new Counter("mine");
export function setup() {
  return { mine };
}
export default function () {
  console.log("never");
}
