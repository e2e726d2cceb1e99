// Nothing to run, which is told behind what is wrong with the options.
export const options = { vus: 1, unknown: 1 };
