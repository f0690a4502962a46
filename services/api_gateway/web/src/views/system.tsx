import { get } from "../api/client";
import { sentence } from "../lib/words";
import { useModel, useStore } from "../state/store";
import { Age, Empty, Failure, ModeBadge, Moment, Panel, Stat, useFetched } from "../ui/parts";

interface Broker {
  broker_id: string;
  display_name: string;
  mode: string;
  state: string;
  detail: string;
  capabilities?: { name: string; supported: boolean }[];
  last_message_time?: string | null;
  open_orders: number;
}
interface Market {
  source: string;
  market_time?: string | null;
  step: string | number;
  speed: string;
  seed: string | number;
  running: boolean;
  end_of_data: boolean;
  any_session_open: boolean;
  progress: number;
}

export function SystemView() {
  const status = useModel((m) => m.status);
  const sequence = useModel((m) => m.sequence);
  const gaps = useModel((m) => m.gaps);
  const connection = useStore((s) => s.connection);
  const brokers = useFetched(() => get<{ brokers?: Broker[] }>("/api/live/brokers"), [], 5000);
  const market = useFetched(() => get<Market>("/api/live/market"), [], 2000);
  const services = status?.services ?? [];
  return (
    <>
      <h1 className="visually-hidden">System</h1>
      <div className="stat-row">
        <Stat label="Version"><span className="number">{status?.version ?? "–"}</span></Stat>
        <Stat label="Up"><Age since={status?.start_time} /></Stat>
        <Stat label="Services">{services.filter((s) => s.state === "serving").length} of {services.length} serving</Stat>
        <Stat label="Signals"><span className="number">{String(status?.signals ?? "–")}</span></Stat>
        <Stat label="Orders"><span className="number">{String(status?.orders ?? "–")}</span></Stat>
        <Stat label="Stream"><span className="number">{connection} · {sequence} · gaps {gaps}</span></Stat>
      </div>
      <Panel title="Services">
        <ul className="tiles">
          {services.map((s) => {
            const tone = s.state === "serving" ? "good" : s.state === "not_serving" ? "warn" : "bad";
            return (
              <li key={s.name} className="tile">
                <span className={`state tone-${tone}`}>{sentence(s.state)}</span>
                <strong>{sentence(s.name)}</strong>
                <span className="muted">{s.address}</span>
              </li>
            );
          })}
        </ul>
        {services.length === 0 && <Empty title="No state yet">The gateway reports the services with its first message.</Empty>}
      </Panel>
      <div className="two-up">
        <Panel title="Brokers" live={false}>
          {brokers.error !== null && <Failure error={brokers.error} retry={brokers.reload} />}
          {(brokers.data?.brokers ?? []).map((b) => (
            <div key={b.broker_id} className="broker">
              <div className="row"><strong>{b.display_name || b.broker_id}</strong><ModeBadge mode={b.mode} /><span className={`state tone-${b.state === "connected" ? "good" : b.state === "down" ? "bad" : "warn"}`}>{sentence(b.state)}</span></div>
              <p className="muted">{b.detail} {b.open_orders} open orders{b.last_message_time && <> · last message <Age since={b.last_message_time} market /> ago</>}</p>
              <div className="capabilities">{(b.capabilities ?? []).map((c) => <span key={c.name} className={`capability ${c.supported ? "yes" : "no"}`}>{c.supported ? "✓" : "✕"} {c.name}</span>)}</div>
            </div>
          ))}
        </Panel>
        <Panel title="Market" live={false}>
          {market.error !== null && <Failure error={market.error} retry={market.reload} />}
          {market.data && (
            <dl className="facts">
              <div><dt>Source</dt><dd>{market.data.source}</dd></div>
              <div><dt>Market time</dt><dd><Moment at={market.data.market_time} /></dd></div>
              <div><dt>Speed</dt><dd className="number">{market.data.speed === "0" ? "as fast as possible" : `${market.data.speed} ×`}</dd></div>
              <div><dt>Seed · step</dt><dd className="number">{String(market.data.seed)} · {String(market.data.step)}</dd></div>
              <div><dt>State</dt><dd>{market.data.end_of_data ? "end of data" : market.data.running ? "running" : "waiting"}</dd></div>
              {market.data.source === "replay" && <div><dt>Progress</dt><dd className="number">{(market.data.progress * 100).toFixed(1)}%</dd></div>}
            </dl>
          )}
        </Panel>
      </div>
    </>
  );
}
