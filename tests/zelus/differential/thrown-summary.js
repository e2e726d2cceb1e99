export default function () {}
export function handleSummary() {
  throw "no summary";
}
