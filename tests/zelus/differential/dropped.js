// Each user of per-vu-iterations tells what it could not do.
import { sleep } from "k6";

export const options = { scenarios: { a: { executor: "per-vu-iterations", vus: 3, iterations: 5, maxDuration: "1s" } } };

export default function () {
  sleep(1.3);
}
