import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { qemuArgv } from "./argv.ts";
import type { Machine } from "./machine.ts";

interface Fixture {
  readonly why: string;
  readonly machine: Machine;
  readonly argv: readonly string[];
}

const folder = new URL("fixtures/", import.meta.url);
const fixtures = readdirSync(folder).map((file) => ({
  file,
  ...(JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Fixture),
}));
const some = (name: string): Machine => {
  const found = fixtures.find(({ file }) => file === `${name}.json`);
  if (!found) throw new Error(`no fixture ${name}`);
  return found.machine;
};

describe("the arguments of QEMU", () => {
  it.each(fixtures)("$file: $why", ({ machine, argv }) => {
    expect(qemuArgv(machine)).toEqual(argv);
  });

  it("keep a value together that would end an option and begin another", () => {
    const machine = { ...some("nanos"), serial: "x,id=evil,append=off" };
    expect(qemuArgv(machine)).toContain("file,id=serial,path=x,,id=evil,,append=off,append=on");
  });

  it("are the same for the same machine", () => {
    expect(qemuArgv(some("q35"))).toEqual(qemuArgv(some("q35")));
  });

  it.each(["microvm", "q35", "nanos", "virtiofs", "bridge"])(
    "deny QEMU and the guest what they do not need: %s",
    (name) => {
      const argv = qemuArgv(some(name));
      for (const needed of ["-nodefaults", "-no-user-config", "-no-reboot", "-sandbox"])
        expect(argv).toContain(needed);
      expect(argv.join("\n")).not.toMatch(/runas|daemonize|vnc|smb=|guestfwd/);
    },
  );

  it("refuse an IPv6 address, from which user networking cannot forward", () => {
    const port = { address: "::1", host: 80, guest: 80, protocol: "tcp" } as const;
    expect(() =>
      qemuArgv({ ...some("nanos"), network: { by: "user", ports: [port], mayConnectOut: false } }),
    ).toThrow(expect.objectContaining({ code: "runtime_unsupported" }));
  });

  it("refuse an address that would add an option", () => {
    const port = { address: "1.2.3.4,restrict=off", host: 80, guest: 80, protocol: "tcp" } as const;
    expect(() =>
      qemuArgv({ ...some("nanos"), network: { by: "user", ports: [port], mayConnectOut: false } }),
    ).toThrow(expect.objectContaining({ code: "runtime_unsupported" }));
  });
});
