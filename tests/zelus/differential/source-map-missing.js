export const options = { iterations: 1 };
export default function() {
  throw new Error("as it stands");
}
//# sourceMappingURL=nowhere.js.map
