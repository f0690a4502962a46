// The page's one WebSocket: snapshot, then deltas. A gap is answered by a fresh start; a lost connection by trying again
// without end. Messages are applied in one batch an animation frame, however many come.
import { noteArrivals } from "../lib/freshness";
import { applyAll, type Message } from "./reducer";
import { useStore } from "./store";

/** Where to listen: after the last message of the run it came from, unless something was missed. */
export function streamPath(sequence: number, run: string, fresh: boolean): string {
  if (fresh || sequence < 0 || !run) return "/api/stream";
  return `/api/stream?${new URLSearchParams({ after: String(sequence), run })}`;
}

const kStaleAfterMs = 3000;
const kSilenceMs = 6000;
const kMaxBackoffMs = 15000;

export class Stream {
  private socket: WebSocket | null = null;
  private queue: Message[] = [];
  private scheduled = false;
  private attempts = 0;
  private openedAt = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setInterval> | undefined;
  private stopped = false;
  private fresh = true;

  start(): void {
    this.stopped = false;
    this.connect();
    this.watchdog = setInterval(() => this.watch(), 500);
    window.addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.watchdog);
    window.removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.drop();
  }

  /** After sleep or a lost network the next try is now, not at the end of the backoff. */
  private readonly wake = () => {
    if (document.visibilityState === "visible" && this.socket === null && !this.stopped) {
      clearTimeout(this.retryTimer);
      this.connect();
    }
  };

  private connect(): void {
    this.drop();
    const { model } = useStore.getState();
    const url = new URL(streamPath(model.sequence, model.run, this.fresh), location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url);
    this.socket = socket;
    this.openedAt = Date.now();
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      try {
        this.queue.push(JSON.parse(event.data as string) as Message);
      } catch {
        this.resync();
        return;
      }
      this.schedule();
    };
    socket.onclose = () => {
      if (socket === this.socket) this.retry();
    };
  }

  private drop(): void {
    const socket = this.socket;
    this.socket = null;
    this.queue = [];
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    if (socket.readyState <= WebSocket.OPEN) socket.close();
  }

  private retry(): void {
    this.drop();
    if (this.stopped) return;
    const ceiling = Math.min(kMaxBackoffMs, 500 * 2 ** this.attempts++);
    const wait = Math.round(ceiling / 2 + (Math.random() * ceiling) / 2);
    useStore.setState({ connection: "reconnecting", retryAt: Date.now() + wait });
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  private resync(): void {
    this.fresh = true;
    this.retry();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    // A hidden page gets no animation frames; it must not pile up messages either.
    if (document.visibilityState === "hidden") setTimeout(() => this.flush(), 250);
    else requestAnimationFrame(() => this.flush());
  }

  private flush(): void {
    this.scheduled = false;
    const messages = this.queue;
    this.queue = [];
    if (messages.length === 0) return;
    const before = useStore.getState();
    const { model, gap } = applyAll(before.model, messages);
    const snapshot = messages.some((message) => message.type === "snapshot");
    const arrivals = noteArrivals(before.arrivals, before.model.quotes, model.quotes, Date.now(), snapshot, model.status?.market_source !== "replay");
    if (gap) {
      useStore.setState({ model });
      this.resync();
      return;
    }
    this.attempts = 0;
    this.fresh = false;
    useStore.setState({ model, arrivals, connection: "live", retryAt: 0, stale: false, lastMessageAt: Date.now() });
  }

  private watch(): void {
    // A page that was hidden when the frame was asked for still has to catch up.
    if (this.scheduled && this.queue.length > 0) this.flush();
    const { lastMessageAt, stale } = useStore.getState();
    const now = Date.now();
    const old = now - lastMessageAt > kStaleAfterMs;
    if (old !== stale) useStore.setState({ stale: old });
    // A socket that is open but says nothing is a dead one.
    if (this.socket && now - Math.max(lastMessageAt, this.openedAt) > kSilenceMs) this.retry();
  }
}
