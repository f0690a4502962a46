// Drives the pages Backtests and Data and the deploy dialog in a real browser against a running gateway.
//   BALLAST_URL=http://127.0.0.1:8080 BALLAST_TOKEN=… node tests/browser/backtests.mjs [folder for pictures]
import { accessible, api, browser, check, complaints, finish, kWatchPolicy, overflow, picture, setHash as go, token, url, watch } from "./browser.mjs";

let asked = 0;
const base = { strategy_id: "ema_cross", parameters: { fast: "5", slow: "20" }, symbols: ["SPY"], timeframe: "1m", position_size_ratio: "0.015", stop_loss_ratio: "0.02", take_profit_ratio: "0.05", max_open_positions: 3 };
async function ask(kind, more = {}, deployment = {}) {
  const { backtest } = await api("POST", "/api/live/backtests", { request_id: `browser-${Date.now()}-${++asked}`, spec: { kind: `BACKTEST_KIND_${kind}`, deployment: { ...base, ...deployment }, ...more } });
  return backtest.backtest_id;
}
async function over(id) {
  for (let i = 0; i < 600; ++i) {
    const { backtest } = await api("GET", `/api/live/backtests/${id}`);
    if (!["BACKTEST_STATUS_QUEUED", "BACKTEST_STATUS_RUNNING"].includes(backtest.status)) return backtest;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error(`${id} is not over`);
}

const context = await browser.newContext({ viewport: { width: 1440, height: 1010 }, colorScheme: "dark", reducedMotion: "reduce" });
await context.addInitScript(kWatchPolicy);
const page = await context.newPage();
page.setDefaultTimeout(15000);
watch(page, "backtests");
await page.goto(url);
await page.getByLabel("Access token").fill(token);
await page.getByRole("button", { name: "Sign in" }).click();
await page.getByText("stream live").waitFor();

await check("the page Backtests says what it is for while there is none", async () => {
  await go(page, "backtests");
  await page.getByText("Nothing was backtested yet").waitFor();
  await picture(page, "backtests-empty");
  return accessible(page);
});
let first = "";
await check("a backtest is asked for with the keyboard alone and ends with a report", async () => {
  await page.getByRole("button", { name: "New backtest…" }).first().focus();
  await page.keyboard.press("Enter");
  const dialog = page.locator("dialog");
  await dialog.getByRole("checkbox", { name: "SPY", exact: true }).waitFor();
  const start = dialog.getByRole("button", { name: "Start backtest" });
  if (await start.isEnabled()) return "it starts without a symbol";
  await dialog.getByRole("checkbox", { name: "SPY", exact: true }).focus();
  await page.keyboard.press("Space");
  await dialog.getByLabel("Fast").fill("5");
  await dialog.getByLabel("Slow").fill("20");
  await dialog.getByLabel("Position size %").fill("1.5");
  await dialog.getByLabel("Label").fill("First try");
  await picture(page, "backtest-form");
  const problems = await accessible(page);
  if (problems) return problems;
  await start.focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/#\/backtests\/B-\d+/);
  first = /B-\d+/.exec(page.url())[0];
  await page.getByRole("heading", { name: "By chance" }).waitFor({ timeout: 60000 });
  if ((await page.locator(".chart canvas").count()) < 4) return "charts are missing";
  await page.waitForTimeout(400);
  await picture(page, "backtest-report-dark", true);
  return accessible(page);
});
await check("the report says what the API says, and a trade is shown on its candles", async () => {
  const report = await api("GET", `/api/live/backtests/${first}/report`);
  const text = await page.locator(".stat-row").innerText();
  const expected = `${Math.abs(report.statistics.return_ratio * 100).toFixed(2)}%`;
  if (!text.includes(expected) || !text.includes(String(report.statistics.trades))) return `${expected}, ${report.statistics.trades} trades: ${text}`;
  await page.getByRole("group", { name: "Trades" }).getByRole("button").first().click();
  if (!(await page.locator(".months").innerText()).includes("All")) return "no months";
});
let second = "";
await check("two runs are compared", async () => {
  second = await ask("RUN", { label: "Slower" }, { parameters: { fast: "10", slow: "40" } });
  await over(second);
  await go(page, "backtests");
  await page.getByLabel(`Compare ${first}`).check();
  const compare = page.getByRole("button", { name: /^Compare/ });
  if (await compare.isEnabled()) return "one run can be compared";
  await page.getByLabel(`Compare ${second}`).check();
  await picture(page, "backtests-list-dark");
  const problems = await accessible(page);
  if (problems) return problems;
  await compare.click();
  await page.getByRole("heading", { name: "Comparison" }).waitFor();
  await page.locator(".chart canvas").first().waitFor();
  const heads = await page.locator("thead th").allInnerTexts();
  if (!heads.includes(first) || !heads.includes(second)) return heads.join(", ");
  await page.waitForTimeout(300);
  await picture(page, "backtests-compare-dark", true);
  return accessible(page);
});
let sweep = "";
await check("a sweep is a heat map; a cell leads to the deploy dialog, filled in, with the backtest on file", async () => {
  sweep = await ask("SWEEP", { grid: [{ name: "fast", values: "5..20/5" }, { name: "slow", values: "20..60/10" }], by: "return" });
  await over(sweep);
  await go(page, `backtests/${sweep}`);
  const cells = page.locator(".heat button");
  await cells.first().waitFor();
  // 20 combinations, of which fast 20 is not below slow 20.
  if ((await cells.count()) !== 19) return `${await cells.count()} cells`;
  await picture(page, "backtest-sweep-dark", true);
  const problems = await accessible(page);
  if (problems) return problems;
  await page.getByRole("button", { name: /^fast 5, slow 20: / }).click();
  await page.getByRole("button", { name: "Backtest this one…" }).click();
  if ((await page.locator("dialog").getByLabel("Fast").inputValue()) !== "5") return "the form has other parameters";
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Deploy this one…" }).click();
  const dialog = page.locator("dialog");
  if ((await dialog.getByLabel("Slow").inputValue()) !== "20") return "the dialog has other parameters";
  if ((await dialog.getByLabel("Position size %").inputValue()) !== "1.5") return "the dialog has another size";
  await dialog.getByRole("button", { name: "Check prerequisites" }).click();
  const line = dialog.locator(".checks li", { hasText: /^\s*Backtest\s*B-/ });
  await line.waitFor();
  if (!(await line.innerText()).includes(`${first} of `)) return await line.innerText();
  await picture(page, "deploy-from-sweep");
  await page.keyboard.press("Escape");
});
await check("the deploy dialog has every setting, and says what is missing", async () => {
  await go(page, "deployments?deploy=1");
  const dialog = page.locator("dialog");
  await dialog.getByText("Sizing, schedule, confirmation…").click();
  await dialog.getByLabel("Sizing", { exact: true }).selectOption("RISK_PER_TRADE");
  await dialog.getByLabel("Stop loss %").fill("");
  await dialog.getByText("needs a stop loss or a trailing stop").waitFor();
  await dialog.getByLabel("Stop loss %").fill("2");
  await dialog.getByLabel("Risk per trade %").fill("0.5");
  await dialog.getByLabel("Sizing", { exact: true }).selectOption("CONSENSUS");
  await dialog.getByLabel("Part of Kelly").waitFor();
  await dialog.getByLabel("From (hh:mm)").fill("09:30");
  await dialog.getByText("Both times, or neither").waitFor();
  await dialog.getByLabel("To (hh:mm)").fill("16:00");
  await dialog.getByLabel("MON").check();
  for (const [label, value] of [["Daily loss limit %", "1"], ["Drawdown limit %", "5"], ["Max positions", "3"]]) {
    if ((await dialog.getByLabel(label).inputValue()) !== value) return `${label} is not ${value}`;
  }
  await picture(page, "deploy-settings-dark", true);
  const problems = await accessible(page);
  if (problems) return problems;
  await dialog.getByRole("checkbox", { name: "BTC-USD" }).check();
  await dialog.getByLabel("Timeframe").selectOption("1m");
  const [request] = await Promise.all([page.waitForRequest(/\/api\/trading\/check/), dialog.getByRole("button", { name: "Check prerequisites" }).click()]);
  const { spec } = request.postDataJSON();
  if (spec.sizing.method !== "SIZING_METHOD_CONSENSUS" || spec.daily_loss_ratio !== "0.01" || spec.schedule.start_time !== "09:30") return JSON.stringify(spec);
  await dialog.locator(".checks li", { hasText: "none on file" }).waitFor();
  await page.keyboard.press("Escape");
});
await check("an emptied loss limit is the default and says so; off is chosen, and backtests and deployments take it", async () => {
  await go(page, "deployments?deploy=1");
  const dialog = page.locator("dialog");
  await dialog.getByRole("checkbox", { name: "SPY", exact: true }).check();
  const daily = dialog.getByLabel("Daily loss limit %");
  await daily.fill("");
  await dialog.getByText("empty: the default, 1 %").waitFor();
  await dialog.getByRole("checkbox", { name: /no drawdown limit$/ }).check();
  await dialog.getByText("no limit of its own").waitFor();
  if (await dialog.getByLabel("Drawdown limit %").isEnabled()) return "a limit that is off can be typed";
  await picture(page, "deploy-limits-dark", true);
  const problems = await accessible(page);
  if (problems) return problems;
  const [request] = await Promise.all([page.waitForRequest(/\/api\/trading\/check/), dialog.getByRole("button", { name: "Check prerequisites" }).click()]);
  const { spec } = request.postDataJSON();
  if (spec.daily_loss_ratio !== "0.01" || spec.drawdown_ratio !== "0") return JSON.stringify(spec);
  const answer = await (await request.response()).json();
  if (!answer.prerequisites) return JSON.stringify(answer);
  await page.keyboard.press("Escape");
  // The same words in a backtest, and from there back into the dialog.
  const free = await ask("RUN", { label: "No limits" }, { daily_loss_ratio: "0", drawdown_ratio: "0" });
  const done = await over(free);
  if (done.status !== "BACKTEST_STATUS_SUCCEEDED") return done.message;
  await go(page, `backtests/${free}`);
  await page.getByRole("button", { name: "Deploy…" }).click();
  if (!(await dialog.getByRole("checkbox", { name: /no daily loss limit$/ }).isChecked())) return "the backtest had no limit, the dialog has one";
  await page.keyboard.press("Escape");
  await api("DELETE", `/api/live/backtests/${free}`);
});
await check("settings of a deployment are changed while it runs", async () => {
  const [before] = (await api("GET", "/api/trading/deployments")).deployments;
  await go(page, `deployments?id=${before.deployment_id}`);
  await page.getByRole("button", { name: "Change settings…" }).click();
  const dialog = page.locator("dialog");
  await dialog.getByLabel("Max positions").fill("2");
  await dialog.getByLabel("Daily loss limit %").waitFor();
  const off = dialog.getByRole("checkbox", { name: /no daily loss limit$/ });
  if (await off.isChecked()) await off.uncheck();
  await dialog.getByLabel("Daily loss limit %").fill("0.7");
  await dialog.getByLabel("Reason").fill("a smaller day");
  await picture(page, "change-settings-dark", true);
  const problems = await accessible(page);
  if (problems) return problems;
  await dialog.getByRole("button", { name: "Change settings" }).click();
  await dialog.waitFor({ state: "detached" });
  const now = (await api("GET", `/api/trading/deployment/${before.deployment_id}`)).deployment;
  if (now.spec.daily_loss_ratio !== "0.007" || now.spec.max_open_positions !== 2 || now.status !== before.status) return JSON.stringify(now);
  await page.locator(".facts dd", { hasText: "0.70%" }).waitFor();
  await api("POST", `/api/trading/update/${before.deployment_id}`, { spec: before.spec, revision: now.revision, reason: "as it was" });
});
await check("what has to hold for a stage is a form: defaults, faults by field, figures of a backtest", async () => {
  const [one] = (await api("GET", "/api/live/graduations?account_id=paper")).graduations;
  await go(page, "stages");
  await page.locator("tbody tr", { hasText: one.deployment_id }).click();
  const dialog = page.locator("dialog");
  await dialog.getByRole("button", { name: "What has to hold…" }).click();
  const days = dialog.getByLabel("Days with a decision, at least");
  const storeIt = dialog.getByRole("button", { name: "Store what has to hold" });
  await days.fill("0");
  await dialog.getByText("1 to 1000").waitFor();
  if (await storeIt.isEnabled()) return "a fault can be stored";
  await days.fill("7");
  await dialog.getByLabel("Mean return of its trades, %").fill("0.1");
  await dialog.getByText("Mean and deviation go together").waitFor();
  await dialog.getByLabel("Figures of").selectOption(first);
  await page.waitForFunction(() => [...document.querySelectorAll("dialog input")].filter((i) => i.value !== "").length > 8);
  await picture(page, "plan-form-dark", true);
  const problems = await accessible(page);
  if (problems) return problems;
  const [request] = await Promise.all([page.waitForRequest((r) => r.method() === "PUT" && r.url().includes("/plan")), storeIt.click()]);
  if (!(await request.response()).ok()) return await (await request.response()).text();
  const { plan } = (await api("GET", `/api/live/graduations/${one.deployment_id}`)).graduation;
  const { statistics } = await api("GET", `/api/live/backtests/${first}/report`);
  if (plan.minimum_days !== 7 || plan.backtest !== first || Math.abs(plan.backtest_drawdown_ratio - statistics.drawdown_ratio) > 1e-5) return JSON.stringify(plan);
  await page.keyboard.press("Escape");
});
let walk = "";
let ahead = "";
await check("a walk-forward is a table, a look-ahead check a verdict", async () => {
  walk = await ask("WALK_FORWARD", { grid: [{ name: "fast", values: "5,10" }, { name: "slow", values: "20,40" }], folds: 2, limits: { drawdown_ratio: "1" } }, { symbols: ["BTC-USD"] });
  ahead = await ask("LOOK_AHEAD", { checks: 5 });
  await over(walk);
  await go(page, `backtests/${walk}`);
  await page.getByText("Out of sample").waitFor();
  if ((await page.getByRole("group", { name: "Folds" }).locator("tbody tr").count()) !== 2) return "not two folds";
  await picture(page, "backtest-walk-forward");
  await over(ahead);
  await go(page, `backtests/${ahead}`);
  await page.getByText("Every decision is the same with the past alone").waitFor();
  await picture(page, "backtest-look-ahead");
});
await check("one that runs shows how far it is, and is cancelled and deleted", async () => {
  const long = await ask("SWEEP", { grid: [{ name: "fast", values: "2..60" }, { name: "slow", values: "100..250" }], limits: { drawdown_ratio: "1" } }, { symbols: ["BTC-USD", "ETH-USD"] });
  await go(page, "backtests");
  const row = page.locator("tbody tr", { hasText: long });
  await row.getByText("Running").waitFor();
  const meter = row.getByRole("meter");
  await meter.waitFor();
  // It rises by the stream: nothing is asked for meanwhile.
  const polled = [];
  const heard = (request) => request.url().includes("/api/live/backtests") && polled.push(request.url());
  page.on("request", heard);
  const seen = await meter.getAttribute("aria-valuetext");
  await page.waitForFunction(([label, before]) => document.querySelector(`[aria-label="${label}"]`)?.getAttribute("aria-valuetext") !== before, [`Progress of ${long}`, seen],
    { timeout: 90_000 });  // a hundredth of it, with sanitizers
  page.off("request", heard);
  if (polled.length > 0) return `it was asked for: ${polled.join(" ")}`;
  await picture(page, "backtests-running");
  await row.getByRole("button", { name: "Cancel" }).click();
  await row.getByText("Cancelled").waitFor();
  await row.getByRole("button", { name: "Delete…" }).click();
  await row.getByRole("button", { name: `Delete ${long}` }).click();
  await row.waitFor({ state: "detached" });
});
await check("one that fails says why", async () => {
  const broken = await ask("RUN", { data_set: "nothing@7" });
  await over(broken);
  await go(page, `backtests/${broken}`);
  await page.getByRole("alert").getByText("nothing@7").waitFor();
});
await check("one that is not there is said to be so", async () => {
  await go(page, "backtests/B-999999");
  await page.getByRole("alert").waitFor();
});
for (let i = complaints.length - 1; i >= 0; --i) if (complaints[i].includes("404")) complaints.splice(i, 1);

const rows = (count) => Array.from({ length: count }, (_, i) => `2024-01-02T${String(15 + Math.floor(i / 60)).padStart(2, "0")}:${String(i % 60).padStart(2, "0")}:00Z,${100 + i}.5,${102 + i}.25,${99 + i},${101 + i},10`);
const kHead = "time,open,high,low,close,volume";
await check("the page Data says what it takes while it has none", async () => {
  await go(page, "data");
  await page.getByText("No data of yours yet").waitFor();
  await picture(page, "data-empty");
  return accessible(page);
});
await check("a broken file is refused with its line, and nothing is stored", async () => {
  const lines = rows(20);
  lines[7] = lines[7].replace("109.25", "9.25");
  await page.getByLabel("File").setInputFiles({ name: "broken.csv", mimeType: "text/csv", buffer: Buffer.from([kHead, ...lines].join("\n")) });
  await page.getByLabel("Symbol").fill("GOOG");
  await page.getByLabel("It is").selectOption("EQUITY");
  await page.getByLabel("Tick").fill("0.01");
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByRole("alert").getByText(/line 9/).waitFor();
  await picture(page, "data-refused", true);
  const problems = await accessible(page);
  if (problems) return problems;
  if (((await api("GET", "/api/live/data-sets")).data_sets ?? []).length > 0) return "it was stored";
});
await check("a good one with a gap is judged, taken when gaps may be, listed with its gap", async () => {
  const lines = rows(40);
  lines.splice(10, 2);
  await page.getByLabel("File").setInputFiles({ name: "good.csv", mimeType: "text/csv", buffer: Buffer.from([kHead, ...lines].join("\n")) });
  await page.getByRole("button", { name: "Check only" }).click();
  await page.getByRole("alert").getByText(/gap/).first().waitFor();
  await page.getByLabel(/Take gaps as they are/).check();
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByText("38 bars of GOOG, 1m: stored as GOOG-1m@1.").waitFor();
  const row = page.locator("tbody tr", { hasText: "GOOG-1m" });
  await row.waitFor();
  await picture(page, "data-dark", true);
  const problems = await accessible(page);
  if (problems) return problems;
  await row.getByRole("button", { name: /^Gaps/ }).click();
  await page.locator("dialog").getByText("2 bars").waitFor();
  await page.keyboard.press("Escape");
  const csv = await (await fetch(new URL(await row.getByRole("link", { name: /^CSV/ }).getAttribute("href"), url), { headers: { Authorization: `Bearer ${token}` } })).text();
  if (csv.trim().split("\n").length !== 39) return `${csv.trim().split("\n").length} lines`;
});
await check("own data is backtested from its row", async () => {
  await page.locator("tbody tr", { hasText: "GOOG-1m" }).getByRole("link", { name: /^Backtest/ }).click();
  const dialog = page.locator("dialog");
  await dialog.getByText("38 bars from").waitFor();
  await dialog.getByLabel("Fast").fill("2");
  await dialog.getByLabel("Slow").fill("5");
  await dialog.getByRole("button", { name: "Start backtest" }).click();
  await page.waitForURL(/#\/backtests\/B-\d+/);
  await page.getByRole("heading", { name: "Costs" }).waitFor({ timeout: 60000 });
  await page.getByText("Too few trades").waitFor();
});

const state = await context.storageState();
for (const scheme of ["dark", "light"]) {
  for (const width of [1440, 390]) {
    const where = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1010 }, colorScheme: scheme, reducedMotion: "reduce", storageState: state, ...(width === 390 ? { hasTouch: true, isMobile: true } : {}) });
    const seen = await where.newPage();
    await seen.goto(`${url}/#/overview`);
    await seen.getByText("stream live").waitFor();
    const views = [["backtests", "table"], [`backtests/${first}`, ".band"], [`backtests/${sweep}`, ".heat button"], [`backtests/${walk}`, "table"], [`backtests/${ahead}`, ".verdict"], [`backtests?compare=${first},${second}`, ".legend"], ["data", "table"], ["backtests?new=GOOG-1m@1", "dialog .chip"], ["deployments?deploy=1", "dialog .chip"]];
    for (const [view, sign] of views) {
      await check(`accessible and within the screen: ${view}, ${scheme}, ${width} px`, async () => {
        await go(seen, view);
        await seen.locator(sign).first().waitFor();
        await seen.waitForTimeout(300);
        await picture(seen, `${view.replace(/[^a-z0-9]+/gi, "-")}-${scheme}-${width}`, true);
        const excess = await overflow(seen);
        if (excess > 0) return `${excess} px too wide`;
        return accessible(seen);
      });
    }
    await where.close();
  }
}
await check("the content security policy was never broken and nothing was complained of", async () => {
  const violations = await page.evaluate(() => window.policyViolations);
  return [...violations, ...complaints].join("; ");
});
await check("what was made is deleted from the pages", async () => {
  await go(page, "data");
  const row = page.locator("tbody tr", { hasText: "GOOG-1m" });
  await row.getByRole("button", { name: "Delete…" }).click();
  await row.getByRole("button", { name: "Delete GOOG-1m@1" }).click();
  await page.getByText("No data of yours yet").waitFor();
});
await finish();
