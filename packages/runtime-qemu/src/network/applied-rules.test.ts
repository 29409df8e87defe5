import { describe, expect, it } from "vitest";
import { AppliedRules } from "./applied-rules.ts";
import { Nft } from "./nft.ts";

const signal = new AbortController().signal;
const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
const guest = (last: number) => ({
  tap: `mcpt0000000000${last}`,
  attachment: { bridge, address: `10.99.0.${last}`, mac: `02:00:00:00:00:0${last}` },
});

/** The kernel's tables: what was applied last, printed as nft would, with other spaces than it was given. */
class Tables {
  text = "";
  applied = 0;
  /** How long applying takes, by when it may go on. */
  gate: Promise<void> = Promise.resolve();

  readonly nft = new Nft(async ([, ...argv], options = {}) => {
    const done = (stdout: string) => ({ exitCode: 0, stdout, stderr: "" });
    if (argv[0] === "list") {
      const at = this.text.indexOf(`table ${argv[2]} mcp {`);
      if (at < 0) return { exitCode: 1, stdout: "", stderr: "Error: No such file or directory" };
      return done(this.text.slice(at, this.text.indexOf("\n}", at)).replaceAll("  ", "\t"));
    }
    await this.gate;
    this.applied++;
    this.text = String(options.stdin);
    return done("");
  });
}

const rulesOf = (tables: Tables, guests: readonly ReturnType<typeof guest>[] = []) => {
  const state = { bridges: [bridge], allow: [], guests };
  return { state, rules: new AppliedRules(tables.nft, () => state) };
};

describe("rules that were applied", () => {
  it("are in place until somebody changes them, in whatever way", async () => {
    const tables = new Tables();
    const { rules } = rulesOf(tables, [guest(2)]);
    expect(await rules.judge(signal)).toBe("outdated");
    await rules.apply();
    expect(await rules.judge(signal)).toBe("in place");
    for (const change of [
      () => "",
      (text: string) => text.replace("    drop\n", ""),
      (text: string) => text.replace("10.99.0.2", "10.99.0.3"),
      (text: string) => text.replace("drop\n", "counter drop\n"),
    ]) {
      tables.text = change(tables.text);
      expect(await rules.judge(signal)).toBe("changed");
      await rules.enforce(signal);
      expect(await rules.judge(signal)).toBe("in place");
    }
  });

  it("are not believed where they were gone before anybody looked", async () => {
    const tables = new Tables();
    const { rules } = rulesOf(tables, [guest(2)]);
    await rules.apply();
    tables.text = tables.text.replace('iifname "mcpt*" jump from_guest', "");
    expect(await rules.judge(signal)).toBe("changed");
  });

  it("are out of date when another machine has come", async () => {
    const tables = new Tables();
    const { rules, state } = rulesOf(tables);
    await rules.apply();
    state.guests = [guest(2)];
    expect(await rules.judge(signal)).toBe("outdated");
  });

  it("are applied once for all who ask meanwhile, with what each of them wants in them", async () => {
    const tables = new Tables();
    const { rules, state } = rulesOf(tables);
    const gate = Promise.withResolvers<void>();
    tables.gate = gate.promise;
    const first = rules.apply();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const others = [2, 3, 4].map((last) => {
      state.guests = [...state.guests, guest(last)];
      return rules.apply();
    });
    gate.resolve();
    await Promise.all([first, ...others]);
    expect(tables.applied).toBe(2);
    for (const last of [2, 3, 4]) expect(tables.text).toContain(guest(last).tap);
  });

  it("are taken away with the last bridge", async () => {
    const tables = new Tables();
    const { rules, state } = rulesOf(tables);
    expect(rules.areThere).toBe(false);
    const applied = rules.apply();
    expect(rules.areThere).toBe(true);
    await applied;
    state.bridges = [];
    await rules.apply();
    expect(rules.areThere).toBe(false);
    expect(tables.text).not.toContain("{");
  });

  it("are a problem where somebody takes them away each time", async () => {
    const tables = new Tables();
    const { rules } = rulesOf(tables);
    Object.defineProperty(tables, "text", { get: () => "", set: () => {} });
    await expect(rules.enforce(signal)).rejects.toMatchObject({ code: "network_failed" });
    expect(tables.applied).toBe(3);
  });
});
