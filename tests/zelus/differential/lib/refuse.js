export function refuse(name) {
  throw new Error("not " + name);
}
//# sourceMappingURL=data:application/json;charset=utf-8;base64,eyJ2ZXJzaW9uIjogMywgInNvdXJjZXMiOiBbIndlYnBhY2s6Ly9zaG9wLy4vcmVmdXNlLnRzIl0sICJuYW1lcyI6IFtdLCAibWFwcGluZ3MiOiAiQUFHQTtBQXFDRTtBQUNGIn0=
