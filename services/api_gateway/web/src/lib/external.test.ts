import { describe, expect, it } from "vitest";
import { externalBadge, strategyLabel } from "./external";

const strategy = (strategy_id: string, external_connection?: string) => ({ strategy_id, display_name: "Mine", description: "", parameters: [], ...(external_connection ? { external_connection } : {}) });

describe("strategies in processes of their own", () => {
  it("have no badge when they are none", () => {
    expect(externalBadge({})).toBeNull();
    expect(externalBadge({ external_connection: "EXTERNAL_CONNECTION_UNSPECIFIED" })).toBeNull();
  });
  it("say when they wait, and what was wrong", () => {
    expect(externalBadge({ external_connection: "EXTERNAL_CONNECTION_CONNECTED" })).toEqual({ tone: "good", words: "Strategy connected", problem: "" });
    expect(externalBadge({ external_connection: "EXTERNAL_CONNECTION_WAITING" })!.problem).toContain("Stops and exits go on");
    expect(externalBadge({ external_connection: "EXTERNAL_CONNECTION_FAULT", external_text: "EXTERNAL_NO_ANSWER: late" })!.problem).toBe("EXTERNAL_NO_ANSWER: late");
  });
  it("are offered with their version, and with what is missing", () => {
    expect(strategyLabel(strategy("ema_cross"))).toBe("Mine");
    expect(strategyLabel(strategy("rule:a@1"))).toBe("Mine (rule:a@1)");
    expect(strategyLabel(strategy("external:a@1", "EXTERNAL_CONNECTION_CONNECTED"))).toBe("Mine (external:a@1)");
    expect(strategyLabel(strategy("external:a@1", "EXTERNAL_CONNECTION_WAITING"))).toBe("Mine (external:a@1) · not connected");
  });
});
