"use strict";
// Shows /api/openapi.json: one card for each operation, with a form to try it. Text is set as text.

const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
};

const example = (schema, schemas, depth = 0) => {
  if (!schema || depth > 4) return null;
  if (schema.$ref) return example(schemas[schema.$ref.split("/").pop()], schemas, depth + 1);
  if (schema.anyOf) return example(schema.anyOf[0], schemas, depth + 1);
  if (schema.type === "object") {
    const required = schema.required ?? Object.keys(schema.properties ?? {}).slice(0, 1);
    return Object.fromEntries(
      required.map((name) => [name, example(schema.properties?.[name], schemas, depth + 1)]));
  }
  if (schema.type === "array") return [];
  if (schema.type === "integer" || schema.type === "number") return 0;
  if (schema.type === "boolean") return false;
  return "";
};

// Words between backticks are code.
const prose = (text) => text.split("`").map((part, index) => (index % 2 ? el("code", {}, part) : part));

const nameOf = (reference) => reference.split("/").pop();

// What a field holds, as text and links to shapes.
const kindOf = (field) => {
  if (field.$ref) return [el("a", { href: `#shape-${nameOf(field.$ref)}` }, nameOf(field.$ref))];
  if (field.anyOf) return field.anyOf.flatMap((one, index) => [index ? " or " : "", ...kindOf(one)]);
  if (field.enum) return [field.enum.map((value) => JSON.stringify(value)).join(" · ")];
  if ("const" in field) return [JSON.stringify(field.const)];
  if (field.type === "array" && field.items) return ["list of ", ...kindOf(field.items)];
  return [field.type ?? "anything"];
};

const shapeRows = (schema) =>
  Object.entries(schema?.properties ?? {}).map(([name, field]) => el("tr", {},
    el("td", {}, el("code", {}, name + ((schema.required ?? []).includes(name) ? "" : "?"))),
    el("td", {}, ...kindOf(field)),
    el("td", {}, ...prose(field.description ?? ""))));

const table = (rows, ...titles) => el("table", {},
  el("thead", {}, el("tr", {}, ...titles.map((title) => el("th", {}, title)))),
  el("tbody", {}, ...rows));

const tryForm = (path, method, operation, body) => {
  const inputs = (operation.parameters ?? []).filter((one) => one.in !== "header").map((one) => {
    const input = el("input", { "data-in": one.in, "data-name": one.name });
    return [input, el("label", {}, one.name, input)];
  });
  const area = body === null ? null : el("textarea", { "aria-label": "Body" });
  if (area) area.value = JSON.stringify(body, null, 2);
  const out = el("pre", { hidden: "", tabindex: "0", "aria-live": "polite" });
  const form = el("form", {}, el("div", { class: "fields" }, ...inputs.map((pair) => pair[1])),
    ...(area ? [el("label", {}, "Body", area)] : []),
    el("button", { type: "submit" }, "Send"), out);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let url = path;
    const query = new URLSearchParams();
    for (const [input] of inputs) {
      const { name, in: where } = { name: input.dataset.name, in: input.dataset.in };
      if (where === "path") url = url.replace(`{${name}}`, encodeURIComponent(input.value));
      else if (input.value) query.set(name, input.value);
    }
    const token = document.getElementById("token").value.trim();
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    if (area) headers["Content-Type"] = "application/json";
    out.hidden = false;
    out.textContent = "…";
    try {
      const answer = await fetch(url + (query.size ? `?${query}` : ""),
        { method: method.toUpperCase(), headers, body: area ? area.value : undefined });
      const text = await answer.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* not JSON: as it is */ }
      out.textContent = `${answer.status} ${answer.statusText}\n${shown}`;
    } catch (error) {
      out.textContent = `The request failed: ${error.message}`;
    }
  });
  return form;
};

const answerRows = (operation) =>
  Object.entries(operation.responses).filter(([status]) => status !== "default").map(([status, answer]) => {
    const [kind, content] = Object.entries(answer.content ?? {})[0] ?? ["", {}];
    return el("tr", {}, el("td", {}, el("code", {}, status)),
      el("td", {}, ...(content.schema ? kindOf(content.schema) : [kind])), el("td", {}, answer.description));
  });

const shapeCard = (name, schema) => el("section", { class: "shape", id: `shape-${name}` },
  el("h3", {}, name), el("p", {}, ...prose(schema.description ?? "")),
  table(shapeRows(schema), "Field", "Type", ""));

const card = (path, method, operation, schemas) => {
  const reference = operation.requestBody?.content["application/json"].schema;
  const schema = reference ? schemas[nameOf(reference.$ref)] : null;
  const inside = el("div", { class: "inside" }, el("p", {}, operation.description ?? ""));
  const parameters = (operation.parameters ?? []).map((one) => el("tr", {},
    el("td", {}, el("code", {}, one.name)), el("td", {}, one.in), el("td", {}, one.required ? "required" : "")));
  if (parameters.length) inside.append(table(parameters, "Parameter", "In", ""));
  if (schema) inside.append(el("p", {}, ...prose(schema.description ?? "")), table(shapeRows(schema), "Body", "Type", ""));
  inside.append(table(answerRows(operation), "Answer", "Shape", ""));
  const streams = path.endsWith("/events");
  if (!streams) inside.append(tryForm(path, method, operation, schema ? example(schema, schemas) : null));
  return el("details", { id: operation.operationId },
    el("summary", {}, el("span", { class: `method ${method}` }, method.toUpperCase()),
      el("code", {}, path), el("span", { class: "what" }, operation.summary)), inside);
};

const show = (document_) => {
  document.getElementById("version").textContent = document_.info.version;
  document.getElementById("about").replaceChildren(...prose(document_.info.description));
  const sections = new Map();
  const { schemas, responses } = document_.components;
  for (const [path, methods] of Object.entries(document_.paths))
    for (const [method, operation] of Object.entries(methods)) {
      for (const [status, answer] of Object.entries(operation.responses))
        if (answer.$ref) operation.responses[status] = responses[nameOf(answer.$ref)];
      const tag = operation.tags[0];
      if (!sections.has(tag)) sections.set(tag, []);
      sections.get(tag).push(card(path, method, operation, schemas));
    }
  const main = document.getElementById("operations");
  for (const [tag, cards] of sections) {
    main.append(el("h2", { id: tag }, tag), ...cards);
    document.getElementById("menu").append(el("a", { href: `#${tag}` }, tag));
  }
  main.append(el("h2", { id: "shapes" }, "shapes"),
    ...Object.keys(schemas).sort().map((name) => shapeCard(name, schemas[name])));
  document.getElementById("menu").append(el("a", { href: "#shapes" }, "shapes"));
  main.setAttribute("aria-busy", "false");
};

fetch("/api/openapi.json").then((answer) => answer.json()).then(show, (error) => {
  document.getElementById("operations").textContent = `The description could not be loaded: ${error.message}`;
});
