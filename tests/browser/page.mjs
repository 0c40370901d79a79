// Drives pages in a real browser and prints what it saw as JSON: node page.mjs FILE.html BIG.html UNDONE.html
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const [small, big, trip, shots] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const saw = { errors: [], requests: [] };

async function open(file, { hash = "", width = 1280, height = 800, colorScheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme, bypassCSP: false });
  const page = await context.newPage();
  page.on("pageerror", (error) => saw.errors.push(error.message));
  page.on("console", (message) => message.type() === "error" && saw.errors.push(message.text()));
  page.on("request", (request) => !request.url().startsWith("file:") && saw.requests.push(request.url()));
  await page.goto(`file://${file}${hash}`);
  return page;
}

const text = (page, id) => page.locator(`#${id}`).innerText();
const marked = (page) => page.evaluate(() => {
  const has = (element, kind) => element.classList.contains(kind);
  const count = (element) => element.querySelector(":scope > .mark:not(.failed):not(.waiting):not(.running) text");
  const vertices = [...elements].map(([path, element]) => [path, {
    seen: has(element, "seen"),
    visits: Number(count(element) ? count(element).textContent : 0),
    standing: ["running", "waiting", "failed"].find((one) => has(element, `at-${one}`)) || "",
  }]);
  const ways = lines.map((line, number) => [number, line]).filter(([, line]) => line && has(line, "seen"));
  return { vertices: Object.fromEntries(vertices), ways: ways.map(([number]) => number) };
});
const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const transform = (page) => page.locator("#sheet").evaluate((sheet) => sheet.style.transform);

async function replay() {
  const page = await open(small, { hash: "#step=1" });
  saw.steps = [];
  const count = Number(await page.locator("#scrub").getAttribute("max"));
  for (let step = 1; step <= count; step += 1) {
    saw.steps.push({ ...(await marked(page)), told: await text(page, "told"), change: await text(page, "change") });
    await page.keyboard.press("]");
  }
  await page.keyboard.press("Home");
  saw.home = await text(page, "told");
  await page.keyboard.press("End");
  saw.end = await text(page, "told");
  await page.locator("#scrub").fill("3");
  saw.scrubbed = await text(page, "told");
  await page.locator("#timeline canvas").click({ position: { x: 700, y: 10 } });
  saw.clicked = await text(page, "told");
  await page.locator("#first").click();
  await page.locator("#pace").selectOption("16");
  await page.locator("#play").click();
  await page.waitForFunction(() => page.step > 3);
  await page.locator("#play").click();
  saw.stopped = await page.evaluate(() => page.timer);
  await page.context().close();
}

/** A run in which one step was taken back, and another could not be. */
async function undone() {
  const page = await open(trip, { hash: "#step=1", width: 500 });
  const look = () => page.evaluate(() => [...document.querySelectorAll(".vertex.seen")].map((one) => {
    const badges = [...one.querySelectorAll(":scope > .mark text")].map((text) => text.textContent);
    return [one.dataset.path, [...one.classList].filter((name) => name.startsWith("at-")), badges];
  }));
  saw.undone = { begin: await look() };
  await settled(page);
  saw.undone.drawn = await page.evaluate(() => {
    const drawn = document.querySelector("#sheet svg").getBoundingClientRect().width;
    return [document.getElementById("stage").clientWidth / stage.width, drawn / (stage.width * stage.scale)];
  });
  await page.keyboard.press("End");
  saw.undone.end = await look();
  saw.undone.lines = await page.evaluate(() => document.querySelectorAll(".edge.undo.seen").length);
  await page.keyboard.press("[");
  saw.undone.told = await text(page, "told");
  saw.undone.change = await text(page, "change");
  await page.context().close();
}

async function links() {
  const page = await open(small, { hash: "#step=4&node=write" });
  saw.linked = { told: await text(page, "told"), title: await page.locator("#detail h2").innerText() };
  await page.keyboard.press("]");
  saw.hash = await page.evaluate(() => location.hash);
  await page.goto(`file://${small}#step=2&closed=inner`);
  await settled(page);
  saw.closed = { told: await text(page, "told"), paths: await page.evaluate(() => [...elements.keys()]) };
  await page.goto(`file://${small}#step=99&node=nobody&closed=nothing`);
  await settled(page);
  saw.wrong = { told: await text(page, "told"), hash: await page.evaluate(() => location.hash) };
  await page.context().close();
}

async function keyboard() {
  const page = await open(small);
  const before = await transform(page);
  await page.keyboard.press("+");
  await settled(page);
  const nearer = await transform(page);
  await page.keyboard.press("ArrowRight");
  await settled(page);
  saw.moves = [before, nearer, await transform(page)];
  await page.keyboard.press("/");
  await page.keyboard.type("inner cl");
  saw.hits = await page.locator("#hits li span:first-child").allInnerTexts();
  await page.keyboard.press("ArrowDown");
  saw.active = await page.locator("#search").getAttribute("aria-activedescendant");
  await page.keyboard.press("Enter");
  saw.found = await page.locator("#detail dd").first().innerText();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  saw.escaped = await page.locator("#detail").isHidden();
  await page.locator("#outline [data-vertex=inner]").focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("c");
  saw.folded = await page.evaluate(() => [...elements.keys()].includes("inner/clean"));
  await page.keyboard.press("c");
  saw.unfolded = await page.evaluate(() => [...elements.keys()].includes("inner/clean"));
  await page.locator("#outline [data-path=inner]").focus();
  await page.keyboard.press("Enter");
  saw.kept = await page.evaluate(() => document.activeElement.dataset.path);
  await page.keyboard.press("o");
  saw.outline = await page.locator("#outline").isHidden();
  await page.keyboard.press("?");
  saw.keys = await page.locator("#keys").isVisible();
  await page.keyboard.press("Escape");
  const reached = new Set();
  for (let press = 0; press < 40; press += 1) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.id));
  }
  saw.reached = [...reached];
  await page.context().close();
}

async function pointer() {
  const page = await open(small);
  const before = await transform(page);
  const box = await page.locator("#stage").boundingBox();
  const [x, y] = [box.x + box.width - 40, box.y + 40];
  await page.mouse.move(x, y);
  await page.mouse.down();
  await page.mouse.move(x - 50, y + 30, { steps: 4 });
  await page.mouse.up();
  await settled(page);
  const dragged = await transform(page);
  await page.mouse.wheel(0, -300);
  await settled(page);
  saw.pointer = [before, dragged, await transform(page)];
  await page.locator("#fit").click();
  await settled(page);
  await page.locator("#n-write .name").click();
  saw.picked = await page.locator("#detail h2").innerText();
  await page.context().close();
}

/** With these counts of figures and events: how long it takes to load, to move, to step. */
async function speed() {
  const page = await open(big);
  await settled(page);
  saw.load = await page.evaluate(() => performance.getEntriesByType("navigation")[0].loadEventEnd);
  const middle = (numbers) => numbers.sort((one, other) => one - other)[numbers.length >> 1];
  const cadence = (moving) => page.evaluate((moving) => new Promise((done) => {
    const times = [];
    let last = performance.now();
    const tick = (now) => {
      times.push(now - last);
      last = now;
      if (moving) move(times.length % 20 < 10 ? 12 : -12, 5);
      if (times.length < 62) requestAnimationFrame(tick);
      else done(times.slice(2));
    };
    requestAnimationFrame(tick);
  }), moving);
  await page.keyboard.press("0");
  await page.waitForTimeout(600);
  saw.inView = await page.evaluate(() => {
    const room = document.getElementById("stage").getBoundingClientRect();
    const shown = () => [...document.querySelectorAll("#sheet .vertex")].filter((one) => {
      const box = one.getBoundingClientRect();
      return box.right > room.left && box.left < room.right && box.bottom > room.top && box.top < room.bottom;
    }).length;
    for (let turn = 0; turn < 60 && shown() > 300; turn += 1) {
      zoom(1.08);
      document.getElementById("sheet").style.transform = `translate(${stage.x}px,${stage.y}px) scale(${stage.scale})`;
    }
    return shown();
  });
  await page.waitForTimeout(600);
  saw.still = middle(await cadence(false));
  saw.pan = middle(await cadence(true));
  // How much slower long work is than short work of the same kind, that others did not interrupt.
  saw.slowness = await page.evaluate(() => {
    const took = (rounds) => {
      const begun = performance.now();
      let sum = 0;
      for (let turn = 0; turn < rounds * 4e5; turn += 1) sum += turn % 7;
      return sum > 0 ? performance.now() - begun : 0;
    };
    const short = Math.min(...Array.from({ length: 100 }, () => took(5))) / 5;
    return Array.from({ length: 9 }, () => took(100) / 100 / short).sort((one, other) => one - other)[4];
  });
  const stepping = (stride) => page.evaluate(async (stride) => {
    const times = [];
    for (let turn = 0; turn < 40; turn += 1) {
      const begun = performance.now();
      goTo(1 + ((4000 + turn * stride) % steps().length));
      document.body.getBoundingClientRect();
      times.push(performance.now() - begun);
      await new Promise((done) => requestAnimationFrame(done));
    }
    return times;
  }, stride);
  saw.step = middle(await stepping(1));
  saw.back = middle(await stepping(-1));
  saw.jump = middle(await stepping(997));
  await page.context().close();
}

async function looks() {
  saw.violations = [];
  saw.wide = [];
  for (const colorScheme of ["light", "dark"]) {
    for (const width of [320, 1280]) {
      const page = await open(small, { hash: "#step=5&node=write", width, height: 760, colorScheme });
      // The rules are put in by the driver, which the policy of the page does not bind.
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run());
      saw.violations.push(...violations.map((one) => `${colorScheme} ${width} ${one.id}: ${one.nodes[0].html}`));
      saw.wide.push(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth));
      if (shots) await page.screenshot({ path: `${shots}/page-${colorScheme}-${width}.png` });
      await page.context().close();
    }
  }
}

for (const part of [replay, undone, links, keyboard, pointer, speed, looks]) await part();
await browser.close();
console.log(JSON.stringify(saw));
