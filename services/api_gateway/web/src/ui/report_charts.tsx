import { AreaSeries, CandlestickSeries, createChart, createSeriesMarkers, LineSeries, type SeriesMarker, type Time, type UTCTimestamp } from "lightweight-charts";
import { useEffect, useRef } from "react";
import type { ReportTrade, RunReport, Sample } from "../lib/backtests";
import { showFigure } from "../lib/backtests";
import * as decimal from "../lib/decimal";
import { millis } from "../lib/time";
import { baseOptions, colour, useTheme } from "./charts";

export interface Curve {
  name: string;
  /** A colour of the page: "--accent", "--up" … */
  colour: string;
  /** Filled down to the axis. */
  area?: boolean;
  points: readonly Sample[];
}
/** Of several curves in one picture; the names stand in a legend beside it. */
export const kCurveColours = ["--accent", "--warn", "--up", "--down", "--curve-5", "--curve-6"];

/** Curves over time. `label` says in words what is seen. */
export function CurveChart({ label, curves, unit, height = "short" }: { label: string; curves: readonly Curve[]; unit: "%" | "money"; height?: "short" | "low" | "" }) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  useEffect(() => {
    if (!host.current) return;
    const chart = createChart(host.current, {
      ...baseOptions(true),
      handleScale: { mouseWheel: false },
      handleScroll: { mouseWheel: false },
    });
    const priceFormat = unit === "%" ? { type: "custom" as const, formatter: (value: number) => `${value.toFixed(2)}%`, minMove: 0.01 } : { type: "price" as const, precision: 2, minMove: 0.01 };
    for (const curve of curves) {
      const line = colour(curve.colour);
      const series = curve.area
        ? chart.addSeries(AreaSeries, { lineColor: line, topColor: hexAlpha(line, 0.22), bottomColor: "transparent", lineWidth: 2, priceLineVisible: false, priceFormat })
        : chart.addSeries(LineSeries, { color: line, lineWidth: 2, priceLineVisible: false, priceFormat });
      series.setData(curve.points.map((p) => ({ time: p.time as UTCTimestamp, value: p.value })));
    }
    chart.timeScale().fitContent();
    return () => chart.remove();
  }, [curves, unit, theme]);
  return <div ref={host} className={`chart ${height}`} role="img" aria-label={label} />;
}

// The chart's own parser knows hex and rgb, and not color-mix.
function hexAlpha(hex: string, alpha: number): string {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  if (!parts) return "transparent";
  const [r, g, b] = parts.slice(1).map((p) => Number.parseInt(p!, 16));
  return `rgba(${r}, ${g}, ${b}, ${alpha})`;
}

const at = (text: string) => Math.floor((millis(text) ?? 0) / 1000);
// More would hide the candles.
const kMarkedTrades = 1000;

/** Candles with each trade's way in and out. The table beside it has the figures. */
export function TradesChart({ report, symbol, focus }: { report: RunReport; symbol: string; focus: ReportTrade | null }) {
  const host = useRef<HTMLDivElement>(null);
  const theme = useTheme();
  useEffect(() => {
    if (!host.current) return;
    const rows = report.candles[symbol]?.rows ?? [];
    const chart = createChart(host.current, { ...baseOptions(true), handleScroll: { mouseWheel: false }, handleScale: { mouseWheel: false } });
    const up = colour("--up");
    const down = colour("--down");
    const places = Math.max(2, ...rows.slice(0, 50).map((r) => decimal.placesOf(decimal.normalise(r[4]))));
    const candles = chart.addSeries(CandlestickSeries, { upColor: up, downColor: down, wickUpColor: up, wickDownColor: down, borderVisible: false, priceLineVisible: false, priceFormat: { type: "price", precision: Math.min(places, 8), minMove: 10 ** -Math.min(places, 8) } });
    const bars = rows.map(([time, open, high, low, close]) => ({ time: at(time) as UTCTimestamp, open: Number(open), high: Number(high), low: Number(low), close: Number(close) }));
    candles.setData(bars);
    // A mark stands on the candle that its time is of.
    const onCandle = (text: string): UTCTimestamp => {
      const time = at(text);
      let low = 0;
      let high = bars.length - 1;
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        if (Number(bars[middle]!.time) <= time) low = middle;
        else high = middle - 1;
      }
      return bars[low]?.time ?? (time as UTCTimestamp);
    };
    const trades = report.trades.filter((t) => t.symbol === symbol).slice(0, kMarkedTrades);
    const words = trades.length <= 60;
    const marks: SeriesMarker<Time>[] = trades.flatMap((t) => {
      const long = t.side === "BUY";
      const won = decimal.sign(t.profit) > 0;
      return [
        { time: onCandle(t.open_time), position: long ? ("belowBar" as const) : ("aboveBar" as const), shape: long ? ("arrowUp" as const) : ("arrowDown" as const), color: colour("--accent"), text: words ? `${long ? "B" : "S"} ${decimal.format(t.quantity)}` : "" },
        { time: onCandle(t.close_time), position: long ? ("aboveBar" as const) : ("belowBar" as const), shape: "circle" as const, color: won ? up : down, text: words ? decimal.formatMoney(t.profit, true) : "", size: 0.8 },
      ];
    });
    createSeriesMarkers(candles, marks.sort((a, b) => Number(a.time) - Number(b.time)));
    chart.timeScale().fitContent();
    if (focus && focus.symbol === symbol && bars.length > 0) {
      const from = bars.findIndex((b) => b.time === onCandle(focus.open_time));
      const to = bars.findIndex((b) => b.time === onCandle(focus.close_time));
      chart.timeScale().setVisibleLogicalRange({ from: from - 25, to: to + 25 });
    }
    return () => chart.remove();
  }, [report, symbol, focus, theme]);
  return <div ref={host} className="chart tall" role="img" aria-label={`Candles of ${symbol} with every trade's entry (arrow) and exit (circle)`} />;
}

/** How far chance alone would have carried the same trades: 5 to 95 and 25 to 75 of a hundred, and the middle. */
export function BandChart({ monteCarlo }: { monteCarlo: NonNullable<RunReport["monte_carlo"]> }) {
  const { band } = monteCarlo;
  const last = band[band.length - 1]?.[0] ?? 1;
  const values = band.flatMap(([, p]) => p);
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const kWidth = 640;
  const kHeight = 220;
  const kLeft = 56;
  const kBottom = 24;
  const x = (trades: number) => kLeft + ((kWidth - kLeft - 8) * trades) / Math.max(1, last);
  const y = (value: number) => 8 + (kHeight - 8 - kBottom) * (high === low ? 0.5 : (high - value) / (high - low));
  const area = (lower: number, upper: number) => [...band.map(([n, p]) => `${x(n).toFixed(1)},${y(p[upper] ?? 0).toFixed(1)}`), ...[...band].reverse().map(([n, p]) => `${x(n).toFixed(1)},${y(p[lower] ?? 0).toFixed(1)}`)].join(" ");
  const end = band[band.length - 1]?.[1] ?? [];
  return (
    <svg className="band" viewBox={`0 0 ${kWidth} ${kHeight}`} role="img" aria-label={`After ${last} trades between ${showFigure(end[0], true)} and ${showFigure(end[4], true)} in 90 of 100 resamplings; the middle ${showFigure(end[2], true)}`}>
      <polygon className="band-wide" points={area(0, 4)} />
      <polygon className="band-narrow" points={area(1, 3)} />
      <line className="band-zero" x1={kLeft} x2={kWidth - 8} y1={y(0)} y2={y(0)} />
      <polyline className="band-middle" points={band.map(([n, p]) => `${x(n).toFixed(1)},${y(p[2] ?? 0).toFixed(1)}`).join(" ")} />
      {[high, 0, low].filter((v, i, all) => all.indexOf(v) === i).map((v) => <text key={v} x={kLeft - 6} y={Math.min(kHeight - kBottom, y(v) + 4)} textAnchor="end">{showFigure(v, true)}</text>)}
      <text x={kLeft} y={kHeight - 6}>0 trades</text>
      <text x={kWidth - 8} y={kHeight - 6} textAnchor="end">{last} trades</text>
    </svg>
  );
}
