// Files that cannot be: k6's error, and no default summary.
export const options = { iterations: 1 };
export default function () {}
export function handleSummary() { return { stdout: 'never', bad: 5 }; }
