import "k6/experimental/timers";
export default function () {}
