// Drives the dashboard in a real browser against a running gateway.
//   BALLAST_URL=http://127.0.0.1:8080 BALLAST_TOKEN=… node tests/browser/dashboard.mjs [folder for pictures]
// Optional: BALLAST_SYMBOL (what to trade), CHROMIUM (path of the browser).
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const url = process.env.BALLAST_URL;
const token = process.env.BALLAST_TOKEN;
const folder = process.argv[2] ?? process.env.BALLAST_PICTURES ?? "";
if (!url || !token) {
  console.error("BALLAST_URL and BALLAST_TOKEN must be set");
  process.exit(2);
}
if (folder) await mkdir(folder, { recursive: true });

let passed = 0;
let failed = 0;
async function check(name, test) {
  try {
    const problem = await test();
    if (problem) throw new Error(problem);
    ++passed;
    console.log(`ok    ${name}`);
  } catch (error) {
    ++failed;
    console.log(`FAIL  ${name}: ${String(error.message ?? error).split("\n").slice(0, 4).join(" | ")}`);
  }
}

async function api(method, path) {
  const response = await fetch(new URL(path, url), { method, headers: { Authorization: `Bearer ${token}` } });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const complaints = [];
function watch(page, label) {
  page.on("console", (message) => {
    // The first question, whether a session is there, is answered by 401; the browser writes that to the console.
    if (message.type() === "error" && !(message.location().url.endsWith("/api/session") && message.text().includes("401"))) complaints.push(`${label}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${label}: ${error.message}`));
}
const kWatchPolicy = () => {
  window.policyViolations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
};
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
const picture = async (page, name, fullPage = false) => {
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
};
const kViews = ["overview", "deployments", "trade", "positions", "orders", "history", "risk", "alerts", "audit", "system"];
const go = async (page, view) => {
  await page.evaluate((v) => { location.hash = `#/${v}`; }, view);
  await page.waitForTimeout(700);
};

const context = await browser.newContext({ viewport: { width: 1440, height: 1010 }, colorScheme: "dark" });
await context.addInitScript(kWatchPolicy);
const page = await context.newPage();
page.setDefaultTimeout(10000);
watch(page, "desktop");

await check("a wrong token is refused with a reason", async () => {
  await page.goto(url);
  await page.getByLabel("Access token").fill("not-the-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").waitFor();
});
complaints.length = 0;
await picture(page, "sign-in");
await check("signs in with the token and shows live data", async () => {
  await page.getByLabel("Access token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("stream live").waitFor();
});
await check("a deployment card says PAPER", async () => {
  const card = page.locator("article.card").first();
  await card.waitFor();
  const text = await card.innerText();
  if (!text.includes("PAPER · simulated")) return `card reads ${text}`;
});
await check("the title says PAPER", async () => ((await page.title()).startsWith("PAPER") ? "" : await page.title()));
await check("the chart draws", async () => {
  await page.locator(".chart canvas").first().waitFor();
});
await check("the stream moves without gaps", async () => {
  const read = async () => (await page.locator(".status").innerText()).match(/seq (\d+) · gaps (\d+)/);
  const before = await read();
  await page.waitForTimeout(2500);
  const after = await read();
  if (!(Number(after[1]) > Number(before[1]))) return `sequence stays at ${after[1]}`;
  if (after[2] !== "0") return `${after[2]} gaps`;
});
await page.waitForTimeout(800);
await picture(page, "overview-1440");
await picture(page, "overview-1440-full", true);

await check("positions and orders have their tables or say that there are none", async () => {
  await go(page, "positions");
  await page.locator("table, .empty").first().waitFor();
  await go(page, "orders?tab=all");
  await page.locator("table, .empty").first().waitFor();
});

const instruments = (await api("GET", "/api/live/instruments")).instruments;
const quotes = new Map();
let instrument = instruments.find((i) => i.symbol === (process.env.BALLAST_SYMBOL ?? "AAPL")) ?? instruments[0];
let limit = "";
let before = [];
let placedId = "";
const ours = async () => (await api("GET", `/api/live/orders?symbol=${encodeURIComponent(instrument.symbol)}&page_size=500`)).orders ?? [];
await check("a reviewed limit order, placed by a double click, is one order", async () => {
  const bars = (await api("GET", `/api/live/quotes?symbols=${encodeURIComponent(instrument.symbol)}`).catch(() => ({ quotes: [] }))).quotes ?? [];
  for (const q of bars) quotes.set(q.symbol, q);
  await go(page, "trade");
  await page.getByLabel("Ticket symbol").selectOption(instrument.symbol);
  await page.waitForTimeout(600);
  await page.getByLabel("Type").selectOption("LIMIT");
  const last = Number(quotes.get(instrument.symbol)?.last_price ?? 0) || Number((await page.locator(".chart-panel h2 .number").innerText()).replaceAll(",", ""));
  const step = Number(instrument.tick_size);
  const decimals = (instrument.tick_size.replace(/0+$/, "").split(".")[1] ?? "").length;
  // Far enough below the market to rest, near enough for the price collar.
  limit = (Math.floor((last * 0.97) / step) * step).toFixed(decimals);
  const lot = Number(instrument.lot_size);
  const lots = Math.max(1, Math.ceil((Number(instrument.min_notional || 0) * 1.5) / (Number(limit) * lot)));
  const quantity = (lots * lot).toFixed((instrument.lot_size.replace(/0+$/, "").split(".")[1] ?? "").length);
  await page.getByLabel("Quantity").fill(quantity);
  await page.getByLabel("Limit price").fill(limit);
  before = (await ours()).map((o) => o.order_id);
  await page.getByRole("button", { name: "Review order" }).click();
  const place = page.locator("[data-action=place]");
  await place.waitFor();
  await picture(page, "trade-review-1440");
  if (!(await place.innerText()).includes("PAPER BUY")) return `the button reads ${await place.innerText()}`;
  await place.dblclick();
  await page.locator(".placed").waitFor();
  await page.waitForTimeout(1200);
  const after = (await ours()).filter((o) => !before.includes(o.order_id) && !o.deployment_id);
  if (after.length !== 1) return `${after.length} orders`;
  placedId = after[0].order_id;
});
await check("the order is in the table, its drawer shows the timeline", async () => {
  if (!placedId) return "no order was placed";
  await go(page, `orders?tab=working&order=${placedId}`);
  await page.locator("dialog .timeline li").first().waitFor();
  await picture(page, "order-drawer-1440");
  await page.keyboard.press("Escape");
  await page.locator("dialog").waitFor({ state: "detached" });
});
await check("a hard refresh keeps the view and the session", async () => {
  await page.reload();
  await page.getByText("stream live").waitFor();
  if (!page.url().includes("#/orders?tab=working")) return page.url();
});
await check("cancels the order from the table", async () => {
  if (!placedId) return "no order was placed";
  const row = page.locator("tbody tr", { hasText: instrument.symbol }).filter({ has: page.getByRole("button", { name: "Cancel", exact: true }) }).filter({ hasText: "manual" }).first();
  await row.getByRole("button", { name: "Cancel", exact: true }).click();
  for (let i = 0; i < 50; ++i) {
    const { order } = await api("GET", `/api/live/orders/${placedId}`);
    if (order.status === "ORDER_STATUS_CANCELED") return;
    await page.waitForTimeout(200);
  }
  return (await api("GET", `/api/live/orders/${placedId}`)).order.status;
});
await check("an order over the limits is stopped at the review with the reason", async () => {
  await go(page, "trade");
  await page.getByLabel("Type").selectOption("MARKET");
  await page.getByLabel("Quantity").fill("900000");
  await page.getByRole("button", { name: "Review order" }).click();
  await page.locator(".ticket .refusal").waitFor();
  await picture(page, "trade-refused-1440");
  const place = page.locator("[data-action=place]");
  if ((await place.count()) > 0 && (await place.isEnabled())) return "the order could be placed";
});
await check("the emergency stop asks for STOP", async () => {
  await page.getByRole("button", { name: "Emergency stop…" }).click();
  const engage = page.locator("dialog .danger-solid");
  await engage.waitFor();
  await picture(page, "emergency-1440");
  if (await engage.isEnabled()) return "it could be engaged without a word";
  await page.getByLabel("Type STOP to confirm").fill("STOP");
  if (!(await engage.isEnabled())) return "STOP does not arm it";
  await page.keyboard.press("Escape");
});
await check("the deploy dialog opens and lists strategies", async () => {
  await go(page, "deployments?deploy=1");
  await page.locator("dialog select option").first().waitFor({ state: "attached" });
  await picture(page, "deploy-1440");
  await page.keyboard.press("Escape");
});
for (const view of kViews) {
  await check(`desktop: ${view} has no horizontal overflow`, async () => {
    await go(page, view);
    await picture(page, `${view}-1440`);
    const excess = await overflow(page);
    if (excess > 0) return `${excess} px`;
  });
}
await check("a silent stream greys the panels within 4 s and comes back without a reload", async () => {
  const other = await context.newPage();
  let silent = false;
  let connections = 0;
  await other.routeWebSocket(/\/api\/stream/, (socket) => {
    ++connections;
    const server = socket.connectToServer();
    server.onMessage((message) => { if (!silent) socket.send(message); });
  });
  await other.goto(`${url}/#/overview`);
  await other.getByText("stream live").waitFor();
  await other.evaluate(() => { window.notReloaded = true; });
  silent = true;
  await other.locator(".panel.is-stale").first().waitFor({ timeout: 4500 });
  await picture(other, "stale-1440");
  // The open but silent socket is given up by itself; the next one is heard again.
  const first = connections;
  for (let i = 0; i < 100 && connections === first; ++i) await other.waitForTimeout(100);
  silent = false;
  await other.getByText("stream live").waitFor({ timeout: 25000 });
  await other.locator(".panel.is-stale").first().waitFor({ state: "detached" });
  const kept = await other.evaluate(() => window.notReloaded === true);
  await other.close();
  if (!kept) return "the page was loaded again";
  if (connections === first) return "the dead socket was kept";
});
await check("desktop: no violation of the content security policy", async () => (await page.evaluate(() => window.policyViolations)).join("; "));

const light = await context.newPage();
await light.emulateMedia({ colorScheme: "light" });
watch(light, "light");
await check("light theme", async () => {
  await light.goto(`${url}/#/overview`);
  await light.getByText("stream live").waitFor();
  await light.waitForTimeout(1000);
  await picture(light, "overview-light-1440");
});

const phoneContext = await browser.newContext({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme: "dark", storageState: await context.storageState() });
await phoneContext.addInitScript(kWatchPolicy);
const phone = await phoneContext.newPage();
watch(phone, "phone");
await phone.goto(url);
for (const view of kViews) {
  await check(`phone: ${view} has no horizontal overflow`, async () => {
    await go(phone, view);
    await phone.getByText("stream live").waitFor();
    await picture(phone, `${view}-390`);
    const excess = await overflow(phone);
    if (excess > 0) return `${excess} px`;
  });
}
await go(phone, "overview");
await picture(phone, "overview-390-full", true);
await check("phone: no violation of the content security policy", async () => (await phone.evaluate(() => window.policyViolations)).join("; "));
await check("no errors in the console", async () => [...new Set(complaints)].join("; "));

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
