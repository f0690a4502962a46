import { memo, useEffect, useId, useRef, useState, type ReactNode } from "react";
import { explain } from "../api/client";
import type { RiskCheck } from "../api/types";
import * as decimal from "../lib/decimal";
import { duration, millis, moment, utc } from "../lib/time";
import { bare, word } from "../lib/words";
import { useReplay, useStore } from "../state/store";

export function ModeBadge({ mode, long = true, pulse = false }: { mode: string; long?: boolean; pulse?: boolean }) {
  const live = mode === "ACCOUNT_MODE_LIVE";
  return (
    <span className={`badge ${live ? "badge-live" : "badge-paper"} ${pulse ? "pulsing" : ""}`}>
      {long && <span className="badge-dot" aria-hidden="true" />}
      <span>
        {live ? "LIVE" : "PAPER"}
        {long && <span className="badge-long">{live ? " · real money" : " · simulated"}</span>}
      </span>
    </span>
  );
}

const kTones: Record<string, string> = {
  ACTIVE: "good", PAUSED: "warn", STOPPED: "quiet", STOPPING: "warn", ERROR: "bad", CREATED: "quiet",
  NEW: "info", PARTIALLY_FILLED: "info", PENDING_NEW: "info", SUBMITTED: "info", PENDING_CANCEL: "warn", PENDING_REPLACE: "warn", HELD: "info",
  UNKNOWN: "warn", FILLED: "good", CANCELED: "quiet", EXPIRED: "quiet", DENIED: "bad", REJECTED: "bad", NEVER_ACCEPTED: "bad",
  RUNNING: "good", CANCELING: "warn",
  INFO: "info", WARNING: "warn", CRITICAL: "bad",
  QUEUED: "quiet", SUCCEEDED: "good", FAILED: "bad", CANCELLED: "quiet", INTERRUPTED: "warn",
};

export function State({ name, prefix }: { name: string; prefix: string }) {
  return <span className={`state tone-${kTones[bare(name, prefix)] ?? "quiet"}`}>{word(name, prefix)}</span>;
}

export function SideWord({ side }: { side: string }) {
  const buy = side === "SIDE_BUY";
  return <span className={buy ? "up" : "down"}>{buy ? "BUY" : "SELL"}</span>;
}

/** Signed money, coloured, with the exact value on hover. */
export const Pnl = memo(function Pnl({ value, ratio }: { value: string | null | undefined; ratio?: string | number | null }) {
  const direction = decimal.sign(value);
  const tone = direction > 0 ? "up" : direction < 0 ? "down" : "flat";
  const share = ratio === null || ratio === undefined ? null : typeof ratio === "number" ? percent(ratio) : decimal.formatRatio(ratio, 2, true);
  return (
    <span className={`number ${tone}`} title={value ?? ""}>
      {decimal.formatMoney(value, true)}
      {share !== null && <small> {share}</small>}
    </span>
  );
});

/** A display-only double as signed per cent. */
export function percent(ratio: number, plus = true): string {
  const shown = (Math.abs(ratio) * 100).toFixed(2);
  return `${ratio < 0 && shown !== "0.00" ? "\u2212" : plus && ratio > 0 ? "+" : ""}${shown}%`;
}

export const Price = memo(function Price({ value, symbol }: { value: string | null | undefined; symbol?: string }) {
  const tick = useStore((s) => (symbol ? s.model.instruments[symbol]?.tick_size : undefined));
  if (!value || decimal.isZero(value)) return <span className="number flat">–</span>;
  return (
    <span className="number" title={value}>
      {formatPrice(value, tick)}
    </span>
  );
});

/** Never fewer digits than the tick has; a computed average is cut to two more than that. */
export function formatPrice(value: string | null | undefined, tick: string | undefined): string {
  const places = tick ? decimal.placesOf(tick) : 2;
  const rounded = tick ? decimal.round(value, places + 2) : (value ?? "");
  return decimal.format(decimal.isZero(rounded) ? value : rounded, { minimumPlaces: places });
}

/** "after / limit" of a risk check, in the check's own unit. */
export function showCheck(check: RiskCheck): string {
  const show = (text: string) => (decimal.parse(text) === null ? text : decimal.format(text));
  return `${show(check.after || check.used) || "–"}${check.limit ? ` / ${show(check.limit)}` : ""}`;
}

export function Quantity({ value }: { value: string | null | undefined }) {
  return <span className="number">{decimal.format(value)}</span>;
}

/** A replayed market is in another year: its times say which. */
export function Moment({ at }: { at: string | null | undefined }) {
  const replay = useReplay();
  return (
    <time className="number" dateTime={at ?? ""} title={utc(at)}>
      {moment(at, replay)}
    </time>
  );
}

export function useNow(everyMs = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago. A replayed market has its own clock: times of the market are measured against that. */
export function Age({ since, market = false }: { since: string | null | undefined; market?: boolean }) {
  const now = useNow();
  const replay = useStore((s) => (market && s.model.status?.market_source === "replay" ? millis(s.model.status.market_time) : null));
  const start = millis(since);
  return (
    <span className="number" title={utc(since)}>
      {start === null ? "–" : duration((replay ?? now) - start)}
    </span>
  );
}

export function Meter({ label, ratio, text, tone }: { label: string; ratio: number; text?: string; tone?: "auto" | "quiet" }) {
  const bounded = Math.max(0, Math.min(1, Number.isFinite(ratio) ? ratio : 0));
  const level = tone === "quiet" ? "" : ratio >= 1 ? "meter-bad meter-over" : ratio >= 0.9 ? "meter-bad" : ratio >= 0.7 ? "meter-warn" : "";
  return (
    <div className={`meter ${level}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(bounded * 100)} aria-valuetext={text ?? `${Math.round(ratio * 100)} per cent`}>
      <div className="meter-fill" style={{ width: `${bounded * 100}%` }} />
    </div>
  );
}

/** Counts itself among the stale panels of the screen while it is one. */
function useStaleCount(stale: boolean): void {
  useEffect(() => {
    if (!stale) return;
    useStore.setState((s) => ({ stalePanels: s.stalePanels + 1 }));
    return () => useStore.setState((s) => ({ stalePanels: s.stalePanels - 1 }));
  }, [stale]);
}

export function Panel({ title, meta, actions, children, live = true, old = "", className = "" }: {
  title: ReactNode;
  meta?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Fed by the stream: greys when the stream is older than 3 s. */
  live?: boolean;
  /** Why its own source is too old, in words with the age: greys it although the stream is alive. */
  old?: string;
  className?: string;
}) {
  const silent = useStore((s) => s.stale) && live;
  const stale = silent || old !== "";
  const id = useId();
  useStaleCount(stale);
  return (
    <section className={`panel ${stale ? "is-stale" : ""} ${className}`} aria-labelledby={id}>
      <header className="panel-head">
        <h2 id={id}>{title}</h2>
        {meta !== undefined && <span className="panel-meta">{meta}</span>}
        {stale && <span className="stale-tag">{old || "stale"}</span>}
        {actions !== undefined && <div className="panel-actions">{actions}</div>}
      </header>
      <div className="panel-body">{children}</div>
    </section>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children !== undefined && <div className="empty-text">{children}</div>}
    </div>
  );
}

export function Failure({ error, retry }: { error: unknown; retry?: () => void }) {
  const { message, reason } = explain(error);
  return (
    <div className="refusal" role="alert">
      <p>{message}</p>
      {reason && <code>{reason}</code>}
      {retry && (
        <button type="button" className="button small" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

export function Stat({ label, children, hint }: { label: string; children: ReactNode; hint?: string }) {
  return (
    <div className="stat" title={hint}>
      <span className="stat-label">{label}</span>
      <span className="stat-value">{children}</span>
    </div>
  );
}

export function Field({ label, hint, error, children }: { label: string; hint?: ReactNode; error?: string | undefined; children: (id: string, describedBy: string | undefined) => ReactNode }) {
  const id = useId();
  const note = `${id}-note`;
  return (
    <div className={`field ${error ? "has-error" : ""}`}>
      <label htmlFor={id}>{label}</label>
      {children(id, error || hint ? note : undefined)}
      {(error || hint) && (
        <p id={note} className={error ? "field-error" : "field-hint"}>
          {error || hint}
        </p>
      )}
    </div>
  );
}

/** Native dialog: focus is kept inside, Escape closes, the page behind is inert. */
export function Dialog({ title, onClose, children, tone = "", wide = false, drawer = false }: { title: string; onClose: () => void; children: ReactNode; tone?: "" | "danger"; wide?: boolean; /** At the right edge, over its whole height. */ drawer?: boolean }) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      className={`dialog ${tone} ${wide ? "wide" : ""} ${drawer ? "drawer" : ""}`}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === ref.current) onClose();
      }}
    >
      <div className="dialog-inner">
        <div className="dialog-head">
          <h2 id={id}>{title}</h2>
          <button type="button" className="icon-button" aria-label="Close dialog" onClick={onClose}>
            ✕
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}

/** Runs one action at a time: a second click while it runs does nothing. The error stays visible until the next try. */
export function useAction(): { busy: boolean; error: unknown; run: (action: () => Promise<void>) => void; reset: () => void } {
  const running = useRef(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = (action: () => Promise<void>) => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    action()
      .catch((problem: unknown) => setError(problem))
      .finally(() => {
        running.current = false;
        setBusy(false);
      });
  };
  return { busy, error, run, reset: () => setError(null) };
}

/** Reads once, and again whenever a dependency changes. */
export function useFetched<T>(read: () => Promise<T>, dependencies: readonly unknown[], everyMs = 0): { data: T | null; error: unknown; reload: () => void } {
  const [state, setState] = useState<{ data: T | null; error: unknown }>({ data: null, error: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    const load = () => {
      read().then(
        (data) => current && setState({ data, error: null }),
        (error: unknown) => current && setState((s) => ({ ...s, error })),
      );
    };
    load();
    const timer = everyMs > 0 ? setInterval(load, everyMs) : undefined;
    return () => {
      current = false;
      clearInterval(timer);
    };
    // `read` is a new function on every render; the caller names what it depends on.
  }, [...dependencies, round]);
  return { ...state, reload: () => setRound((n) => n + 1) };
}
