#include "bia/app/docs.h"

#include <string_view>

#include "bia/http/server.h"
#include "bia/service/openapi_served.h"

namespace bia {
namespace {

std::string_view docs_page() {
  return R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API</title>
<style>
:root { color-scheme: light dark; --line: #8884; --dim: #888; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
h1 small { color: var(--dim); font-weight: normal; font-size: 1rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .5rem 0; padding: 0 .75rem; }
summary { cursor: pointer; padding: .5rem 0; overflow-wrap: anywhere; }
code, pre, b.verb { font-family: ui-monospace, monospace; }
b.verb { display: inline-block; min-width: 4.5rem; }
pre { background: #8881; border-radius: 6px; overflow: auto; padding: .5rem; }
table { border-collapse: collapse; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: .25rem .5rem .25rem 0; text-align: left; vertical-align: top; }
input, textarea { box-sizing: border-box; font: inherit; width: 100%; }
.dim { color: var(--dim); }
</style>
</head>
<body>
<h1 id="title">API</h1>
<main id="operations"></main>
<h2>Schemas</h2>
<section id="schemas"></section>
<script>
"use strict";
const element = (tag, text, ...children) => {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
};
const name = schema => {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.properties) return "{" + Object.entries(schema.properties).map(([key, value]) => key + ": " + name(value)).join(", ") + "}";
  if ("const" in schema) return JSON.stringify(schema.const);
  if (schema.prefixItems) return "[" + schema.prefixItems.map(name).join(", ") + "]";
  if (schema.anyOf) return schema.anyOf.map(name).join(" or ");
  if (schema.type === "array") return name(schema.items) + "[]";
  if (schema.additionalProperties && schema.additionalProperties !== true) return "map of " + name(schema.additionalProperties);
  return [schema.type || "any", schema.format && "(" + schema.format + ")"].filter(Boolean).join(" ");
};
const limits = schema => Object.entries(schema)
  .filter(([key]) => /^(min|max|pattern|enum|unique|exclusive|const)/.test(key)).map(([key, value]) => key + ": " + JSON.stringify(value)).join(", ");
const table = (...rows) => element("table", "", ...rows.map(cells => element("tr", "", ...cells.map(cell => element("td", "", cell)))));
const fields = schema => table(...Object.entries(schema.properties || {}).map(([key, value]) =>
  [element("code", key), name(value), [limits(value), value.description].filter(Boolean).join(". "),
   (schema.required || []).includes(key) ? "required" : ""]));
const call = (path, method, operation) => {
  const inputs = (operation.parameters || []).map(parameter => {
    const input = element("input");
    input.name = parameter.name;
    return [parameter, input];
  });
  const media = operation.requestBody && Object.keys(operation.requestBody.content)[0];
  const body = element("textarea");
  body.rows = 4;
  const button = element("button", "Send");
  const answer = element("pre");
  answer.hidden = true;
  button.onclick = async () => {
    let target = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of inputs) {
      if (parameter.in === "path") target = target.replace("{" + parameter.name + "}", encodeURIComponent(input.value));
      else if (input.value) query.append(parameter.name, input.value);
    }
    if ([...query].length) target += "?" + query;
    const options = {method: method.toUpperCase()};
    if (media) Object.assign(options, {body: body.value || "{}", headers: {"Content-Type": media === "*/*" ? "application/octet-stream" : media}});
    answer.hidden = false;
    try {
      const reply = await fetch(target, options);
      answer.textContent = reply.status + " " + reply.statusText + "\n\n" + await reply.text();
    } catch (error) {
      answer.textContent = String(error);
    }
  };
  const rows = inputs.map(([parameter, input]) => [element("code", parameter.name), parameter.in + (parameter.required ? ", required" : ""), name(parameter.schema), input]);
  const parts = [table(...rows)];
  if (media) parts.push(element("p", "Body: " + name(operation.requestBody.content[media].schema)), body);
  const reply = Object.values(operation.responses["200"].content)[0].schema;
  parts.push(element("p", "Reply: " + name(reply)), button, answer);
  return parts;
};
fetch("openapi.json").then(reply => reply.json()).then(api => {
  document.title = api.info.title;
  document.getElementById("title").replaceChildren(api.info.title + " ", element("small", api.info.version));
  for (const [path, item] of Object.entries(api.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const verb = element("b", method.toUpperCase());
      verb.className = "verb";
      const about = element("span", operation.description ? " " + operation.description : "");
      about.className = "dim";
      document.getElementById("operations").append(
        element("details", "", element("summary", "", verb, element("code", path), about), ...call(path, method, operation)));
    }
  }
  for (const [key, schema] of Object.entries(api.components.schemas)) {
    document.getElementById("schemas").append(
      element("details", "", element("summary", "", element("code", key)), element("p", schema.description),
              schema.enum ? element("p", schema.enum.join(", ")) : fields(schema)));
  }
}).catch(error => document.getElementById("operations").append(element("pre", String(error))));
</script>
</body>
</html>
)html";
}

}  // namespace

Result<void> add_docs(http::Router& router, const std::vector<const ServiceInfo*>& services,
                      const ServerBindingOptions& options, const AppInfo& info) {
  BIA_TRY(router.add(
      "GET", "/openapi.json",
      [text = BIA_TRY(openapi_of_served(services, options, info.name, info.version))](
          http::ServerRequest&, const http::PathParams&, http::ServerResponse& response) {
        response.add_header("Content-Type", "application/json");
        response.body() += text;
      }));
  return router.add(
      "GET", "/docs",
      [](http::ServerRequest&, const http::PathParams&, http::ServerResponse& response) {
        response.add_header("Content-Type", "text/html; charset=utf-8");
        response.body() += docs_page();
      });
}

}  // namespace bia
