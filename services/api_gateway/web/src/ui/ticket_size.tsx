import { useEffect, useState } from "react";
import { post } from "../api/client";
import * as decimal from "../lib/decimal";
import { kFreshSize, sizeBody, sizeNote, sizeProblem, type SizeBy, type SizingPreview } from "../lib/sizing";
import { sentence } from "../lib/words";
import { Failure, Field } from "./parts";

const kWays: [SizeBy, string][] = [["RISK", "by risk at the stop"], ["MONEY", "for an amount"], ["METHODS", "by each method"]];

/** Works out a quantity; it changes nothing until one is chosen. */
export function SizeHelper({ accountId, symbol, side, price, stop, onPick }: { accountId: string; symbol: string; side: "BUY" | "SELL"; price: string; stop: string; onPick: (quantity: string) => void }) {
  const [draft, setDraft] = useState(kFreshSize);
  const [answer, setAnswer] = useState<SizingPreview | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  // The stop of the ticket is the stop that is meant, until another is typed.
  const asked = { ...draft, stop: draft.stop || stop };
  const problem = sizeProblem(asked);
  // What was worked out is for this entry only.
  useEffect(() => setAnswer(null), [accountId, symbol, side, price, stop]);
  const change = (part: Partial<typeof draft>) => {
    setAnswer(null);
    setError(null);
    setDraft((d) => ({ ...d, ...part }));
  };
  const ask = () => {
    if (problem || busy) return;
    setBusy(true);
    setError(null);
    post<SizingPreview>("/api/live/sizing/preview", sizeBody(asked, { accountId, symbol, side, price }))
      .then(setAnswer)
      .catch(setError)
      .finally(() => setBusy(false));
  };
  return (
    <details className="exits size-helper">
      <summary>Size…</summary>
      <div className="field-pair">
        <Field label="Worked out">
          {(id) => (
            <select id={id} name="size_by" value={draft.by} onChange={(event) => change({ by: event.target.value as SizeBy })}>
              {kWays.map(([by, words]) => <option key={by} value={by}>{words}</option>)}
            </select>
          )}
        </Field>
        {draft.by === "RISK" && (
          <Field label="Risk, per cent of equity">
            {(id) => <input id={id} name="size_risk" inputMode="decimal" autoComplete="off" value={draft.riskPercent} onChange={(event) => change({ riskPercent: event.target.value.trim() })} />}
          </Field>
        )}
        {draft.by === "MONEY" && (
          <Field label="Money">
            {(id) => <input id={id} name="size_money" inputMode="decimal" autoComplete="off" value={draft.money} onChange={(event) => change({ money: event.target.value.trim() })} />}
          </Field>
        )}
      </div>
      {draft.by !== "MONEY" && (
        <Field label="Stop for sizing" hint={stop ? "Empty: the ticket's stop" : "Only measured to; it is not placed"}>
          {(id, note) => <input id={id} name="size_stop" inputMode="decimal" autoComplete="off" placeholder={stop} value={draft.stop} aria-describedby={note} onChange={(event) => change({ stop: event.target.value.trim() })} />}
        </Field>
      )}
      <button type="button" className="button small" data-action="size" disabled={!!problem || busy || symbol === "" || accountId === ""} title={problem} onClick={ask}>
        {busy ? "Working it out…" : "Work it out"}
      </button>
      {error !== null && <Failure error={error} />}
      {answer && (
        <ul className="checks" aria-label="Sizes">
          {answer.results.map((result) => (
            <li key={result.name}>
              <span>
                {sentence(result.name)}
                {sizeNote(result) && <small className="muted"> · {sizeNote(result)}</small>}
              </span>
              {decimal.sign(result.quantity) > 0 && (
                <button type="button" className="button small number" data-size={result.name} title={`${decimal.formatMoney(result.notional)} ${answer.currency}${result.loss_at_stop ? `, ${decimal.formatMoney(result.loss_at_stop)} at risk` : ""}`} onClick={() => onPick(decimal.normalise(result.quantity))}>
                  {decimal.format(result.quantity)}
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
