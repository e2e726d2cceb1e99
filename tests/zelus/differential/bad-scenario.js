export const options = {
  scenarios: { a: { executor: "constant-vus", vus: 0, duration: "100ms", exec: "nowhere" } },
};
export default function () {}
