import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bootConfigScript, groupFiles, networkOn, userNetwork } from "./boot-config.ts";
import { findBusybox } from "./static-busybox.ts";

const busybox = await findBusybox(undefined);
const shell = busybox.ok ? [busybox.path, "sh"] : ["/bin/sh"];

const awkward = fc
  .string({
    unit: fc.oneof(fc.constantFrom(..."'\"\\`$\n\r\t *=-\u0081\u0088\u{1f600}"), fc.string({ maxLength: 1 })),
  })
  .map((text) => Buffer.from(text.replaceAll("\0", "")).toString());

describe("what a guest is told to run", () => {
  let folder: string;
  let printer: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-words-"));
    printer = join(folder, "printer");
    await writeFile(printer, `#!${shell.join(" ")}\nprintf '%s\\0' "$@"\n`, { mode: 0o755 });
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("arrives as it was, whatever characters it has", async () => {
    const inputs = fc.record({
      argv: fc.array(awkward, { minLength: 1, maxLength: 4 }),
      env: fc.dictionary(fc.stringMatching(/^[A-Za-z_.-][\w.-]{0,8}$/), awkward, { maxKeys: 3 }),
      workdir: awkward,
      hostname: awkward,
      guest: awkward,
      groups: fc.constantFrom([], [3, 4]),
    });
    await fc.assert(
      fc.asyncProperty(inputs, async ({ argv, env, workdir, hostname, guest, groups }) => {
        const script = bootConfigScript({
          command: { argv, env, workdir, uid: 1, gid: 2, groups },
          hostname,
          mounts: [{ tag: "mcp0", guest, readOnly: true }],
          network: userNetwork,
        });
        // What is exec'd is a program that prints its words, each ended by a NUL.
        const reader = `share() { printf '%s\\0' "$@"; }
          mount_shares; printf '%s\\0' "$hostname" "$workdir" "$program" "$owner"
          busybox="$1"; launch`;
        const { stdout } = await run([...shell, "-c", `${script}${reader}`, "sh", printer]);
        const [program, ...args] = argv;
        expect(stdout.split("\0")).toEqual([
          ...["mcp0", "ro", guest, hostname, workdir, program, "1:2"],
          ...["env", "-i", "--", ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
          ...[
            printer,
            "nsenter",
            "-F",
            "-S",
            "1",
            ...(groups.length > 0 ? [] : ["-G", "2"]),
            "--",
            program,
            ...args,
            "",
          ],
        ]);
      }),
      { numRuns: 60 },
    );
  });

  it("has the bridge's gateway for all that is not its own subnet, and for names", () => {
    const bridge = { name: "mcp-br0", gateway: "10.99.0.1", prefixLength: 23 };
    expect(networkOn({ bridge, address: "10.99.1.7", mac: "02:8a:31:0c:55:f0" })).toEqual({
      address: "10.99.1.7",
      netmask: "255.255.254.0",
      gateway: "10.99.0.1",
      resolver: "10.99.0.1",
    });
  });

  it("is in the groups of its user, if there are more than one", () => {
    const command = { argv: ["/app"], env: {}, workdir: "/", uid: 7, gid: 8 };
    expect(groupFiles({ ...command, groups: [] })).toEqual([]);
    const files = groupFiles({ ...command, groups: [20, 30] });
    expect(files.map((file) => [file.path, file.type === "file" && String(file.data)])).toEqual([
      ["etc", false],
      ["etc/passwd", "mcp::0:8::/:\n"],
      ["etc/group", "group0:x:20:mcp\ngroup1:x:30:mcp\n"],
    ]);
  });
});
