export const options = { thresholds: { nope: ["count<5"] } };
export default function () {}
