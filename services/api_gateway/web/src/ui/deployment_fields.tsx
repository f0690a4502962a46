import { useState } from "react";
import type { Strategy } from "../api/types";
import { draftProblems, kDays, kNoLimit, kSizings, kTimeframes, kUsualLimits, kVoters, uses, type DeploymentDraft } from "../lib/deployment_draft";
import * as decimal from "../lib/decimal";
import { strategyLabel } from "../lib/external";
import { sentence, word } from "../lib/words";
import { Field } from "./parts";

type Change = (part: Partial<DeploymentDraft>) => void;
type TextField = { [K in keyof DeploymentDraft]: DeploymentDraft[K] extends string ? K : never }[keyof DeploymentDraft];

/** What is deployed, for the deploy dialog and for a backtest: strategy, symbols, parameters, sizes, and all else folded away. */
export function DeploymentFields({ draft, onChange, strategies, symbols, equity, fixedFrame = "", withoutAccount = false }: {
  draft: DeploymentDraft;
  onChange: Change;
  strategies: readonly Strategy[];
  /** What can be traded. */
  symbols: readonly string[];
  /** For the amounts beside the per cents. */
  equity?: string | undefined;
  /** The data says how long its bars are. */
  fixedFrame?: string;
  withoutAccount?: boolean;
}) {
  const strategy = strategies.find((s) => s.strategy_id === draft.strategyId) ?? strategies[0];
  const problems = draftProblems(draft);
  const perPosition = equity && !problems.size ? decimal.multiply(equity, decimal.ratioFromPercent(draft.size)) : null;
  const amount = (percent: string) => decimal.formatMoney(decimal.multiply(perPosition, decimal.ratioFromPercent(percent)));
  const text = (field: TextField, label: string, hint?: string, mode: "decimal" | "numeric" | "text" = "decimal") => (
    <Field label={label} error={problems[field]} hint={hint}>
      {(id, note) => <input id={id} aria-describedby={note} inputMode={mode} autoComplete="off" value={draft[field]} onChange={(e) => onChange({ [field]: e.target.value.trim() })} />}
    </Field>
  );
  return (
    <>
      <Field label="Strategy" hint={strategy?.description}>
        {(id, note) => (
          <select id={id} aria-describedby={note} value={strategy?.strategy_id ?? ""} onChange={(e) => onChange({ strategyId: e.target.value, parameters: {} })}>
            {strategies.map((s) => <option key={s.strategy_id} value={s.strategy_id}>{strategyLabel(s)}</option>)}
          </select>
        )}
      </Field>
      <div className="form-grid">
        {!withoutAccount && <Field label="Name">{(id) => <input id={id} value={draft.name} maxLength={60} placeholder={strategy?.display_name} onChange={(e) => onChange({ name: e.target.value })} />}</Field>}
        <Field label="Timeframe" hint={fixedFrame ? "The data's own bars" : undefined}>
          {(id, note) => (
            <select id={id} aria-describedby={note} disabled={fixedFrame !== ""} value={fixedFrame || draft.timeframe} onChange={(e) => onChange({ timeframe: e.target.value })}>
              {(kTimeframes as readonly string[]).includes(fixedFrame || "1m") ? null : <option>{fixedFrame}</option>}
              {kTimeframes.map((t) => <option key={t}>{t}</option>)}
            </select>
          )}
        </Field>
      </div>
      <fieldset className="chips">
        <legend>Symbols</legend>
        {symbols.length === 0 && <span className="muted">No market has any yet.</span>}
        {symbols.map((symbol) => (
          <label key={symbol} className={`chip ${draft.symbols.includes(symbol) ? "on" : ""}`}>
            <input type="checkbox" checked={draft.symbols.includes(symbol)} onChange={(e) => onChange({ symbols: e.target.checked ? [...draft.symbols, symbol] : draft.symbols.filter((s) => s !== symbol) })} />
            {symbol}
          </label>
        ))}
      </fieldset>
      {strategy && strategy.parameters.length > 0 && (
        <div className="form-grid">
          {strategy.parameters.map((p) => (
            <Field key={p.name} label={sentence(p.name)} hint={`${p.description}${p.minimum || p.maximum ? ` (${p.minimum}–${p.maximum})` : ""}`}>
              {(id, note) => <input id={id} aria-describedby={note} inputMode="decimal" value={draft.parameters[p.name] ?? p.default_value} onChange={(e) => onChange({ parameters: { ...draft.parameters, [p.name]: e.target.value.trim() } })} />}
            </Field>
          ))}
        </div>
      )}
      <div className="form-grid four">
        {text("size", "Position size %", perPosition ? `${decimal.formatMoney(perPosition)} now` : undefined)}
        {text("stop", "Stop loss %", perPosition && draft.stop && !problems.stop ? `lose ${amount(draft.stop)}` : "empty: none")}
        {text("target", "Take profit %", perPosition && draft.target && !problems.target ? `win ${amount(draft.target)}` : "empty: none")}
        {text("maximum", "Max positions", undefined, "numeric")}
      </div>
      <div className="form-grid">
        <LimitField draft={draft} field="dailyLoss" label="Daily loss limit %" then="then no entries to the next day" problem={problems.dailyLoss} onChange={onChange} />
        <LimitField draft={draft} field="drawdown" label="Drawdown limit %" then="then no entries until a person says so" problem={problems.drawdown} onChange={onChange} />
      </div>
      <Field label="Sides">
        {(id) => (
          <select id={id} value={draft.sides} onChange={(e) => onChange({ sides: e.target.value })}>
            <option value="LONG_ONLY">Long only</option>
            <option value="BOTH">Long and short</option>
            <option value="SHORT_ONLY">Short only</option>
          </select>
        )}
      </Field>
      <More draft={draft} onChange={onChange} text={text} problems={problems} />
    </>
  );
}

/** Emptied, it is the usual limit; that there is none has to be said. */
function LimitField({ draft, field, label, then, problem, onChange }: { draft: DeploymentDraft; field: keyof typeof kUsualLimits; label: string; then: string; problem: string | undefined; onChange: Change }) {
  const off = draft[field] === kNoLimit;
  const usual = kUsualLimits[field];
  return (
    <div className="limit-field">
      <Field label={label} error={problem} hint={off ? "no limit of its own; the account's still hold" : draft[field] === "" ? `empty: the default, ${usual} %; ${then}` : then}>
        {(id, note) => <input id={id} aria-describedby={note} inputMode="decimal" autoComplete="off" disabled={off} placeholder={off ? "off" : `default ${usual}`} value={off ? "" : draft[field]} onChange={(e) => onChange({ [field]: e.target.value.trim() })} />}
      </Field>
      <label className="check"><input type="checkbox" checked={off} onChange={(e) => onChange({ [field]: e.target.checked ? kNoLimit : usual })} /> Off<span className="visually-hidden">: no {label.toLowerCase().replace(" %", "")}</span></label>
    </div>
  );
}

function More({ draft, onChange, text, problems }: { draft: DeploymentDraft; onChange: Change; text: (field: TextField, label: string, hint?: string, mode?: "decimal" | "numeric" | "text") => React.ReactNode; problems: ReturnType<typeof draftProblems> }) {
  // Open from the start where something in it is set.
  const [open] = useState(draft.sizing !== "" || draft.days.length > 0 || draft.start !== "" || draft.confirmFrame !== "" || draft.trailing !== "" || draft.capital !== "");
  const toggled = (list: readonly string[], one: string, on: boolean) => (on ? [...list, one] : list.filter((each) => each !== one));
  const volatile = uses(draft, "VOLATILITY_TARGET") || uses(draft, "RISK_PARITY");
  return (
    <details className="more-settings" open={open || undefined}>
      <summary>Sizing, schedule, confirmation…</summary>
      <div className="stack">
        <Field label="Sizing" error={problems.sizing} hint={draft.sizing === "" ? "Position size % of the capital" : undefined}>
          {(id, note) => (
            <select id={id} aria-describedby={note} value={draft.sizing} onChange={(e) => onChange({ sizing: e.target.value })}>
              {kSizings.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
            </select>
          )}
        </Field>
        {draft.sizing === "CONSENSUS" && (
          <>
            <fieldset className="chips">
              <legend>Methods that are asked (none: all)</legend>
              {kVoters.map((name) => (
                <label key={name} className={`chip ${draft.members.includes(name) ? "on" : ""}`}>
                  <input type="checkbox" checked={draft.members.includes(name)} onChange={(e) => onChange({ members: toggled(draft.members, name, e.target.checked) })} />
                  {word(name, "")}
                </label>
              ))}
            </fieldset>
            <Field label="Of what they say">
              {(id) => (
                <select id={id} value={draft.consensus} onChange={(e) => onChange({ consensus: e.target.value })}>
                  <option value="MEDIAN">the median</option>
                  <option value="MINIMUM">the least</option>
                  <option value="WEIGHTED">weighted by their record</option>
                </select>
              )}
            </Field>
          </>
        )}
        <div className="form-grid four">
          {uses(draft, "RISK_PER_TRADE") && text("riskPercent", "Risk per trade %", "lost at the stop, fees included")}
          {uses(draft, "KELLY") && text("kellyFraction", "Part of Kelly", "0.25: a quarter")}
          {uses(draft, "KELLY") && text("kellyCapPercent", "Kelly at most %")}
          {uses(draft, "KELLY") && text("kellyMinimum", "Own trades before Kelly", "fixed fraction until then", "numeric")}
          {uses(draft, "KELLY") && text("kellyPrior", "Trades of shrinkage", "without profit, beside its own", "numeric")}
          {volatile && text("volatilityPercent", "Volatility target %", "of the capital, a bar")}
          {volatile && (
            <Field label="Volatility by">
              {(id) => <select id={id} value={draft.volatilityMeasure} onChange={(e) => onChange({ volatilityMeasure: e.target.value })}><option value="EWMA">EWMA of returns</option><option value="ATR">average true range</option></select>}
            </Field>
          )}
          {volatile && (draft.volatilityMeasure === "ATR" ? text("volatilityPeriods", "Bars of the range", undefined, "numeric") : text("volatilityDecay", "Decay"))}
          {text("trailing", "Trailing stop %", "empty: none")}
          {text("capital", "Capital %", "of the account; empty: all, shared")}
        </div>
        <fieldset className="chips">
          <legend>Enters on (none: every day)</legend>
          {kDays.map((day) => (
            <label key={day} className={`chip ${draft.days.includes(day) ? "on" : ""}`}>
              <input type="checkbox" checked={draft.days.includes(day)} onChange={(e) => onChange({ days: kDays.filter((d) => toggled(draft.days, day, e.target.checked).includes(d)) })} />
              {day}
            </label>
          ))}
        </fieldset>
        <div className="form-grid four">
          {text("start", "From (hh:mm)", "empty: the whole day", "text")}
          {text("end", "To (hh:mm)", undefined, "text")}
          <Field label="Of which clock">
            {(id) => <select id={id} value={draft.zone} onChange={(e) => onChange({ zone: e.target.value })}><option value="INSTRUMENT">the exchange's</option><option value="America/New_York">New York</option><option value="UTC">UTC</option></select>}
          </Field>
          {text("closeBefore", "Close before the end, min", "0: it is not", "numeric")}
          <Field label="Confirmed by" error={problems.confirmFrame}>
            {(id, note) => (
              <select id={id} aria-describedby={note} value={draft.confirmFrame} onChange={(e) => onChange({ confirmFrame: e.target.value })}>
                <option value="">no other timeframe</option>
                {kTimeframes.slice(1).map((t) => <option key={t}>{t}</option>)}
              </select>
            )}
          </Field>
          {draft.confirmFrame !== "" && text("confirmPeriods", "EMA of so many bars", undefined, "numeric")}
        </div>
        <label className="check"><input type="checkbox" checked={draft.waitForOpen} onChange={(e) => onChange({ waitForOpen: e.target.checked })} /> A signal while the market is closed is entered when it opens</label>
      </div>
    </details>
  );
}
