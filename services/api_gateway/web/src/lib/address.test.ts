import { describe, expect, it } from "vitest";
import { accountColours, frameOr, readSelection, writeSelection } from "./address";

describe("address", () => {
  it("keeps account, symbol and frame over a reload", () => {
    const search = writeSelection("", { account: "fund-2", symbol: "BTC-USD", frame: "1m" });
    expect(readSelection(search)).toEqual({ account: "fund-2", symbol: "BTC-USD", frame: "1m" });
  });
  it("takes nothing that cannot be a name or a frame", () => {
    expect(readSelection("?account=%3Cb%3E&symbol=&frame=7y")).toEqual({ account: "", symbol: "", frame: "" });
  });
  it("shows recorded minutes as minutes until something is chosen", () => {
    expect(frameOr("", true)).toBe("1m");
    expect(frameOr("", false)).toBe("5s");
    expect(frameOr("1h", true)).toBe("1h");
  });
  it("leaves other parameters alone", () => {
    expect(writeSelection("?debug=1&symbol=A", { account: "", symbol: "", frame: "5s" })).toBe("?debug=1&frame=5s");
  });
  it("gives different accounts different colours, and the same one the same", () => {
    const few = accountColours(["paper", "fund-2"]);
    expect(few.paper).not.toBe(few["fund-2"]);
    const eight = Object.values(accountColours(["a", "b", "c", "d", "e", "f", "g", "h"]));
    expect(new Set(eight).size).toBe(8);
    expect(Object.keys(accountColours(["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]))).toHaveLength(10);
  });
});
