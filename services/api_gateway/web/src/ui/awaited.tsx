import { actor, ApiError, get } from "../api/client";
import { awaitedWords, type AwaitedDecisions } from "../lib/awaited";
import { Moment, useFetched } from "./parts";

/** What of the account waits for a second person; null while it is not known. */
export function useAwaited(accountId: string): { data: AwaitedDecisions | null; reload: () => void } {
  return useFetched(() => get<AwaitedDecisions>(`/api/live/decisions?account_id=${encodeURIComponent(accountId)}`), [accountId], 3000);
}

/** Who has asked for what, and until when somebody else can confirm it. Nothing where nothing waits. */
export function Awaited({ told, kinds }: { told: AwaitedDecisions | null; kinds: readonly string[] }) {
  const waiting = (told?.decisions ?? []).filter((one) => kinds.includes(one.kind));
  if (waiting.length === 0) return null;
  return (
    <div className="refusal" role="status" data-part="awaited">
      <p><strong>Waiting for a second person</strong></p>
      {waiting.map((one) => (
        <p key={one.kind}>
          {one.asked_by} has asked to {awaitedWords(one)} at <Moment at={one.ask_time} />: “{one.reason}”.{" "}
          {one.asked_by === actor() ? "Another person has to ask for the same" : "It is done when you ask for the same"}, until <Moment at={one.expire_time} />.
        </p>
      ))}
    </div>
  );
}

/** Kept for the second person: the message; anything else is thrown on. */
export function keptForAnother(refused: unknown): string {
  if (!(refused instanceof ApiError) || refused.code !== 403) throw refused;
  return refused.message;
}
