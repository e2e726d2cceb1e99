// A function that is no default one is one.
export const options = { vus: 1, unknown: 1 };
export function setup() {}
