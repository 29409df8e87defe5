import { silentLogger } from "@mcp/host";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Attachments } from "./attachments.ts";
import { Ip } from "./ip.ts";
import { Nft } from "./nft.ts";
import type { Guest } from "./rules.ts";
import { ownerOf, tapName } from "./tap-name.ts";

const { signal } = new AbortController();
const store = "/state (0)";
const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 24 };
const bridgeMac = "02:11:11:11:11:11";
const guestOf = (index: number): Guest => {
  const instance = `vm-${index}.1`;
  const last = index + 2;
  return {
    instance,
    tap: tapName({ owner: ownerOf(store), instance }),
    attachment: { bridge, address: `10.99.0.${last}`, mac: `02:00:00:00:00:0${last}` },
  };
};

/** Devices and rules of a host, changed by what `ip` and `nft` are told, each of which takes its time. */
class ModelHost {
  readonly links = new Map<string, { alias: string; master?: string; isolated?: boolean; up?: boolean }>();
  rules = "";
  readonly #pauses: () => number;
  constructor(pauses: () => number) {
    this.#pauses = pauses;
    this.links.set("mcp-br0", { alias: "", up: true });
  }

  readonly run = async ([program, ...argv]: readonly string[], options: { stdin?: unknown } = {}) => {
    const pause = () => new Promise((resolve) => setTimeout(resolve, this.#pauses()));
    await pause();
    const answer =
      program === "ip" ? this.#ip(argv, String(options.stdin)) : this.#nft(argv, String(options.stdin));
    await pause();
    return { stdout: "", stderr: "", exitCode: 0, ...answer };
  };

  #nft(argv: readonly string[], text: string) {
    if (argv[0] === "-f") this.rules = text;
    if (argv[0] !== "list") return {};
    const at = this.rules.indexOf(`table ${argv[2]} mcp {`);
    return at < 0
      ? { exitCode: 1, stderr: "No such file or directory" }
      : { stdout: this.rules.slice(at, this.rules.indexOf("\n}", at)) };
  }

  #ip(argv: readonly string[], text: string) {
    if (argv[0] === "-j") return { stdout: JSON.stringify([...this.links].map(this.#print)) };
    for (const line of text.trim().split("\n")) {
      const [object = "", act = "", , name = "", key = "", value = ""] = line.split(" ");
      const link = this.links.get(name);
      if (object === "tuntap") {
        if (link) return { exitCode: 1, stderr: "ioctl(TUNSETIFF): Device or resource busy" };
        this.links.set(name, { alias: "" });
      } else if (object === "link" && act === "del") this.links.delete(name);
      else if (link && key === "alias") link.alias = /"(.*)"/.exec(line)?.[1] ?? "";
      else if (link && key === "master") link.master = value;
      else if (link && key === "type") link.isolated = line.includes("isolated on");
      else if (link && key === "up") link.up = true;
    }
    return {};
  }

  readonly #print = ([name, { alias, master, isolated, up }]: [
    string,
    { alias: string; master?: string; isolated?: boolean; up?: boolean },
  ]) => ({
    ifname: name,
    ifalias: alias,
    flags: up ? ["UP"] : [],
    address: bridgeMac,
    ...(master && { master }),
    linkinfo:
      name === "mcp-br0" ? { info_kind: "bridge" } : { info_kind: "tun", info_slave_data: { isolated } },
    addr_info: name === "mcp-br0" ? [{ family: "inet", local: "10.99.0.1", prefixlen: 24 }] : [],
  });

  get taps(): readonly string[] {
    return [...this.links.keys()].filter((name) => name.startsWith("mcpt")).sort();
  }
  get ruled(): readonly string[] {
    return [...this.rules.matchAll(/"(mcpt[0-9a-f]{11})"/g)].map(([, name = ""]) => name).sort();
  }
}

type Fate = "lives" | "ends" | "fails before" | "fails after";

describe("machines that come and go, as others do and as somebody looks", () => {
  it("have a device and a rule for as long as they live, and nothing is left of them", async () => {
    const fates = fc.array(fc.constantFrom<Fate>("lives", "ends", "fails before", "fails after"), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(fates, fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }), async (all, pauses) => {
        let at = 0;
        const pause = () => pauses[at++ % pauses.length] ?? 0;
        const sleep = () => new Promise((resolve) => setTimeout(resolve, pause()));
        const host = new ModelHost(pause);
        const living = new Map<string, Guest>();
        let changes = 0;
        const told: string[] = [];
        const attachments = new Attachments({
          bridge: "mcp-br0",
          allow: [],
          running: async () => [],
          store: async () => store,
          living: async () => {
            const seen = changes;
            const guests = [...living.values()];
            await sleep();
            return { guests, unknown: new Set<string>(), isCurrent: () => changes === seen };
          },
          ip: new Ip(host.run),
          nft: new Nft(host.run),
          log: silentLogger,
          onActive: () => {},
          tell: (_, text) => told.push(text),
        });
        const set = (guest: Guest, lives: boolean): void => {
          changes++;
          if (lives) living.set(guest.instance, guest);
          else living.delete(guest.instance);
        };
        const gone = async (guest: Guest): Promise<void> => {
          set(guest, false);
          attachments.leave(guest.instance);
          await attachments.reconcile();
          expect(host.taps).not.toContain(guest.tap);
          expect(host.ruled).not.toContain(guest.tap);
        };
        const live = async (fate: Fate, index: number): Promise<void> => {
          const guest = guestOf(index);
          await sleep();
          const announced = attachments.announce(guest);
          await sleep();
          if (fate === "fails before") return gone(guest);
          set(guest, true);
          await announced;
          await attachments.attach(guest, bridgeMac, 1, signal, async () => {});
          for (let looks = 0; looks < 3; looks++) {
            expect(host.taps).toContain(guest.tap);
            expect(host.ruled).toContain(guest.tap);
            await sleep();
          }
          if (fate !== "lives") await gone(guest);
          // And once more, as after a crash.
          if (fate === "ends") await live("lives", index);
        };
        let isOver = false;
        const looking = (async () => {
          while (!isOver) await attachments.reconcile();
        })();
        await Promise.all(all.map(live));
        isOver = true;
        await looking;
        await attachments.reconcile();
        const expected = [...living.values()].map(({ tap }) => tap).sort();
        expect(host.taps).toEqual(expected);
        expect(host.ruled).toEqual(expected);
        expect(told).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});
