// A comment may come first.
"use strict";
"use k6 >= newest";
export default function () {}
