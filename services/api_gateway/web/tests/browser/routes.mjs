// Drives the ticket's comparison of venues and the list of routes in a real browser against a running gateway whose
// accounts are at two venues (docs/how-to/two-venues.md).
//   BALLAST_URL=http://127.0.0.1:8080 BALLAST_TOKEN=… node tests/browser/routes.mjs [folder for pictures]
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
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
    console.log(`FAIL  ${name}: ${String(error.message ?? error).split("\n").slice(0, 6).join(" | ")}`);
  }
}
const kAxe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
async function accessible(page) {
  await page.evaluate(kAxe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((v) => `${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 120)}`).join("; ");
}
const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await (await browser.newContext({ viewport: { width: 1440, height: 1010 }, colorScheme: "dark" })).newPage();
page.setDefaultTimeout(15000);
const complaints = [];
// The refused repeat is asked for.
const refused = (message) => message.location().url.endsWith("/api/live/routes") && message.text().includes("422");
page.on("console", (message) => {
  if (message.type() === "error" && !refused(message) && !(message.location().url.endsWith("/api/session") && message.text().includes("401"))) complaints.push(message.text());
});
page.on("pageerror", (error) => complaints.push(error.message));
const picture = async (name) => {
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

await page.goto(url);
await page.getByLabel("Access token").fill(token);
await page.getByRole("button", { name: "Sign in" }).click();
await page.getByRole("navigation").first().waitFor();
await page.evaluate(() => { location.hash = "#/trade"; });

const helper = page.locator("dialog[open]");
await check("the ticket plans an order over both venues", async () => {
  await page.getByLabel("Ticket symbol").waitFor();
  await page.locator("form.ticket-form select[name=type]").selectOption("MARKET");
  await page.locator("form.ticket-form input[name=quantity]").fill("1");
  await page.locator("button[data-action=compare]").click();
  await helper.getByText(/Costs in all/).waitFor();
  await helper.getByRole("group", { name: "Legs of the plan" }).locator("tbody tr").first().waitFor();
  await helper.locator("summary", { hasText: "The venues" }).click();
  const excess = await overflow(page);
  if (excess > 0) return `${excess} px too wide`;
  const venues = await helper.getByRole("group", { name: "Venues" }).locator("tbody tr").count();
  await picture("route-plan");
  return venues === 2 ? (await accessible(page)) : `${venues} venues`;
});
await check("it sends what was planned, and shows what became of it", async () => {
  await helper.getByRole("button", { name: /^Plan/ }).click();
  await helper.locator("button[data-action=route]:not([disabled])").click();
  await helper.locator(".placed .state", { hasText: /filled|ended/i }).waitFor();
  await picture("route-sent");
  await page.keyboard.press("Escape");
});
await check("the same again within seconds has to be meant", async () => {
  await page.locator("form.ticket-form input[name=quantity]").fill("1");
  await page.locator("button[data-action=compare]").click();
  await helper.locator("button[data-action=route]:not([disabled])").click();
  await helper.getByText(/a second one is meant/).waitFor();
  const again = helper.getByRole("button", { name: "Send it again" });
  await picture("route-repeat");
  await again.click();
  await helper.locator(".placed .state", { hasText: /filled|ended/i }).waitFor();
  await page.keyboard.press("Escape");
});
await check("a route that works can be cancelled", async () => {
  // A route lasts a second or two: what the list is told is held here, what is pressed goes to the server.
  const route = await page.evaluate(() => fetch("/api/live/routes?page_size=1").then((answer) => answer.json()).then((answer) => answer.routes[0]));
  await page.route("**/api/live/routes?page_size=50", (asked) => asked.fulfill({ json: { routes: [{ ...route, state: "ROUTE_STATE_WORKING" }] } }));
  await page.evaluate(() => { location.hash = "#/algorithms"; });
  const answered = page.waitForResponse((answer) => answer.url().endsWith("/cancel"));
  await page.locator("button[data-action=cancel-route]").first().click();
  const status = (await answered).status();
  await page.unroute("**/api/live/routes?page_size=50");
  return status === 200 ? "" : `it was answered with ${status}`;
});
await check("the page Algorithms lists it with the plan it was sent by", async () => {
  await page.evaluate(() => { location.hash = "#/algorithms"; });
  await page.getByRole("group", { name: "Routes" }).locator("tbody tr").first().click();
  await page.getByText("As it was planned").waitFor();
  await picture("route-detail");
  const excess = await overflow(page);
  return excess > 0 ? `${excess} px too wide` : accessible(page);
});
await check("nothing was complained of", async () => complaints.join("; "));
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
