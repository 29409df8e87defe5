import { describe, expect, it } from "vitest";
import { counterKHz } from "./guest-clock.ts";

const cpu = (flags: string, bogomips: string) =>
  `processor\t: 0\nflags\t\t: fpu ${flags} sse\nbogomips\t: ${bogomips}\n`;

describe("how fast this machine's counter counts", () => {
  it("is half of its BogoMIPS", () => {
    expect(counterKHz(cpu("constant_tsc", "5192.28"))).toBe(2_596_140);
  });

  it("is unknown where it varies, or was not measured by the counter", () => {
    expect(counterKHz(cpu("tsc", "5192.28"))).toBeUndefined();
    expect(counterKHz(cpu("constant_tsc", "50.00"))).toBeUndefined();
    expect(counterKHz("Features : fp asimd\nBogoMIPS : 48.00\n")).toBeUndefined();
  });
});
