export const options = { iterations: 5 };
function reader(value) {
  return value.field;
}
function thrower(what) {
  throw what;
}
export default async function () {
  switch (__ITER) {
    case 0:
      return undefinedFunction();
    case 1:
      return reader(undefined);
    case 2:
      return thrower(new Error("planned"));
    case 3:
      return new Promise((_, reject) => setTimeout(() => reject(new Error("later")), 5));
    default:
      return thrower({ plain: "object" });
  }
}
