import type { Exits, Trail } from "../lib/exits";
import { Field } from "./parts";

/** How a trailing stop follows the market. */
export function TrailFields({ type, trail, problem, change }: { type: string; trail: Trail; problem?: string | undefined; change: (part: Partial<Trail>) => void }) {
  return (
    <>
      <div className="field-pair">
        <Field label="Trails by" error={problem}>
          {(id, note) => <input id={id} name="trail_offset" inputMode="decimal" autoComplete="off" value={trail.offset} aria-describedby={note} aria-invalid={!!problem} onChange={(event) => change({ offset: event.target.value.trim() })} />}
        </Field>
        <Field label="Counted in">
          {(id) => (
            <select id={id} name="trail_unit" value={trail.unit} onChange={(event) => change({ unit: event.target.value as Trail["unit"] })}>
              <option value="PERCENT">per cent</option>
              <option value="PRICE">money</option>
              <option value="TICKS">ticks</option>
            </select>
          )}
        </Field>
      </div>
      <div className="field-pair">
        <Field label="Follows from price" hint="Empty: at once">
          {(id, note) => <input id={id} name="trail_activation" inputMode="decimal" autoComplete="off" value={trail.activation} aria-describedby={note} onChange={(event) => change({ activation: event.target.value.trim() })} />}
        </Field>
        {type === "TRAILING_STOP_LIMIT" && (
          <Field label="Limit behind the stop">
            {(id) => <input id={id} name="trail_limit_offset" inputMode="decimal" autoComplete="off" value={trail.limitOffset} onChange={(event) => change({ limitOffset: event.target.value.trim() })} />}
          </Field>
        )}
      </div>
    </>
  );
}

/** Exits that are placed with the order and take out what it fills: with one of them it is a bracket. */
export function ExitFields({ exits, problem, change }: { exits: Exits; problem?: string | undefined; change: (part: Partial<Exits>) => void }) {
  const input = (name: keyof Exits, label: string, hint: string) => (
    <Field label={label} hint={hint}>
      {(id, note) => <input id={id} name={`exit_${name}`} inputMode="decimal" autoComplete="off" value={exits[name]} aria-describedby={note} aria-invalid={!!problem && exits[name] !== ""} onChange={(event) => change({ [name]: event.target.value.trim() })} />}
    </Field>
  );
  return (
    <details className="exits" open={exits.target !== "" || exits.stop !== "" || exits.trailPercent !== "" || undefined}>
      <summary>Exits with the order</summary>
      <div className="field-pair">
        {input("target", "Target price", "A limit order")}
        {input("stop", "Stop loss price", "A stop order")}
      </div>
      {input("trailPercent", "Or a stop that trails by, per cent", "In place of the fixed stop")}
      {problem && <p className="field-error" role="alert">{problem}</p>}
    </details>
  );
}
