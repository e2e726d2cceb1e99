export const options = { iterations: 1, thresholds: { iterations: ["count>9"] } };
export default function () {}
