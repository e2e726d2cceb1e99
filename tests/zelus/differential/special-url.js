import x from "github.com/owner/name/file.js";
export default function () {}
