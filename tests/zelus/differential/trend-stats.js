import http from "k6/http";

export const options = { iterations: 2 };
export default function () {
  http.get("http://127.0.0.1:23780/");
}
