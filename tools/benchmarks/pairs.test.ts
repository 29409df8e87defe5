import { describe, expect, it } from "vitest";
import { middle, takePairs } from "./pairs.ts";

describe("what is measured in pairs", () => {
  it("begins with the other one each time", async () => {
    const order: string[] = [];
    const taking = (who: string) => async () => order.push(who);
    await takePairs(taking("ours"), taking("theirs"), { least: 3 });
    expect(order).toEqual(["ours", "theirs", "theirs", "ours", "ours", "theirs"]);
  });

  it("goes on until it is enough, and no further than it may", async () => {
    const one = async () => 1;
    const enough = (pairs: readonly unknown[]) => pairs.length === 5;
    expect(await takePairs(one, one, { least: 2, most: 9, enough })).toHaveLength(5);
    expect(await takePairs(one, one, { least: 2, most: 4, enough })).toHaveLength(4);
  });

  it("has a middle, which a few that went astray do not move", () => {
    expect(middle([3, 1, 2])).toEqual({ median: 2, from: 1, to: 3 });
    const twelve = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 900];
    expect(middle(twelve)).toEqual({ median: 6.5, from: 3, to: 10 });
  });
});
