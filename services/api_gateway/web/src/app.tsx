import { useEffect, useRef, useState, type FormEvent, type ReactNode } from "react";
import { resumeSession, signIn, whenSignedOut } from "./api/client";
import { accountColours } from "./lib/address";
import * as decimal from "./lib/decimal";
import { streamWords } from "./lib/freshness";
import { isBreached, percentUsed } from "./lib/permission";
import { duration, millis, moment, utc } from "./lib/time";
import { Stream } from "./state/stream";
import { dismiss, refreshAccount, selectAccount, useModel, useReplay, useRisk, useStore } from "./state/store";
import { EmergencyDialog, useExposure } from "./ui/emergency";
import { useMarketFreshness } from "./ui/freshness";
import { Failure, Field, Meter, ModeBadge, Pnl, Stat, useAction, useNow } from "./ui/parts";
import { PermissionBanner, PermissionPill } from "./ui/permission";
import { useRoute } from "./ui/route";
import { AlertsView } from "./views/alerts";
import { AlgoView } from "./views/algo";
import { AuditView } from "./views/audit";
import { BacktestsView } from "./views/backtests";
import { DataView } from "./views/data";
import { DaysView } from "./views/days";
import { DeploymentsView } from "./views/deployments";
import { HistoryView } from "./views/history";
import { OrdersView } from "./views/orders";
import { OverviewView } from "./views/overview";
import { PositionsView } from "./views/positions";
import { RiskView } from "./views/risk";
import { RulesView } from "./views/rules";
import { StagesView } from "./views/stages";
import { SystemView } from "./views/system";
import { TradeView } from "./views/trade";

const kViews: readonly { path: string; label: string; key: string; view: () => ReactNode }[] = [
  { path: "overview", label: "Overview", key: "o", view: () => <OverviewView /> },
  { path: "deployments", label: "Deployments", key: "d", view: () => <DeploymentsView /> },
  { path: "stages", label: "Stages", key: "e", view: () => <StagesView /> },
  { path: "rules", label: "Rules", key: "l", view: () => <RulesView /> },
  { path: "backtests", label: "Backtests", key: "e", view: () => <BacktestsView /> },
  { path: "trade", label: "Trade", key: "t", view: () => <TradeView /> },
  { path: "positions", label: "Positions", key: "p", view: () => <PositionsView /> },
  { path: "orders", label: "Orders", key: "r", view: () => <OrdersView /> },
  { path: "algorithms", label: "Algorithms", key: "m", view: () => <AlgoView /> },
  { path: "history", label: "History", key: "h", view: () => <HistoryView /> },
  { path: "days", label: "Days", key: "y", view: () => <DaysView /> },
  { path: "risk", label: "Risk", key: "k", view: () => <RiskView /> },
  { path: "alerts", label: "Alerts", key: "a", view: () => <AlertsView /> },
  { path: "audit", label: "Audit", key: "u", view: () => <AuditView /> },
  { path: "data", label: "Data", key: "b", view: () => <DataView /> },
  { path: "system", label: "System", key: "s", view: () => <SystemView /> },
];

const kRefreshMs = 4000;

export function App() {
  const [session, setSession] = useState<"unknown" | "out" | "in" | "unreachable">("unknown");
  const look = () => {
    resumeSession().then(
      (there) => setSession(there ? "in" : "out"),
      () => setSession("unreachable"),
    );
  };
  useEffect(() => {
    whenSignedOut(() => setSession("out"));
    look();
  }, []);
  useEffect(() => {
    if (session !== "unreachable") return;
    const timer = setInterval(look, 2000);
    return () => clearInterval(timer);
  }, [session]);
  if (session === "unknown") return <main className="sign-in" aria-busy="true" />;
  if (session === "unreachable") {
    return (
      <main className="sign-in">
        <div className="sign-in-card">
          <Brand />
          <p role="status">The gateway does not answer. Trying again every two seconds…</p>
        </div>
      </main>
    );
  }
  return session === "out" ? <SignIn onDone={() => setSession("in")} /> : <Frame />;
}

function Brand() {
  return (
    <span className="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true" className="brand-mark">
        <path d="M5 18h22c0 6-5 9-11 9S5 24 5 18z" />
        <path d="M16 4v11M16 5l7 9h-7z" />
      </svg>
      Ballast
    </span>
  );
}

function SignIn({ onDone }: { onDone: () => void }) {
  const [token, setToken] = useState("");
  const { busy, error, run } = useAction();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    run(async () => {
      await signIn(token.trim());
      onDone();
    });
  };
  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit}>
        <Brand />
        <h1>Sign in</h1>
        <Field label="Access token" hint="The gateway writes it to its token file at the first start.">
          {(id, note) => <input id={id} name="token" type="password" autoComplete="current-password" aria-describedby={note} value={token} autoFocus onChange={(e) => setToken(e.target.value)} />}
        </Field>
        {error !== null && <Failure error={error} />}
        <button type="submit" className="button primary block" disabled={busy || token.trim() === ""}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}

function useFrame(): void {
  useEffect(() => {
    const stream = new Stream();
    stream.start();
    const refresh = () => void refreshAccount().catch(() => {});
    refresh();
    const timer = setInterval(refresh, kRefreshMs);
    return () => {
      stream.stop();
      clearInterval(timer);
    };
  }, []);

  // The first symbol that means something: one that is held or traded in this account, else any; but one that has prices.
  const symbol = useStore((s) => s.symbol);
  const accountId = useStore((s) => s.accountId);
  const quotes = useModel((m) => m.quotes);
  const positions = useModel((m) => m.positions);
  const deployments = useModel((m) => m.deployments);
  useEffect(() => {
    if (symbol || !accountId) return;
    const first = [
      ...Object.values(positions).filter((p) => p.account_id === accountId).map((p) => p.symbol),
      ...Object.values(deployments).filter((d) => d.spec.account_id === accountId && d.status === "DEPLOYMENT_STATUS_ACTIVE").flatMap((d) => d.spec.symbols),
      ...Object.keys(quotes).sort(),
    ].find((name) => decimal.sign(quotes[name]?.last_price) > 0);
    if (first) useStore.setState({ symbol: first });
  }, [symbol, accountId, quotes, positions, deployments]);

  useEffect(() => {
    let armed = 0;
    // "g" and a letter goes to a view. No key places, cancels or closes anything.
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || (event.target as HTMLElement).closest("input, select, textarea, dialog")) return;
      if (event.key === "g") {
        armed = Date.now();
        return;
      }
      const view = kViews.find((v) => v.key === event.key);
      if (view && Date.now() - armed < 1500) location.hash = `#/${view.path}`;
      armed = 0;
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}

function Frame() {
  useFrame();
  const { path } = useRoute();
  const view = kViews.find((v) => v.path === path) ?? kViews[0]!;
  const account = useStore((s) => s.accounts.find((a) => a.account_id === s.accountId));
  const live = account?.mode === "ACCOUNT_MODE_LIVE";
  const ready = useModel((m) => m.sequence >= 0);
  useEffect(() => {
    document.title = `${live ? "LIVE" : "PAPER"} · ${view.label} · Ballast`;
    document.getElementById("favicon")?.setAttribute("href", live ? "/icon-live.svg" : "/icon-paper.svg");
  }, [live, view]);
  return (
    <div className={`frame ${live ? "is-live" : ""}`}>
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to content</a>
      <TopBar />
      <Navigation current={view.path} />
      <main id="main" tabIndex={-1}>
        <PermissionBanner />
        {ready ? view.view() : <p className="loading" role="status">Waiting for the first snapshot…</p>}
      </main>
      <StatusBar />
      <Notices />
    </div>
  );
}

function TopBar() {
  const accounts = useStore((s) => s.accounts);
  const accountId = useStore((s) => s.accountId);
  const account = accounts.find((a) => a.account_id === accountId);
  const summary = useStore((s) => s.model.summaries[s.accountId]);
  const stale = useStore((s) => s.stale);
  const daily = useRisk()?.uses?.find((u) => u.name === "daily_loss");
  const colour = accountColours(accounts.map((a) => a.account_id))[accountId] ?? 0;
  const used = daily ? percentUsed(daily) : null;
  const liveCount = useModel((m) => Object.values(m.deployments).filter((d) => d.mode === "ACCOUNT_MODE_LIVE" && d.status === "DEPLOYMENT_STATUS_ACTIVE").length);
  const exposure = useExposure();
  const [stopping, setStopping] = useState(false);
  // What is not known counts as open: an old stream must never take the stop away.
  const unsure = useModel((m) => m.sequence < 0) || stale;
  const open = unsure || exposure.orders + exposure.positions + exposure.deployments > 0;
  const dayRatio = summary ? decimal.divide(summary.day_pnl, decimal.subtract(summary.equity, summary.day_pnl), 6) : null;
  return (
    <header className={`top account-${colour} ${stale ? "is-stale" : ""}`}>
      <div className="top-account">
        <label>
          <span className="stat-label">Account</span>
          <select value={accountId} onChange={(e) => selectAccount(e.target.value)}>
            {!account && <option value={accountId}>{accountId || "–"}</option>}
            {accounts.map((a) => <option key={a.account_id} value={a.account_id}>{a.account_id}</option>)}
          </select>
        </label>
        <ModeBadge mode={account?.mode ?? summary?.mode ?? "ACCOUNT_MODE_PAPER"} />
      </div>
      <div className="top-pill"><PermissionPill /></div>
      <div className="top-stats">
        <Stat label={`Equity${summary?.currency ? ` ${summary.currency}` : ""}`}><span className="number" title={summary?.equity}>{decimal.formatMoney(summary?.equity)}</span></Stat>
        <Stat label="Today"><Pnl value={summary?.day_pnl} ratio={dayRatio} /></Stat>
        <Stat label="Open P&L"><Pnl value={summary?.unrealised_pnl} /></Stat>
        <Stat label="Exposure"><span className="number" title={summary?.gross_exposure}>{decimal.formatMoney(summary?.gross_exposure)}</span></Stat>
        <Stat label="Daily loss used">
          <span className="daily">
            <Meter label="Daily loss used" ratio={daily?.ratio ?? 0} {...(used === null ? {} : { text: `${used} per cent` })} />
            <span className={`number ${daily && isBreached(daily) ? "down strong" : ""}`}>{used === null ? "–" : `${decimal.format(used)}%`}</span>
          </span>
        </Stat>
      </div>
      <div className="top-actions">
        {liveCount > 0 && <a className="badge badge-live" href="#/deployments">{liveCount} LIVE deployment{liveCount === 1 ? "" : "s"}</a>}
        <button type="button" className="button stop" disabled={!open || !accountId} title={open ? "Halt, cancel, close" : "Nothing is deployed, ordered or held in this account"} onClick={() => setStopping(true)}>Emergency stop…</button>
      </div>
      {stopping && <EmergencyDialog onClose={() => setStopping(false)} />}
    </header>
  );
}

function Navigation({ current }: { current: string }) {
  const accountId = useStore((s) => s.accountId);
  const unread = useModel((m) => Object.values(m.alerts).reduce((n, a) => n + (a.acknowledged || (a.account_id && a.account_id !== accountId) ? 0 : 1), 0));
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    // On a phone the bar scrolls sideways: the present view stays in sight.
    const link = bar.current?.querySelector<HTMLElement>("[aria-current]");
    if (bar.current && link) bar.current.scrollLeft = link.offsetLeft - (bar.current.clientWidth - link.offsetWidth) / 2;
  }, [current]);
  return (
    <nav className="nav" aria-label="Main" ref={bar}>
      <Brand />
      <ul>
        {kViews.map((v) => (
          <li key={v.path}>
            <a href={`#/${v.path}`} aria-current={v.path === current ? "page" : undefined} title={`g then ${v.key}`}>
              {v.label}
              {v.path === "alerts" && unread > 0 && <span className="unread" aria-label={`${unread} new`}>{unread > 99 ? "99+" : unread}</span>}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function StatusBar() {
  const connection = useStore((s) => s.connection);
  const stale = useStore((s) => s.stale);
  const retryAt = useStore((s) => s.retryAt);
  const lastMessageAt = useStore((s) => s.lastMessageAt);
  const stalePanels = useStore((s) => s.stalePanels);
  const sequence = useModel((m) => m.sequence);
  const gaps = useModel((m) => m.gaps);
  const status = useModel((m) => m.status);
  const market = useMarketFreshness();
  const pulse = useModel((m) => m.market);
  const replay = useReplay();
  const now = useNow(500);
  const age = lastMessageAt > 0 ? (now - lastMessageAt) / 1000 : null;
  const down = (status?.services ?? []).filter((s) => s.state !== "serving");
  const count = status?.services?.length ?? 0;
  const marketTime = millis(status?.market_time);
  const stream = streamWords(connection, stale, market, Math.max(0, Math.ceil((retryAt - now) / 1000)), pulse);
  // What an old stream said of the services is history.
  const known = status !== null && connection === "live" && !stale;
  const services = !known ? { text: count > 0 ? `services unknown (were ${count - down.length} of ${count})` : "services unknown", tone: "quiet" } : down.length === 0 ? { text: `${count} services`, tone: "good" } : { text: `${down.map((s) => s.name).join(", ")} down`, tone: "bad" };
  return (
    <footer className="status" aria-label="Status">
      <span className={`state tone-${stream.tone}`} role="status">{stream.text}</span>
      {stalePanels > 0 && <span className="tone-warn">{stalePanels} panel{stalePanels === 1 ? "" : "s"} stale</span>}
      <span className="number">seq {Math.max(0, sequence)} · gaps {gaps}</span>
      <span className="number">last message {age === null ? "–" : age < 1 ? "now" : `${duration(age * 1000)} ago`}</span>
      <a href="#/system" className={`state tone-${services.tone}`}>{services.text}</a>
      <PermissionPill />
      <span title={utc(status?.market_time)}>market {status?.market_source || "–"}{known && (status.market_open ? " · open" : " · closed")}{marketTime !== null && <span className="number"> · {moment(status?.market_time, replay)}</span>}</span>
      <span className="push" />
      <a href="https://www.tradingview.com/" target="_blank" rel="noreferrer">Charts: TradingView Lightweight Charts™</a>
      <span className="number" title={new Date(now).toString()}>{new Date(now).toISOString().slice(11, 19)} UTC · {status?.version ?? ""}</span>
    </footer>
  );
}

function Notices() {
  const notices = useStore((s) => s.notices);
  return (
    <div className="notices" aria-live="polite">
      {notices.map((n) => (
        <div key={n.id} className={`notice ${n.kind}`} role={n.kind === "failed" ? "alert" : undefined}>
          <span>{n.text}{n.reason && <code>{n.reason}</code>}</span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(n.id)}>✕</button>
        </div>
      ))}
    </div>
  );
}

