import { refuse } from "./lib/refuse.js";
export const options = { iterations: 1 };
function total(items) {
  return items.first.price;
}
export default function() {
  try {
    total({});
  } catch (e) {
    console.log(e.stack);
  }
  try {
    refuse("ann");
  } catch (e) {
    console.log(e.stack);
  }
  total({});
}
//# sourceMappingURL=source-map.js.map
