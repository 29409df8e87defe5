import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hasAmbient, setprivFailure } from "./capabilities.ts";

/** As a service does that was given one capability: it can only be tried by who may give it. */
const asServiceWithCapability = (source: string) => {
  const capabilities = ["--inh-caps=+net_admin", "--ambient-caps=+net_admin"];
  const script = `import { run } from ${JSON.stringify(join(import.meta.dirname, "run.ts"))};\n${source}`;
  const node = [process.execPath, "--conditions=@mcp/source", "--input-type=module-typescript", "-e", script];
  const argv = ["--reuid=65534", "--regid=65534", "--clear-groups", ...capabilities, "--", ...node];
  const { stdout, stderr } = spawnSync("setpriv", argv, { encoding: "utf8", env: { PATH: "/usr/bin:/bin" } });
  return { stdout, stderr };
};
const mayGive = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0;

describe("a process that was given a capability", () => {
  it.skipIf(!mayGive)("keeps it from what it starts, unless that is to have it (needs root, setpriv)", () => {
    const { stdout, stderr } = asServiceWithCapability(`
      const argv = ["grep", "-E", "^Cap(Inh|Prm|Eff|Amb)", "/proc/self/status"];
      const values = ({ stdout }) => stdout.match(/[0-9a-f]{16}/g).join(" ");
      console.log(values(await run(argv)));
      console.log(values(await run(argv, { keepsCapabilities: true })));
      for (const program of ["mcp-no-such-program", "/etc/passwd"])
        await run([program]).catch(({ code, message }) => console.log(code, message));
    `);
    const [none, some] = ["0000000000000000", "0000000000001000"];
    expect(stdout.split("\n"), stderr).toEqual([
      [none, none, none, none].join(" "),
      [some, some, some, some].join(" "),
      "tool_missing mcp-no-such-program is not installed, or not on the PATH",
      "tool_failed /etc/passwd may not be executed",
      "",
    ]);
  });
});

describe("whether capabilities are handed on", () => {
  it.each([
    ["CapBnd:\t000001fffeffffff\nCapAmb:\t0000000000000000\n", false],
    ["CapBnd:\t000001fffeffffff\nCapAmb:\t0000000000001000\n", true],
    ["CapAmb:\t000001fffeffffff\n", true],
    ["", false],
  ])("is read from %j: %s", (status, expected) => {
    expect(hasAmbient(status)).toBe(expected);
  });
});

describe("a program that setpriv could not start", () => {
  it("is told from one that failed by itself", () => {
    expect(setprivFailure(127, "setpriv: failed to execute x: No such file or directory\n")).toBe("ENOENT");
    expect(setprivFailure(126, "setpriv: failed to execute x: Permission denied\n")).toBe("EACCES");
    expect(setprivFailure(127, "sh: 1: x: not found\n")).toBeUndefined();
  });
});
