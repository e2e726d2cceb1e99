export const options = { iterations: 1 };
export function setup() { return { z: NaN, a: [1, () => 1], b: Infinity }; }
export default function () { console.log('never'); }
