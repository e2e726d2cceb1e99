export const options = { iterations: 1 };
export function setup() { return { a: [1, () => 1] }; }
export default function () { console.log('never'); }
