// Drives the dashboard in a real browser against a running gateway.
//   BALLAST_URL=http://127.0.0.1:8080 BALLAST_TOKEN=… node tests/browser/dashboard.mjs [folder for pictures]
// Optional: BALLAST_SYMBOL (what to trade), CHROMIUM (path of the browser).
import { accessible, api, browser, check, complaints, finish, kWatchPolicy, overflow, picture, setHash, token, url, watch } from "./browser.mjs";

/** A page whose stream a test may change: `edit` gets each message, and may give back another or null. */
async function edited(context, edit, more = async () => {}) {
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  await page.routeWebSocket(/\/api\/stream/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      const out = edit(JSON.parse(message));
      if (out) socket.send(JSON.stringify(out));
    });
  });
  await more(page);
  return page;
}
/** Answers of risk with `part` in place of what it said. */
const withRisk = (part) => async (page) => {
  await page.route(/\/api\/live\/risk\?/, async (route) => {
    const answer = await (await route.fetch()).json();
    await route.fulfill({ json: { ...answer, ...part(answer) } });
  });
};

const kTripped = () => ({ opening: "OPENING_BLOCKED", blocked_by: ["drawdown"], loss_rules: [{ name: "drawdown", state: "LOSS_RULE_STATE_TRIPPED", loss: "10", limit: "5000", trip_time: new Date().toISOString(), trip_equity: "94900" }] });

const kViews = ["overview", "deployments", "stages", "rules", "backtests", "data", "trade", "positions", "orders", "history", "days", "risk", "alerts", "audit", "system"];
const go = async (page, view) => {
  await setHash(page, view);
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
  await page.waitForURL(/account=/);
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
  await page.getByLabel("Quantity", { exact: true }).fill(quantity);
  await page.getByLabel("Limit price").fill(limit);
  before = (await ours()).map((o) => o.order_id);
  await page.getByRole("button", { name: "Review order" }).click();
  const place = page.locator("[data-action=place]");
  await place.waitFor();
  await picture(page, "trade-review-1440");
  const said = (await place.innerText()).replaceAll(",", "");
  if (!said.includes("PAPER BUY") || !said.includes(instrument.symbol) || !said.includes("limit") || !said.includes(String(Number(limit)))) return `the button reads ${await place.innerText()}`;
  await place.dblclick();
  await page.locator(".placed").waitFor();
  await page.waitForTimeout(1200);
  const after = (await ours()).filter((o) => !before.includes(o.order_id) && !o.deployment_id);
  if (after.length !== 1) return `${after.length} orders`;
  placedId = after[0].order_id;
});
await check("the order opens from the table: wanted, checked, routed, what happened", async () => {
  if (!placedId) return "no order was placed";
  await go(page, "orders?tab=working");
  const row = page.locator("tr.clickable", { hasText: instrument.symbol }).first();
  await row.getByRole("button", { name: instrument.symbol }).click();
  await page.waitForURL(/#\/orders\/[^?]+\?tab=working/);
  await go(page, `orders/${placedId}`);
  await page.locator(".story-steps li").first().waitFor();
  const heads = await page.locator(".station-head h3").allInnerTexts();
  if (!["Wanted", "Checked", "Routed", "What happened"].every((head) => heads.includes(head))) return heads.join(", ");
  if (!(await page.locator(".station").first().innerText()).includes("user:")) return "nobody wanted it";
  if ((await page.locator(".story-checks li").count()) < 28) return "checks are missing";
  await picture(page, "order-1440", true);
  const problems = await accessible(page);
  if (problems) return problems;
});
await check("a refused order says what would have passed; a former link still finds its order", async () => {
  const refused = await fetch(new URL("/api/live/orders", url), { method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" }, body: JSON.stringify({ request_id: `refused-${Date.now()}`, symbol: instrument.symbol, side: "SIDE_BUY", type: "ORDER_TYPE_MARKET", quantity: "10000000" }) });
  const { order } = await refused.json();
  if (refused.status !== 422 || !order) return `HTTP ${refused.status}`;
  await go(page, `orders?tab=all&order=${order.order_id}`);
  await page.waitForURL(new RegExp(`#/orders/${order.order_id}`));
  await page.locator(".station.tone-bad .refusal").waitFor();
  const said = await page.locator(".station.tone-bad").innerText();
  if (!/would have passed/.test(said)) return said;
  if (await page.locator(".station-head h3", { hasText: "Routed" }).count()) return "it says that it was routed";
  await picture(page, "order-refused-1440", true);
  await go(page, "orders/O-nobody");
  await page.getByRole("alert").waitFor();
  await go(page, "orders?tab=working");
});
// The browser writes the 404 of the order that is none to the console.
for (let i = complaints.length - 1; i >= 0; --i) if (complaints[i].includes("404")) complaints.splice(i, 1);
await check("a position is given a stop on the screen, and it goes live", async () => {
  const held = async () => ((await api("GET", "/api/live/positions")).positions ?? []).filter((p) => Number(p.quantity) !== 0);
  const crypto = (await api("GET", "/api/live/instruments")).instruments.find((i) => i.symbol === "BTC-USD") ?? instrument;
  await api("POST", "/api/live/orders", { request_id: `protect-me-${Date.now()}`, symbol: crypto.symbol, side: "SIDE_BUY", type: "ORDER_TYPE_MARKET", quantity: crypto.symbol === "BTC-USD" ? "0.01" : String(Number(crypto.lot_size)), confirm_duplicate: true });
  for (let i = 0; i < 50 && !(await held()).some((p) => p.symbol === crypto.symbol); ++i) await page.waitForTimeout(200);
  await go(page, "positions");
  const cell = page.getByRole("group", { name: "Open positions" }).locator("tr", { hasText: crypto.symbol }).locator(".protection");
  await cell.waitFor();
  if (!(await cell.innerText()).includes("none")) return `it reads ${await cell.innerText()}`;
  await cell.click();
  await page.getByLabel("Stop loss, %").fill("8");
  await page.getByLabel(/^Take profit/).fill("");
  if (await page.getByRole("button", { name: "Set protection" }).isEnabled()) return "it is set without a reason";
  await page.getByLabel("Reason").fill("browser test");
  await picture(page, "protection-dialog-1440");
  const problems = await accessible(page);
  if (problems) return problems;
  await page.getByRole("button", { name: "Set protection" }).click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await cell.locator(".tone-good", { hasText: "live" }).waitFor({ timeout: 8000 });
  if (!/stop [\d,.]+/.test(await cell.innerText())) return `no price: ${await cell.innerText()}`;
  await picture(page, "protection-1440", true);
  const { protections } = await api("GET", "/api/live/protections");
  const order = protections.find((p) => p.symbol === crypto.symbol).stop.order_id;
  await go(page, `orders/${order}`);
  await page.getByText("Order management itself").waitFor();
  await api("PUT", "/api/live/protections", { symbol: crypto.symbol, reason: "browser test is over" });
  await api("POST", `/api/live/positions/${encodeURIComponent(crypto.symbol)}/close`, { request_id: `close-me-${Date.now()}` });
  for (let i = 0; i < 50 && (await held()).some((p) => p.symbol === crypto.symbol); ++i) await page.waitForTimeout(200);
  await go(page, "orders?tab=working");
});
await check("a hard refresh keeps the view and the session", async () => {
  await page.reload();
  await page.getByText("stream live").waitFor();
  if (!page.url().includes("#/orders?tab=working")) return page.url();
});
await check("an order is changed after a look at old and new; one that risk refuses says why and stays", async () => {
  if (!placedId) return "no order was placed";
  const { order } = await api("GET", `/api/live/orders/${placedId}`);
  const price = (Number(order.limit_price) - Number(instrument.tick_size) * 10).toFixed((instrument.tick_size.replace(/0+$/, "").split(".")[1] ?? "").length);
  await go(page, `orders/${placedId}`);
  await page.getByRole("button", { name: "Change…" }).click();
  if (await page.getByRole("button", { name: "Review change" }).isEnabled()) return "it can be changed without a change";
  await page.getByLabel("Limit price").fill(price);
  await page.getByRole("button", { name: "Review change" }).click();
  const said = (await page.locator("[data-part=replacement]").innerText()).replaceAll(",", "");
  if (!said.includes(String(Number(order.limit_price))) || !said.includes(String(Number(price))) || !said.includes("Still to trade")) return said;
  await picture(page, "replace-1440");
  const problems = await accessible(page);
  if (problems) return problems;
  await page.locator("[data-action=replace]").dblclick();
  await page.locator("dialog").waitFor({ state: "detached" });
  const { order: after } = await api("GET", `/api/live/orders/${placedId}`);
  if (Number(after.limit_price) !== Number(price)) return `${after.limit_price}, not ${price}`;
  const { events } = await api("GET", `/api/live/orders/${placedId}/events`);
  if (events.filter((e) => e.type === "ORDER_EVENT_TYPE_REPLACED").length !== 1) return "not one replacement";
  await page.getByRole("button", { name: "Change…" }).click();
  await page.getByLabel("Quantity, in all").fill("10000000");
  await page.getByRole("button", { name: "Review change" }).click();
  await page.locator("[data-action=replace]").click();
  await page.locator("dialog .refusal").waitFor();
  const refused = await page.locator("dialog").innerText();
  await picture(page, "replace-refused-1440");
  await page.keyboard.press("Escape");
  if (!refused.includes("REJECT_REASON_") || !refused.includes("stays as it was")) return refused;
});
// The browser writes the refusal to the console.
for (let i = complaints.length - 1; i >= 0; --i) if (complaints[i].includes("422")) complaints.splice(i, 1);
await check("an order of unknown outcome is resolved with the evidence in sight and a reason, by two where two are needed", async () => {
  if (!placedId) return "no order was placed";
  const walk = (value) => {
    if (Array.isArray(value)) value.forEach(walk);
    else if (value && typeof value === "object") {
      if (value.order_id === placedId && value.status) Object.assign(value, { status: "ORDER_STATUS_UNKNOWN", outcome_unknown: true });
      Object.values(value).forEach(walk);
    }
    return value;
  };
  const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
  let posted = null;
  const other = await edited(context, walk, async (one) => {
    await one.route(/\/evidence$/, (route) => route.fulfill({ json: { needs_two: true, awaited: null, evidence: { send_time: ago(60), asked: 5, session_ready: true, questions: ["VENUE_QUESTION_ORDER"], answers: [], horizon: null, acceptance_window_ms: "0", execution_ids: [] } } }));
    await one.route(/\/resolve$/, (route) => { posted = route.request().postDataJSON(); return route.fulfill({ status: 403, json: { error: { status: "PERMISSION_DENIED", reason: "REJECT_REASON_PERMISSION_DENIED", message: "a second person has to say the same" } } }); });
  });
  await other.goto(`${url}/#/orders?tab=working`);
  await other.getByRole("button", { name: "Resolve…" }).click();
  await other.locator("[data-silence=proves_nothing]").waitFor();
  const say = other.getByRole("button", { name: "Say so" });
  await other.getByRole("radio", { name: /The venue has it/ }).check();
  await other.getByLabel("How you know").fill("open in its list");
  if (await say.isEnabled()) return "it is taken without the venue's id";
  await other.getByLabel("The venue's id of it").fill("V-77");
  await picture(other, "resolve-1440");
  const problems = await accessible(other);
  if (problems) return problems;
  await say.click();
  await other.getByRole("status").filter({ hasText: "second person" }).waitFor();
  await other.close();
  if (posted?.broker_order_id !== "V-77" || posted?.reason !== "open in its list") return JSON.stringify(posted);
});
await check("cancels the order from the table", async () => {
  if (!placedId) return "no order was placed";
  await go(page, "orders?tab=working");
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
  await page.getByLabel("Quantity", { exact: true }).fill("900000");
  await page.getByRole("button", { name: "Review order" }).click();
  await page.locator(".ticket .refusal").waitFor();
  await picture(page, "trade-refused-1440");
  const place = page.locator("[data-action=place]");
  if ((await place.count()) > 0 && (await place.isEnabled())) return "the order could be placed";
});
await check("the ticket works out a size, and takes the one that is chosen", async () => {
  await go(page, "trade");
  await page.locator(".size-helper summary").click();
  await page.getByLabel("Worked out").selectOption("METHODS");
  await page.locator("[data-action=size]").click();
  const size = page.locator("[data-size=fixed_fraction]");
  await size.waitFor();
  await picture(page, "trade-size-1440");
  const offered = ((await size.textContent()) ?? "").trim().replaceAll(",", "");
  await size.click();
  const taken = await page.getByLabel("Quantity", { exact: true }).inputValue();
  if (Number(taken) !== Number(offered) || !(Number(taken) > 0)) return `offered ${offered}, taken ${taken}`;
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

await check("a reload keeps account, symbol and frame, and a link to another view too", async () => {
  const other = await context.newPage();
  await other.goto(`${url}/#/overview`);
  await other.getByText("stream live").waitFor();
  await other.getByLabel("Timeframe").selectOption("1m");
  const symbols = await other.getByLabel("Chart symbol").locator("option").allInnerTexts();
  const wanted = symbols[symbols.length - 1];
  await other.getByLabel("Chart symbol").selectOption(wanted);
  await other.getByRole("link", { name: "Trade", exact: true }).click();
  await other.reload();
  await other.getByText("stream live").waitFor();
  const account = await other.getByLabel("Account").inputValue();
  const now = [await other.getByLabel("Chart symbol").inputValue(), await other.getByLabel("Timeframe").inputValue(), new URL(other.url()).searchParams.get("account")];
  await other.close();
  if (now.join() !== [wanted, "1m", account].join()) return now.join();
});
await check("equity, fills and positions are asked for by account", async () => {
  const other = await context.newPage();
  const asked = [];
  other.on("request", (request) => { if (/api\/live\/(equity|fills|risk|positions|trades)/.test(request.url())) asked.push(request.url()); });
  await other.goto(`${url}/#/overview`);
  await other.getByText("stream live").waitFor();
  await go(other, "history");
  await go(other, "positions");
  await other.close();
  const without = asked.filter((u) => !new URL(u).searchParams.get("account_id"));
  if (asked.length === 0 || without.length > 0) return `${asked.length} asked, without an account: ${without.join(" ")}`;
});
await check("another account is its own: nothing of the first is left, and a reload stays there", async () => {
  const { accounts } = await api("GET", "/api/live/accounts");
  if (accounts.length < 2) return;
  const other = await context.newPage();
  await other.goto(`${url}/#/overview`);
  await other.getByText("stream live").waitFor();
  const first = await other.getByLabel("Account").inputValue();
  const second = accounts.find((a) => a.account_id !== first).account_id;
  const colour = await other.locator("header.top").evaluate((e) => getComputedStyle(e).borderLeftColor);
  await other.getByLabel("Account").selectOption(second);
  await other.getByRole("heading", { name: `Equity of ${second}` }).waitFor();
  await other.reload();
  await other.getByText("stream live").waitFor();
  await other.getByRole("heading", { name: `Equity of ${second}` }).waitFor();
  const account = await other.getByLabel("Account").inputValue();
  const there = await other.locator("header.top").evaluate((e) => getComputedStyle(e).borderLeftColor);
  const { positions } = await api("GET", `/api/live/positions?account_id=${second}`);
  const open = (positions ?? []).filter((p) => Number(p.quantity) !== 0).length;
  await picture(other, "second-account-1440");
  const shown = await other.locator(".panel", { has: other.getByRole("heading", { name: "Open positions" }) }).locator("tbody tr").count();
  await other.close();
  if (account !== second) return `the reload went to ${account}`;
  if (there === colour) return "both have one colour";
  if (shown !== open) return `${shown} positions shown, it has ${open}`;
});
await check("the position of a book can be closed by hand", async () => {
  const account = new URL(page.url()).searchParams.get("account");
  const { limits } = await api("GET", `/api/live/risk?account_id=${account}`);
  const price = Number(quotes.get(instrument.symbol).last_price);
  const equity = Number((await api("GET", `/api/live/summary?account_id=${account}`)).summary.equity);
  const lot = Number(instrument.lot_size);
  const lots = Math.max(1, Math.floor((equity * Number(limits.max_position_ratio || 1) * 0.4) / price / lot));
  const quantity = (lots * lot).toFixed((instrument.lot_size.replace(/0+$/, "").split(".")[1] ?? "").length);
  const { order } = await api("POST", "/api/live/orders", { request_id: `test-${Date.now()}`, account_id: account, symbol: instrument.symbol, side: "SIDE_BUY", type: "ORDER_TYPE_MARKET", time_in_force: "TIME_IN_FORCE_IOC", quantity, reason: "manual" });
  const held = async () => ((await api("GET", `/api/live/positions?account_id=${account}&by_deployment=true`)).positions ?? []).find((p) => p.symbol === instrument.symbol && p.deployment_id === "" && Number(p.quantity) !== 0);
  for (let i = 0; i < 100 && !(await held()); ++i) await page.waitForTimeout(200);
  if (!(await held())) return `nothing is held by hand: ${JSON.stringify((await api("GET", `/api/live/orders/${order.order_id}`)).order)}`;
  await go(page, "positions");
  const row = page.locator(".panel", { has: page.getByRole("heading", { name: "By book" }) }).locator("tbody tr", { hasText: instrument.symbol }).filter({ hasText: "by hand" });
  await row.waitFor();
  await picture(page, "books-1440");
  await row.getByRole("button", { name: /Close/ }).click();
  await page.locator("dialog .place").click();
  await page.locator("dialog").waitFor({ state: "detached" });
  await row.waitFor({ state: "detached" });
});
await check("blocked is never green: one text on banner, bar, cards and ticket", async () => {
  const other = await edited(context, (m) => m, withRisk((answer) => ({ uses: (answer.uses ?? []).map((u) => (u.name === "drawdown" ? { ...u, limit: "5000", used: "9000", ratio: 1.8 } : u)) })));
  await other.goto(`${url}/#/overview`);
  await other.locator(".banner[data-permission=blocked]").waitFor();
  const states = await other.locator("[data-permission]").evaluateAll((all) => all.map((e) => ({ state: e.dataset.permission, green: e.classList.contains("tone-good"), text: e.textContent })));
  await picture(other, "blocked-1440");
  if (states.length < 4) return `${states.length} places say it`;
  if (states.some((s) => s.state !== "blocked" || s.green)) return JSON.stringify(states);
  if (!states.every((s) => s.text.includes("Drawdown 180 % of its limit"))) return states.map((s) => s.text).join(" | ");
  await go(other, "risk");
  await other.getByText("180%").first().waitFor();
  await picture(other, "blocked-risk-1440");
  const armed = await other.getByText(/Armed/).count();
  await other.close();
  if (armed > 0) return "it still reads Armed";
});
await check("a tripped rule stays blocked after it recovered and can be re-armed with a reason", async () => {
  const other = await edited(context, (m) => m, withRisk(kTripped));
  await other.goto(`${url}/#/risk`);
  await other.locator(".banner[data-permission=blocked]").waitFor();
  await other.getByRole("button", { name: "Re-arm…" }).first().click();
  const button = other.getByRole("button", { name: "Re-arm", exact: true });
  await button.waitFor();
  await picture(other, "rearm-1440");
  const early = await button.isEnabled();
  await other.getByLabel("Reason").fill("looked at it");
  const late = await button.isEnabled();
  await other.close();
  if (early || !late) return `without a reason ${early}, with one ${late}`;
});
await check("dead prices are grey with their age, and nothing says live", async () => {
  let dead = false;
  const other = await edited(context, (m) => (dead && m.type === "delta" && m.topic === "quotes" ? { ...m, data: [] } : m));
  await other.goto(`${url}/#/trade`);
  await other.getByText("stream live").waitFor();
  dead = true;
  await other.getByText(/prices? \d+s old/).first().waitFor({ timeout: 20000 });
  await other.locator(".chart-panel.is-stale .stale-tag").waitFor();
  await other.getByText(/panels? stale/).waitFor();
  // The page counts ages once a second, each place by its own clock.
  const live = await other.getByText(/^stream live$/).first().waitFor({ state: "hidden", timeout: 5000 }).then(() => false, () => true);
  const review = await other.locator(".ticket button[type=submit]").isEnabled();
  await picture(other, "dead-prices-1440");
  await other.close();
  if (live) return "it still says live";
  if (review) return "the ticket still reviews";
});
await check("offline is never green", async () => {
  let silent = false;
  const other = await edited(context, (m) => (silent ? null : m));
  await other.goto(`${url}/#/overview`);
  await other.getByText("stream live").waitFor();
  silent = true;
  await other.getByText(/services unknown/).waitFor({ timeout: 8000 });
  const green = await other.locator(".status .tone-good").allInnerTexts();
  const stop = await other.getByRole("button", { name: "Emergency stop…" }).isEnabled();
  await other.close();
  if (!stop) return "the emergency stop is out of reach";
  if (green.length > 0) return green.join(", ");
});
await check("a reconnect goes on where the stream was, by run and number", async () => {
  const other = await context.newPage();
  const asked = [];
  let cut = null;
  await other.routeWebSocket(/\/api\/stream/, (socket) => {
    asked.push(new URL(socket.url()));
    const server = socket.connectToServer();
    cut = () => { server.close(); socket.close({ code: 1012, reason: "test" }); };
  });
  await other.goto(`${url}/#/overview`);
  await other.getByText("stream live").waitFor();
  cut();
  for (let i = 0; i < 100 && asked.length < 2; ++i) await other.waitForTimeout(100);
  await other.getByText("stream live").waitFor();
  const gaps = (await other.locator(".status").innerText()).match(/gaps (\d+)/)?.[1];
  await other.close();
  if (!asked[1]?.searchParams.get("run") || !(Number(asked[1].searchParams.get("after")) > 0)) return String(asked[1]);
  if (gaps !== "0") return `${gaps} gaps`;
});
await check("a buy stop below the market is stopped in the ticket, with the numbers", async () => {
  const other = await context.newPage();
  await other.goto(`${url}/?symbol=${encodeURIComponent(instrument.symbol)}#/trade`);
  await other.getByText("stream live").waitFor();
  await other.getByLabel("Type").selectOption("STOP");
  await other.getByLabel("Quantity", { exact: true }).fill(instrument.lot_size);
  await other.getByLabel("Stop price").fill("1");
  await other.getByText(/would trade at once/).waitFor();
  const enabled = await other.locator(".ticket button[type=submit]").isEnabled();
  await picture(other, "stop-warning-1440");
  await other.close();
  if (enabled) return "it could be reviewed";
});
const limitRow = (name) => page.locator(`[data-limit=${name}]`);
const setLimit = async (label, value, reason, holds) => {
  await page.getByRole("button", { name: `Change ${label}`, exact: true }).click();
  await page.getByLabel(/^New value/).fill(value);
  if (holds) await page.getByLabel("Holds").selectOption({ label: holds });
  await page.getByLabel("Reason").fill(reason);
  await page.locator("dialog .primary").click();
  await page.locator("dialog").waitFor({ state: "detached" });
};
await check("limits: per cent are per cent, and a limit says what is in force, whose it is and what is used", async () => {
  await go(page, "risk");
  const { limits } = await api("GET", "/api/live/risk");
  await limitRow("daily_loss_ratio").waitFor();
  const text = await limitRow("daily_loss_ratio").innerText();
  if (!text.includes(`${Number(limits.daily_loss_ratio) * 100} %`) || !text.includes("account ")) return text;
  if ((await limitRow("daily_loss_ratio").getByRole("meter").count()) !== 1) return "no bar";
  await page.getByRole("button", { name: "Change Daily loss", exact: true }).click();
  const typed = await page.getByLabel(/^New value/).inputValue();
  if (await page.locator("dialog .primary").isEnabled()) return "it can be changed without a change";
  await page.getByLabel(/^New value/).fill("-1");
  await page.getByText("A number that this limit can have").waitFor();
  await page.getByLabel(/^New value/).fill(String(Number(typed) * 2));
  await page.locator("[data-direction=looser]").waitFor();
  if (await page.locator("dialog .primary").isEnabled()) return "it can be changed without a reason";
  await picture(page, "limit-dialog-1440");
  const problems = await accessible(page);
  await page.keyboard.press("Escape");
  if (problems) return problems;
  if (Number(typed) !== Number(limits.daily_loss_ratio) * 100) return `${typed} for ${limits.daily_loss_ratio}`;
});
await check("limits: lowered at once, overridden until an end, revoked, and all of it in the history with its reason", async () => {
  const { limits } = await api("GET", "/api/live/risk");
  const before = limits.max_open_orders;
  await setLimit("Open orders", String(before - 1), "browser test lowers it");
  await limitRow("max_open_orders").locator(".limit-value", { hasText: String(before - 1) }).waitFor();
  await setLimit("Open orders", String(before - 2), "browser test overrides it", "override for 15 minutes");
  await limitRow("max_open_orders").getByText(/ends in 14 min|ends in 15 min/).waitFor();
  const list = page.getByRole("list", { name: "Overrides in force" });
  await list.waitFor();
  await picture(page, "limits-override-1440", true);
  const { limits: effective } = await api("GET", "/api/live/risk/limits/effective");
  const inForce = effective.find((l) => l.name === "max_open_orders");
  if (Number(inForce.value) !== before - 2 || !inForce.scope.endsWith("override")) return JSON.stringify(inForce);
  await list.getByRole("button", { name: "Revoke…" }).click();
  await page.getByLabel("Reason").fill("browser test is over");
  await page.getByRole("button", { name: "Revoke", exact: true }).click();
  await list.waitFor({ state: "detached" });
  await limitRow("max_open_orders").locator(".limit-value", { hasText: String(before - 1) }).waitFor();
  await setLimit("Open orders", String(before), "browser test puts it back");
  await page.getByRole("button", { name: "Open orders", exact: true }).click();
  await page.locator(".versions > li").first().waitFor();
  const said = await page.locator(".versions").innerText();
  await picture(page, "limits-history-1440");
  const problems = await accessible(page);
  await page.keyboard.press("Escape");
  if (problems) return problems;
  for (const reason of ["lowers it", "overrides it", "puts it back"]) if (!said.includes(reason)) return `${reason} is missing: ${said}`;
});
await check("limits: what waits for a second person is told, and whoever asked cannot approve it", async () => {
  for (const who of ["user:dashboard", "user:bob"]) {
    const other = await context.newPage();
    const change = { change_id: "r-1", state: "LIMIT_CHANGE_STATE_PENDING", limits: { account_id: "paper" }, raises: ["daily_loss_ratio 0.01 -> 0.02"], reason: "wider stops", proposed_by: who, propose_time: new Date().toISOString() };
    await other.route(/limits\/changes\?/, (route) => route.fulfill({ json: { changes: [change] } }));
    await other.goto(`${url}/#/risk`);
    await other.getByText("Daily loss 1 % → 2 %").waitFor();
    await other.getByRole("button", { name: "Decide…" }).click();
    await other.getByLabel("Your reason").fill("looked at it");
    const can = await other.getByRole("button", { name: "Approve" }).isEnabled();
    const back = await other.getByRole("button", { name: "Take back" }).count();
    if (who === "user:bob") await picture(other, "limits-second-person-1440");
    const problems = await accessible(other);
    await other.close();
    if (problems) return problems;
    if (can !== (who === "user:bob") || back !== (who === "user:dashboard" ? 1 : 0)) return `${who}: approve ${can}, take back ${back}`;
  }
});
await check("show on the chart brings the chart", async () => {
  await go(page, "history?tab=fills");
  const button = page.getByRole("button", { name: /on the chart$/ }).first();
  await page.locator("table, .empty").first().waitFor();
  if ((await button.count()) === 0) return;
  const symbol = await button.innerText();
  await button.click();
  await page.locator(".chart-panel.is-lit").waitFor();
  await picture(page, "on-the-chart-1440");
  if ((await page.getByLabel("Chart symbol").inputValue()) !== symbol) return "another symbol";
});
for (const scheme of ["dark", "light"]) {
  for (const width of [1440, 390]) {
    const where = await browser.newContext({ viewport: { width, height: width === 390 ? 844 : 1010 }, colorScheme: scheme, reducedMotion: "reduce", storageState: await context.storageState(), ...(width === 390 ? { hasTouch: true, isMobile: true } : {}) });
    const seen = await where.newPage();
    await seen.goto(`${url}/#/overview`);
    await seen.getByText("stream live").waitFor();
    for (const view of [...kViews, `orders/${placedId}`, "deployments?deploy=1", "history?tab=fills", "alerts?show=all"]) {
      await check(`accessible: ${view}, ${scheme}, ${width} px`, async () => {
        await go(seen, view);
        return accessible(seen);
      });
    }
    const deployment = (await api("GET", "/api/trading/deployments")).deployments?.[0];
    if (deployment) {
      await check(`accessible: a deployment, ${scheme}, ${width} px; its outcomes are on the screen`, async () => {
        await go(seen, `deployments?id=${encodeURIComponent(deployment.deployment_id)}`);
        await picture(seen, `deployment-${scheme}-${width}`, true);
        const found = await accessible(seen);
        if (found) return found;
        const outcome = seen.locator("table th", { hasText: "Outcome" });
        if ((await outcome.count()) > 0) {
          const box = await outcome.first().boundingBox();
          if (!box || box.x + box.width > width) return `the outcome ends at ${box?.x + box?.width}`;
        }
      });
    }
    await where.close();
  }
}

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
for (const view of [...kViews, `orders/${placedId}`]) {
  await check(`phone: ${view.replace(placedId, "one order")} has no horizontal overflow`, async () => {
    await go(phone, view);
    await phone.getByText("stream live").waitFor();
    if (view.includes("/")) await phone.locator(".story-steps li").first().waitFor();
    await picture(phone, view.includes("/") ? "order-390" : `${view}-390`, view.includes("/"));
    const excess = await overflow(phone);
    if (excess > 0) return `${excess} px`;
  });
}
await go(phone, "overview");
await picture(phone, "overview-390-full", true);
await check("phone: the header is at most 96 px and the emergency stop stays in sight", async () => {
  await phone.evaluate(() => window.scrollTo(0, 2500));
  await phone.waitForTimeout(300);
  const header = await phone.locator("header.top").boundingBox();
  const stop = await phone.getByRole("button", { name: "Emergency stop…" }).boundingBox();
  const bar = await phone.locator("footer.status").boundingBox();
  await picture(phone, "scrolled-390");
  await phone.evaluate(() => window.scrollTo(0, 0));
  if (!header || header.height > 96) return `${header?.height} px`;
  if (!bar || bar.height > 48) return `the status bar is ${bar?.height} px`;
  if (!stop || stop.y < 0 || stop.y + stop.height > 96 || stop.x < 0 || stop.x + stop.width > 390) return JSON.stringify(stop);
});
await check("phone: no violation of the content security policy", async () => (await phone.evaluate(() => window.policyViolations)).join("; "));
await check("a deployment alone is halted and cancelled, with what was counted", async () => {
  await go(page, "risk");
  const { deployments } = await api("GET", "/api/trading/deployments");
  const one = (deployments ?? []).find((d) => d.status === "DEPLOYMENT_STATUS_ACTIVE");
  if (!one) return;
  await page.getByRole("button", { name: "Emergency stop…" }).click();
  await page.getByRole("radio", { name: "Everything" }).check();
  await page.locator("dialog").getByText(/account/).first().waitFor();
  await page.getByRole("radio", { name: "A deployment" }).check();
  await page.locator("dialog").getByLabel("Deployment", { exact: true }).selectOption(one.deployment_id);
  await page.getByRole("radio", { name: /^Halt and cancel/ }).check();
  await picture(page, "emergency-scope-1440");
  const problems = await accessible(page);
  if (problems) return problems;
  await page.locator("dialog .danger-solid").click();
  await page.locator("[data-part=scoped-proof]").waitFor();
  await page.getByText("Done, and seen to be so at the venue.").waitFor({ timeout: 10_000 });
  await picture(page, "emergency-scope-done-1440");
  const counted = await page.locator("[data-part=scoped-proof]").innerText();
  await page.keyboard.press("Escape");
  const after = (await api("GET", "/api/trading/deployments")).deployments.find((d) => d.deployment_id === one.deployment_id);
  if (after.status !== "DEPLOYMENT_STATUS_PAUSED") return after.status;
  const { accounts } = await api("GET", "/api/live/accounts");
  if (accounts.some((a) => a.halted)) return "an account is halted";
  if (!/0[^]*0/.test(counted)) return counted;
});
await check("a pressed emergency stop shows what is left until the venue is flat, and says so on every screen", async () => {
  await page.getByRole("button", { name: "Emergency stop…" }).click();
  await page.getByLabel("Type STOP to confirm").fill("STOP");
  await page.locator("dialog .danger-solid").click();
  await page.getByRole("list", { name: "Progress" }).waitFor();
  await page.getByText("Flat. The venue shows no order and no position of this account.").waitFor({ timeout: 20_000 });
  await picture(page, "emergency-done-1440");
  await page.keyboard.press("Escape");
  await page.locator(".banner[data-emergency=done]").waitFor();
  await go(page, "orders");
  const text = await page.locator(".banner[data-emergency=done]").textContent();
  if (!text?.includes("flat")) return String(text);
});
await check("no errors in the console", async () => [...new Set(complaints)].join("; "));

await finish();
