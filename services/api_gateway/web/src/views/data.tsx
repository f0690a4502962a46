import { useState, type FormEvent } from "react";
import "../backtests.css";
import { call, get, post } from "../api/client";
import { instrumentBody, instrumentProblem, isGzip, kContentMax, kNoInstrument, toBase64, verdict, type DataGap, type DataSet, type ImportAnswer, type OwnInstrument } from "../lib/own_data";
import { notify } from "../state/store";
import { Dialog, Empty, Failure, Field, Moment, Panel, useAction, useFetched } from "../ui/parts";
import { Table, type Column } from "../ui/table";

const way = (set: DataSet) => `/api/live/data-sets/${encodeURIComponent(set.name)}`;

/** Gzipped, so that years of days and weeks of minutes fit one request. */
async function packed(file: File): Promise<string> {
  let bytes = new Uint8Array(await file.arrayBuffer());
  if (!isGzip(bytes)) {
    const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
    bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  }
  const text = toBase64(bytes);
  if (text.length > kContentMax) throw new Error(`${file.name} is too large for the page; ./scripts/data import takes files of any size.`);
  return text;
}

function Verdict({ answer, dryRun }: { answer: ImportAnswer; dryRun: boolean }) {
  const problems = answer.problems ?? [];
  return (
    <div className={answer.acceptable ? "confirmation" : "refusal"} role={answer.acceptable ? "status" : "alert"}>
      <p>{verdict(answer, dryRun)}</p>
      {answer.data_set?.format && <p className="muted">Read as {answer.data_set.format}.</p>}
      {(answer.notes ?? []).map((note) => <p className="muted" key={note}>{note}</p>)}
      {problems.length > 0 && (
        <ul className="problem-list">
          {problems.slice(0, 50).map((p, i) => (
            <li key={i}>{Number(p.line) > 0 && `line ${p.line}: `}{p.kind}: {p.detail}{p.repair && ` (${p.repair})`}</li>
          ))}
          {Number(answer.problem_count) > 50 && <li>and {Number(answer.problem_count) - 50} more</li>}
        </ul>
      )}
    </div>
  );
}

function Upload({ onStored }: { onStored: () => void }) {
  const [file, setFile] = useState<File | null>(null);
  const [own, setOwn] = useState<OwnInstrument>(kNoInstrument);
  const [name, setName] = useState("");
  const [timezone, setTimezone] = useState("");
  const [repair, setRepair] = useState(false);
  const [gaps, setGaps] = useState(false);
  const [answer, setAnswer] = useState<{ answer: ImportAnswer; dryRun: boolean } | null>(null);
  const { busy, error, run, reset } = useAction();
  // What was said was of another file or other settings.
  const changed = <T,>(set: (value: T) => void) => (value: T) => {
    setAnswer(null);
    reset();
    set(value);
  };
  const problem = instrumentProblem(own);
  const send = (dryRun: boolean) =>
    run(async () => {
      if (!file) return;
      setAnswer(null);
      const body = { name, ...instrumentBody(own), timezone, repair, allow_gaps: gaps, dry_run: dryRun, file_name: file.name, content_base64: await packed(file) };
      const told = await post<ImportAnswer>("/api/live/data-sets", body);
      setAnswer({ answer: told, dryRun });
      if (told.stored) onStored();
    });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send(false);
  };
  const instrument = (part: Partial<OwnInstrument>) => changed(setOwn)({ ...own, ...part });
  return (
    <form onSubmit={submit} className="stack">
      <div className="drop" onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); changed(setFile)(e.dataTransfer.files[0] ?? null); }}>
        <Field label="File" hint={file ? `${file.name}, ${Math.max(1, Math.round(file.size / 1024))} KiB` : "CSV of any usual shape (Yahoo, Binance, Alpaca, Stooq, your own), plain or gzipped; one symbol. Or drop it here."}>
          {(id, note) => <input id={id} type="file" accept=".csv,.gz,.txt,text/csv" aria-describedby={note} onChange={(e) => changed(setFile)(e.target.files?.[0] ?? null)} />}
        </Field>
      </div>
      <div className="form-grid four">
        <Field label="Symbol" hint="Empty where the file says it" error={problem}>
          {(id, note) => <input id={id} value={own.symbol} autoComplete="off" aria-describedby={note} onChange={(e) => instrument({ symbol: e.target.value.trim() })} />}
        </Field>
        <Field label="It is" hint="What fees and hours follow from">
          {(id, note) => (
            <select id={id} value={own.assetClass} aria-describedby={note} onChange={(e) => instrument({ assetClass: e.target.value })}>
              <option value="">known to the market</option>
              <option value="EQUITY">a share or fund (US hours)</option>
              <option value="CRYPTO">crypto (always open)</option>
            </select>
          )}
        </Field>
        {own.assetClass !== "" && (
          <>
            <Field label="Tick" hint="Empty: as prices are written">{(id, note) => <input id={id} value={own.tick} inputMode="decimal" autoComplete="off" aria-describedby={note} onChange={(e) => instrument({ tick: e.target.value.trim() })} />}</Field>
            <Field label="Lot" hint="The least quantity">{(id, note) => <input id={id} value={own.lot} inputMode="decimal" autoComplete="off" aria-describedby={note} onChange={(e) => instrument({ lot: e.target.value.trim() })} />}</Field>
          </>
        )}
        <Field label="Name" hint="Empty: symbol and bar length">
          {(id, note) => <input id={id} value={name} autoComplete="off" aria-describedby={note} onChange={(e) => changed(setName)(e.target.value)} />}
        </Field>
        <Field label="Time zone" hint="Of times that say none">
          {(id, note) => (
            <select id={id} value={timezone} aria-describedby={note} onChange={(e) => changed(setTimezone)(e.target.value)}>
              <option value="">UTC</option>
              <option value="America/New_York">New York</option>
            </select>
          )}
        </Field>
      </div>
      <label className="check"><input type="checkbox" checked={gaps} onChange={(e) => changed(setGaps)(e.target.checked)} /> Take gaps as they are (they stay, and are listed)</label>
      <label className="check"><input type="checkbox" checked={repair} onChange={(e) => changed(setRepair)(e.target.checked)} /> Repair: leave out what is wrong, sort, and say so; no price is ever made up</label>
      {error !== null && <Failure error={error} />}
      {answer && <Verdict answer={answer.answer} dryRun={answer.dryRun} />}
      <div className="row">
        <button type="button" className="button" disabled={busy || !file || !!problem} onClick={() => send(true)}>Check only</button>
        <button type="submit" className="button primary" disabled={busy || !file || !!problem}>{busy ? "Reading…" : "Import"}</button>
      </div>
    </form>
  );
}

function Gaps({ set, onClose }: { set: DataSet; onClose: () => void }) {
  const { data, error } = useFetched(() => get<{ gaps?: DataGap[]; gap_count?: string }>(`${way(set)}/gaps?version=${set.version}&limit=1000`), [set.name, set.version]);
  const gaps = data?.gaps ?? [];
  return (
    <Dialog title={`Gaps of ${set.name}@${set.version}`} onClose={onClose}>
      {error !== null && <Failure error={error} />}
      {data && gaps.length === 0 && <Empty title="Nothing is missing" />}
      <ul className="problem-list">
        {gaps.map((gap) => (
          <li key={gap.first_missing}><Moment at={gap.first_missing} /> to <Moment at={gap.last_missing} /> · {gap.missing_bars} bar{gap.missing_bars === "1" ? "" : "s"}</li>
        ))}
      </ul>
      {Number(data?.gap_count ?? 0) > gaps.length && <p className="muted">The first {gaps.length} of {data?.gap_count}.</p>}
    </Dialog>
  );
}

function Actions({ set, onGaps, onDeleted }: { set: DataSet; onGaps: () => void; onDeleted: () => void }) {
  const [sure, setSure] = useState(false);
  const { busy, error, run } = useAction();
  const remove = () =>
    run(async () => {
      await call("DELETE", `${way(set)}/${set.version}`);
      notify("done", `${set.name}@${set.version} is deleted`);
      onDeleted();
    });
  return (
    <div className="row">
      <a className="button small primary" href={`#/backtests?new=${encodeURIComponent(`${set.name}@${set.version}`)}`}>Backtest…<span className="visually-hidden"> {set.name}</span></a>
      <button type="button" className="button small" disabled={set.gaps === "0"} onClick={onGaps}>Gaps<span className="visually-hidden"> of {set.name}</span></button>
      <a className="button small" href={`${way(set)}/csv?version=${set.version}`} download>CSV<span className="visually-hidden"> of {set.name}</span></a>
      {sure
        ? <button type="button" className="button small danger" disabled={busy || set.in_use} onClick={remove}>Delete {set.name}@{set.version}</button>
        : <button type="button" className="button small" disabled={set.in_use} onClick={() => setSure(true)}>Delete…</button>}
      {error !== null && <Failure error={error} />}
    </div>
  );
}

export function DataView() {
  const [shown, setShown] = useState<DataSet | null>(null);
  const { data, error, reload } = useFetched(() => get<{ data_sets?: DataSet[]; next_page_token?: string }>("/api/live/data-sets?page_size=500"), [], 10_000);
  const columns: readonly Column<DataSet>[] = [
    { key: "name", label: "Name", cell: (s) => <><strong>{s.name}</strong>@{s.version}{s.in_use && <span className="muted"> · in use</span>}</> },
    { key: "what", label: "Bars", cell: (s) => <>{s.symbol} · {s.timeframe}{s.has_quotes && " · bid and ask"}</> },
    { key: "rows", label: "Rows", end: true, wideOnly: true, cell: (s) => <span className="number">{s.rows}</span> },
    { key: "from", label: "From", wideOnly: true, cell: (s) => <span className="number">{(s.first_start ?? "").slice(0, 16).replace("T", " ")}</span> },
    { key: "to", label: "To", wideOnly: true, cell: (s) => <span className="number">{(s.last_start ?? "").slice(0, 16).replace("T", " ")}</span> },
    { key: "gaps", label: "Gaps", end: true, cell: (s) => <span className="number">{s.gaps}</span> },
    { key: "source", label: "Source", wideOnly: true, cell: (s) => <span title={`${s.format}; SHA-256 ${s.source_sha256}`}>{s.file_name} · {s.actor}</span> },
    { key: "actions", label: "Actions", hiddenLabel: true, end: true, cell: (s) => <Actions set={s} onGaps={() => setShown(s)} onDeleted={reload} /> },
  ];
  return (
    <>
      <div className="view-head"><h1>Data</h1><span className="muted">your own bars, kept in versions that never change</span></div>
      <Panel title="Your data" live={false}>
        {error !== null && <Failure error={error} retry={reload} />}
        {data && (
          <Table label="Data sets" columns={columns} rows={data.data_sets ?? []} rowKey={(s) => `${s.name}@${s.version}`}
            empty={<Empty title="No data of yours yet">Import a file of bars below; then a backtest plays it, here or by <code>./scripts/backtest run --data-set NAME</code>.</Empty>} />
        )}
        {data?.next_page_token && <p className="muted">The first 500; ./scripts/data list shows all.</p>}
      </Panel>
      <Panel title="Import" live={false}><Upload onStored={reload} /></Panel>
      {shown && <Gaps set={shown} onClose={() => setShown(null)} />}
    </>
  );
}
