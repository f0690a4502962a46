// The page's one WebSocket: snapshot, then deltas. A gap is answered by a fresh start; a lost connection by trying again
// without end. Messages are applied in one batch an animation frame, however many come.
import { applyAll, type Message } from "./reducer";
import { useStore } from "./store";

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
    const url = new URL("/api/stream", location.href);
    url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    // Resume where we were, unless something was missed.
    if (!this.fresh && model.sequence >= 0) url.searchParams.set("after", String(model.sequence));
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
    const { model, gap } = applyAll(useStore.getState().model, messages);
    if (gap) {
      useStore.setState({ model });
      this.resync();
      return;
    }
    this.attempts = 0;
    this.fresh = false;
    useStore.setState({ model, connection: "live", retryAt: 0, stale: false, lastMessageAt: Date.now() });
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
