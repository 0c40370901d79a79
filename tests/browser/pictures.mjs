// Opens SVGs in a real browser and prints what it saw as JSON: node pictures.mjs FILE.svg ...
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const saw = [];
for (const file of process.argv.slice(2)) {
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ colorScheme, viewport: { width: 800, height: 600 } });
    const page = await context.newPage();
    const requests = [];
    page.on("request", (request) => requests.push(request.url()));
    const svg = readFileSync(file, "utf8");
    await page.setContent(`<!doctype html><html lang="en"><title>x</title><main><h1>x</h1>${svg}</main></html>`);
    const looks = await page.evaluate(() => {
      const leaving = [];
      for (const part of document.querySelectorAll("svg .vertex[transform]")) {
        const shapes = [...part.querySelectorAll(":scope > .box")].map((one) => one.getBBox());
        if (!shapes.length) continue;
        const [left, top] = [Math.min(...shapes.map((s) => s.x)), Math.min(...shapes.map((s) => s.y))];
        const right = Math.max(...shapes.map((s) => s.x + s.width));
        const bottom = Math.max(...shapes.map((s) => s.y + s.height));
        for (const text of part.querySelectorAll(":scope > text")) {
          const box = text.getBBox();
          if (box.x < left || box.x + box.width > right || box.y < top || box.y + box.height > bottom) {
            leaving.push(text.textContent);
          }
        }
      }
      const parts = document.querySelectorAll("svg .vertex, svg .edge, svg .region").length;
      return { leaving, parts, ground: getComputedStyle(document.querySelector("svg .canvas")).fill };
    });
    await page.evaluate(axe);
    const { violations } = await page.evaluate(() => window.axe.run());
    const session = await context.newCDPSession(page);
    const { nodes } = await session.send("Accessibility.getFullAXTree");
    const graphics = nodes.filter((node) => /^graphics-?(symbol|object)$/i.test(node.role?.value ?? ""));
    saw.push({
      file,
      colorScheme,
      requests: requests.filter((url) => !url.startsWith("about:")),
      ...looks,
      violations: violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`),
      named: graphics.filter((node) => node.name?.value).length,
      unnamed: graphics.filter((node) => !node.name?.value).length,
    });
    await context.close();
  }
}
await browser.close();
process.stdout.write(JSON.stringify(saw));
