// What the browser tests share: the gateway they ask, the checks they count, the page they look at.
//   BALLAST_URL=http://127.0.0.1:8080 BALLAST_TOKEN=… node tests/browser/X.mjs [folder for pictures]
// Optional: CHROMIUM (path of the browser), BALLAST_PICTURES (as the folder).
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const url = process.env.BALLAST_URL;
export const token = process.env.BALLAST_TOKEN;
export const folder = process.argv[2] ?? process.env.BALLAST_PICTURES ?? "";
if (!url || !token) {
  console.error("BALLAST_URL and BALLAST_TOKEN must be set");
  process.exit(2);
}
if (folder) await mkdir(folder, { recursive: true });

let passed = 0;
let failed = 0;
/** A test gives back what is wrong, or nothing. */
export async function check(name, test) {
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

export async function api(method, path, body) {
  const response = await fetch(new URL(path, url), { method, headers: { Authorization: `Bearer ${token}`, ...(body ? { "Content-Type": "application/json" } : {}) }, ...(body ? { body: JSON.stringify(body) } : {}) });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const kAxe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Every rule for WCAG A and AA and the best practices; each violation with the first element that has it. */
export async function accessible(page) {
  // By the debugger, not by a script element, which the page's policy forbids.
  await page.evaluate(kAxe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((v) => `${v.id}: ${v.nodes.length} × ${v.nodes[0].html.slice(0, 120)} ${(v.nodes[0].any[0]?.message ?? v.nodes[0].failureSummary ?? "").slice(0, 160)}`).join("; ");
}

export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
/** What pages complained of. */
export const complaints = [];
export function watch(page, label) {
  page.on("console", (message) => {
    // The first question, whether a session is there, is answered by 401; the browser writes that to the console.
    if (message.type() === "error" && !(message.location().url.endsWith("/api/session") && message.text().includes("401"))) complaints.push(`${label}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${label}: ${error.message}`));
}
/** For a context's init script: what breaks the content security policy is kept in the page. */
export const kWatchPolicy = () => {
  window.policyViolations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.policyViolations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
};
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
export const picture = async (page, name, fullPage = false) => {
  if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage });
};
export const setHash = (page, view) => page.evaluate((v) => { location.hash = `#/${v}`; }, view);

/** Ends the process: 0 when every check has passed. */
export async function finish() {
  await browser.close();
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
