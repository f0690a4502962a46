import {
  AreaSeries, CandlestickSeries, ColorType, createChart, createSeriesMarkers, HistogramSeries,
  type IChartApi, type ISeriesApi, type ISeriesMarkersPluginApi, type SeriesMarker, type Time, type UTCTimestamp,
} from "lightweight-charts";
import { useEffect, useMemo, useRef, useState } from "react";
import { get } from "../api/client";
import type { Bar, EquityPoint, Fill } from "../api/types";
import { equityCurve } from "../lib/equity";
import * as decimal from "../lib/decimal";
import { frameOr, kFrames } from "../lib/address";
import { millis, moment } from "../lib/time";
import { useModel, useReplay, useStore } from "../state/store";
import { oldWords, useFreshness } from "./freshness";
import { Empty, Failure, formatPrice, Panel, useFetched } from "./parts";

const kSeconds: Record<string, number> = { "1s": 1, "5s": 5, "15s": 15, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "1d": 86400 };
const kBars = 400;
// A chart that is updated for days must not grow: it is read again after this many new bars.
const kRereadMs = 60_000;

export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function baseOptions(replay: boolean) {
  const year = replay ? ({ year: "numeric" } as const) : {};
  return {
    autoSize: true,
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: colour("--muted"),
      fontFamily: "inherit",
      fontSize: 11,
      // The logo injects a style element, which the content security policy forbids; the credit is in the status bar.
      attributionLogo: false,
    },
    grid: { vertLines: { color: colour("--grid") }, horzLines: { color: colour("--grid") } },
    rightPriceScale: { borderColor: colour("--border") },
    timeScale: {
      borderColor: colour("--border"),
      timeVisible: true,
      secondsVisible: true,
      rightOffset: 4,
      tickMarkFormatter: (time: Time, kind: number) => {
        const date = new Date(Number(time) * 1000);
        if (kind <= 2) return date.toLocaleDateString("en-GB", { day: "2-digit", month: "short", ...year });
        return date.toLocaleTimeString("en-GB", kind === 4 ? {} : { hour: "2-digit", minute: "2-digit" });
      },
    },
    localization: { timeFormatter: (time: Time) => moment(new Date(Number(time) * 1000).toISOString(), replay) },
    crosshair: { mode: 0 },
  };
}

/** Rises when the system changes between dark and light: charts read their colours again. */
export function useTheme(): number {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: light)");
    const changed = () => setVersion((n) => n + 1);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return version;
}

const at = (text: string) => Math.floor((millis(text) ?? 0) / 1000);

/** With an `id` the label stands beside it; without, `label` is its name. */
export function SymbolPicker({ value, onChange, label = "Symbol", id }: { value: string; onChange: (symbol: string) => void; label?: string; id?: string }) {
  const instruments = useModel((m) => m.instruments);
  const symbols = Object.keys(instruments).sort();
  return (
    <select {...(id ? { id } : { "aria-label": label })} value={value} onChange={(event) => onChange(event.target.value)}>
      {!symbols.includes(value) && <option value={value}>{value || "…"}</option>}
      {symbols.map((symbol) => (
        <option key={symbol} value={symbol}>
          {symbol}
        </option>
      ))}
    </select>
  );
}

export function PriceChart({ tall = false }: { tall?: boolean }) {
  const symbol = useStore((s) => s.symbol);
  const accountId = useStore((s) => s.accountId);
  const focus = useStore((s) => s.focus);
  const replay = useReplay();
  const chosen = useStore((s) => s.frame);
  const timeframe = frameOr(chosen, replay);
  const fresh = useFreshness(symbol);
  const quote = useModel((m) => m.quotes[symbol]);
  const tick = useModel((m) => m.instruments[symbol]?.tick_size);
  const name = useModel((m) => m.instruments[symbol]?.display_name);
  const position = useModel((m) => m.positions[`${accountId}|${symbol}`]);
  const fillVersion = useModel((m) => m.fillVersion);
  const theme = useTheme();
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<IChartApi | null>(null);
  const candles = useRef<ISeriesApi<"Candlestick"> | null>(null);
  const volumes = useRef<ISeriesApi<"Histogram"> | null>(null);
  const markers = useRef<ISeriesMarkersPluginApi<Time> | null>(null);
  const last = useRef<{ time: number; open: number; high: number; low: number; close: number } | null>(null);

  const { data, error, reload } = useFetched(
    async () => {
      if (!symbol) return null;
      const { bars } = await get<{ bars?: Bar[] }>(`/api/live/bars?symbol=${encodeURIComponent(symbol)}&timeframe=${timeframe}&limit=${kBars}`);
      return { symbol, timeframe, bars: bars ?? [] };
    },
    [symbol, timeframe],
    kRereadMs,
  );
  const fills = useFetched(
    async () => (symbol && accountId ? ((await get<{ fills?: Fill[] }>(`/api/live/fills?account_id=${encodeURIComponent(accountId)}&symbol=${encodeURIComponent(symbol)}&page_size=200`)).fills ?? []) : []),
    [symbol, accountId, fillVersion],
  );

  useEffect(() => {
    if (!host.current) return;
    const created = createChart(host.current, baseOptions(replay));
    const up = colour("--up");
    const down = colour("--down");
    chart.current = created;
    candles.current = created.addSeries(CandlestickSeries, { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false, priceLineColor: colour("--accent") });
    volumes.current = created.addSeries(HistogramSeries, { priceScaleId: "volume", priceFormat: { type: "volume" }, color: colour("--volume"), lastValueVisible: false, priceLineVisible: false });
    created.priceScale("volume").applyOptions({ scaleMargins: { top: 0.84, bottom: 0 } });
    created.priceScale("right").applyOptions({ scaleMargins: { top: 0.08, bottom: 0.2 } });
    markers.current = createSeriesMarkers(candles.current, []);
    return () => {
      chart.current = null;
      candles.current = null;
      volumes.current = null;
      markers.current = null;
      created.remove();
    };
  }, [theme, replay]);

  const shown = useRef("");
  useEffect(() => {
    const series = candles.current;
    if (!series || !data || data.symbol !== symbol || data.timeframe !== timeframe) return;
    const places = decimal.placesOf(tick ?? "0.01");
    series.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
    const seen = new Set<number>();
    const bars = data.bars
      .map((bar) => ({
        time: at(bar.start_time) as UTCTimestamp,
        open: decimal.toNumber(bar.open),
        high: decimal.toNumber(bar.high),
        low: decimal.toNumber(bar.low),
        close: decimal.toNumber(bar.close),
        value: decimal.toNumber(bar.volume),
      }))
      .filter((bar) => !seen.has(bar.time) && seen.add(bar.time))
      .sort((a, b) => a.time - b.time);
    series.setData(bars);
    volumes.current?.setData(bars.map(({ time, value }) => ({ time, value })));
    const final = bars[bars.length - 1];
    last.current = final ? { ...final } : null;
    const view = `${symbol} ${timeframe} ${theme}`;
    if (shown.current !== view && bars.length > 0) {
      shown.current = view;
      const visible = Math.min(bars.length, (host.current?.clientWidth ?? 800) / 8);
      chart.current?.timeScale().setVisibleLogicalRange({ from: bars.length - visible, to: bars.length + 4 });
    }
  }, [data, symbol, timeframe, tick, theme, replay]);

  useEffect(() => {
    const series = candles.current;
    if (!series || !quote || !data || data.symbol !== symbol || data.timeframe !== timeframe) return;
    const step = kSeconds[timeframe] ?? 5;
    const time = Math.floor(at(quote.quote_time) / step) * step;
    const price = decimal.toNumber(quote.last_price);
    const bar = last.current;
    if (price <= 0 || (bar && time < bar.time)) return;
    if (bar && bar.time === time) {
      bar.high = Math.max(bar.high, price);
      bar.low = Math.min(bar.low, price);
      bar.close = price;
    } else {
      last.current = { time, open: price, high: price, low: price, close: price };
    }
    series.update({ ...last.current!, time: time as UTCTimestamp });
  }, [quote, data, symbol, timeframe, theme, replay]);

  useEffect(() => {
    if (!markers.current || !data || data.symbol !== symbol) return;
    const step = kSeconds[timeframe] ?? 5;
    const first = data.bars[0] ? at(data.bars[0].start_time) : Number.POSITIVE_INFINITY;
    const list: SeriesMarker<Time>[] = (fills.data ?? [])
      .filter((fill) => fill.symbol === symbol && fill.account_id === accountId && at(fill.transact_time) >= first)
      .map((fill) => {
        const buy = fill.side === "SIDE_BUY";
        return {
          time: (Math.floor(at(fill.transact_time) / step) * step) as UTCTimestamp,
          position: buy ? ("belowBar" as const) : ("aboveBar" as const),
          shape: buy ? ("arrowUp" as const) : ("arrowDown" as const),
          color: colour(buy ? "--up" : "--down"),
          text: `${buy ? "B" : "S"} ${decimal.format(fill.quantity)}`,
        };
      })
      .sort((a, b) => Number(a.time) - Number(b.time));
    if (focus && focus.symbol === symbol && focus.time && at(focus.time) >= first) {
      list.push({ time: (Math.floor(at(focus.time) / step) * step) as UTCTimestamp, position: "aboveBar", shape: "circle", color: colour("--accent"), size: 2, text: focus.text });
      list.sort((a, b) => Number(a.time) - Number(b.time));
    }
    markers.current.setMarkers(list);
  }, [fills.data, data, symbol, accountId, timeframe, theme, replay, focus]);

  // "Show on the chart": the panel comes into sight and is marked, the moment is in the middle, or it is said that it is not there.
  const frame = useRef<HTMLDivElement>(null);
  const shownFocus = useRef(0);
  const [lit, setLit] = useState(0);
  const firstBar = data?.symbol === symbol && data.timeframe === timeframe ? data.bars[0] : undefined;
  const focused = focus && focus.symbol === symbol ? focus : null;
  const beforeFirst = focused !== null && focused.time !== "" && firstBar !== undefined && at(focused.time) < at(firstBar.start_time);
  useEffect(() => {
    if (!focused || !data || data.symbol !== symbol || data.timeframe !== timeframe || shownFocus.current === focused.version) return;
    shownFocus.current = focused.version;
    frame.current?.closest(".panel")?.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    setLit(focused.version);
    const index = focused.time ? data.bars.findLastIndex((bar) => at(bar.start_time) <= at(focused.time)) : -1;
    if (index >= 0) {
      const half = Math.max(20, (host.current?.clientWidth ?? 800) / 16);
      chart.current?.timeScale().setVisibleLogicalRange({ from: index - half, to: index + half });
    }
    // Also the effect above it sets the range of a new symbol; it runs first.
  }, [focused, data, symbol, timeframe]);
  useEffect(() => {
    if (lit === 0) return;
    const timer = setTimeout(() => setLit(0), 4000);
    return () => clearTimeout(timer);
  }, [lit]);

  const average = position?.average_price;
  useEffect(() => {
    const series = candles.current;
    if (!series || !average || decimal.isZero(average)) return;
    const line = series.createPriceLine({ price: decimal.toNumber(average), color: colour("--muted"), lineStyle: 2, lineWidth: 1, axisLabelVisible: true, title: "entry" });
    return () => {
      if (candles.current === series) series.removePriceLine(line);
    };
  }, [average, symbol, theme, replay]);

  return (
    <Panel
      className={`chart-panel is-prices ${lit > 0 ? "is-lit" : ""}`}
      old={oldWords(fresh)}
      title={
        <>
          {symbol || "Price"} <span className="number">{quote ? formatPrice(quote.last_price, tick) : ""}</span>
        </>
      }
      meta={
        <>
          {name}
          {quote && (
            <span className="spread">
              <span className="up">{formatPrice(quote.bid_price, tick)}</span> / <span className="down">{formatPrice(quote.ask_price, tick)}</span>
            </span>
          )}
        </>
      }
      actions={
        <>
          <SymbolPicker value={symbol} onChange={(next) => useStore.setState({ symbol: next })} label="Chart symbol" />
          <select aria-label="Timeframe" value={timeframe} onChange={(event) => useStore.setState({ frame: event.target.value })}>
            {kFrames.map((t) => (
              <option key={t}>{t}</option>
            ))}
          </select>
        </>
      }
    >
      <div ref={frame} />
      {error !== null && <Failure error={error} retry={reload} />}
      {beforeFirst && focused && <p className="field-hint" role="status">{focused.text || "It"} was at {moment(focused.time, replay)}, before the first bar here. A longer timeframe reaches further back.</p>}
      <div ref={host} className={`chart ${tall ? "tall" : ""}`} role="img" aria-label={`Candles of ${symbol}, ${timeframe}`} />
      {data && data.bars.length === 0 && !quote && <Empty title="No bars yet">They appear as soon as the market has moved for one {timeframe} interval.</Empty>}
    </Panel>
  );
}

export function EquityChart() {
  const accountId = useStore((s) => s.accountId);
  const streamed = useModel((m) => m.equity[accountId]);
  const summary = useModel((m) => m.summaries[accountId]);
  const replay = useReplay();
  // The account's own curve, read for it; the stream's newer points and its summary go on from there.
  const read = useFetched(
    async () => (accountId ? { accountId, points: (await get<{ points?: EquityPoint[] }>(`/api/live/equity?account_id=${encodeURIComponent(accountId)}&limit=1000`)).points ?? [] } : null),
    [accountId],
    10_000,
  );
  const marketTime = useModel((m) => (m.status?.market_source === "replay" ? m.status.market_time : null));
  // The account's summary may be a step ahead of the status, which comes once a second.
  const until = marketTime ? Math.max(millis(marketTime) ?? 0, millis(summary?.update_time) ?? 0) : Number.POSITIVE_INFINITY;
  const points = useMemo(() => equityCurve(read.data?.accountId === accountId ? read.data.points : [], streamed ?? [], summary, until), [read.data, streamed, summary, accountId, until]);
  const theme = useTheme();
  const host = useRef<HTMLDivElement>(null);
  const series = useRef<ISeriesApi<"Area"> | null>(null);
  const chart = useRef<IChartApi | null>(null);

  useEffect(() => {
    if (!host.current) return;
    const created = createChart(host.current, { ...baseOptions(replay), handleScroll: false, handleScale: false });
    chart.current = created;
    series.current = created.addSeries(AreaSeries, { lineColor: colour("--accent"), topColor: colour("--accent-soft"), bottomColor: "transparent", lineWidth: 2, priceLineVisible: false });
    return () => {
      chart.current = null;
      series.current = null;
      created.remove();
    };
  }, [theme, replay]);

  const data = useMemo(() => {
    const rows: { time: UTCTimestamp; value: number }[] = [];
    for (const point of points) {
      const time = at(point.time) as UTCTimestamp;
      const value = decimal.toNumber(point.equity);
      if (rows.length > 0 && rows[rows.length - 1]!.time >= time) rows[rows.length - 1]!.value = value;
      else rows.push({ time, value });
    }
    return rows;
  }, [points]);

  useEffect(() => {
    series.current?.setData(data);
    chart.current?.timeScale().fitContent();
  }, [data, theme, replay]);

  return (
    <Panel title={`Equity of ${accountId}`} className="chart-panel" meta={summary ? `peak ${decimal.formatMoney(summary.peak_equity)} · drawdown ${decimal.formatRatio(decimal.divide(decimal.subtract(summary.peak_equity, summary.equity), summary.peak_equity, 6))}` : undefined}>
      {read.error !== null && <Failure error={read.error} retry={read.reload} />}
      <div ref={host} className="chart short" role="img" aria-label={`Equity of ${accountId} over time`} />
      {points.length === 0 && <Empty title="No equity points yet">The curve starts with the first mark of the account.</Empty>}
    </Panel>
  );
}
