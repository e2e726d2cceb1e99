import exec from "k6/execution";

export default function () {}
export function handleSummary() {
  exec.test.abort("no summary of mine");
}
