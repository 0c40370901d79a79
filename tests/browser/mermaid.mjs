// Reads a JSON list of Mermaid texts, and prints what the real parser makes of each.
import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

const dom = new JSDOM("<!doctype html><body></body>");
Object.assign(globalThis, { window: dom.window, document: dom.window.document });
for (const name of ["Element", "Node", "DocumentFragment", "HTMLTemplateElement", "NodeFilter", "DOMParser", "NamedNodeMap", "HTMLFormElement"]) {
  globalThis[name] = dom.window[name];
}
const { default: mermaid } = await import("mermaid");
mermaid.initialize({ startOnLoad: false, maxEdges: 1e6, maxTextSize: 1e9 });

// The parser keeps codes such as #35; in a form of its own until they are drawn.
const plain = (text) => (text ?? "")
  .replaceAll("<br>", "<br/>")
  .replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(code))
  .replace(/ﬂ°(\w+)¶ß/g, "&$1;");

const answers = [];
for (const text of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
    answers.push({
      nodes: [...db.getVertices()]
        .filter(([id]) => id.startsWith("n"))
        .map(([, vertex]) => plain(vertex.text)),
      edges: db.getEdges().map((edge) => plain(edge.text)),
      groups: db.getSubGraphs().map((group) => plain(group.title)),
    });
  } catch (error) {
    answers.push({ error: String(error.message ?? error) });
  }
}
process.stdout.write(JSON.stringify(answers));
