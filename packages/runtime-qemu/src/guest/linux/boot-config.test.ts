import { run } from "@mcp/host";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bootConfigScript, userNetwork } from "./boot-config.ts";
import { findBusybox } from "./static-busybox.ts";

const busybox = await findBusybox(undefined);
const shell = busybox.ok ? [busybox.path, "sh"] : ["sh"];

const awkward = fc
  .string({
    unit: fc.oneof(fc.constantFrom(..."'\"\\`$\n\r\t *=-\u0081\u0088\u{1f600}"), fc.string({ maxLength: 1 })),
  })
  .map((text) => Buffer.from(text.replaceAll("\0", "")).toString());

describe("what a guest is told to run", () => {
  it("arrives as it was, whatever characters it has", async () => {
    const inputs = fc.record({
      argv: fc.array(awkward, { minLength: 1, maxLength: 4 }),
      env: fc.dictionary(fc.stringMatching(/^[A-Za-z_.-][\w.-]{0,8}$/), awkward, { maxKeys: 3 }),
      workdir: awkward,
      hostname: awkward,
      guest: awkward,
    });
    await fc.assert(
      fc.asyncProperty(inputs, async ({ argv, env, workdir, hostname, guest }) => {
        const script = bootConfigScript({
          command: { argv, env, workdir, uid: 1, gid: 2 },
          hostname,
          mounts: [{ tag: "mcp0", guest, readOnly: true }],
          network: userNetwork,
        });
        // `exec "$@" env …`: what is exec'd is a shell that prints its words, each ended by a NUL.
        const reader = `share() { printf '%s\\0' "$@"; }
          mount_shares; printf '%s\\0' "$hostname" "$workdir" "$program" "$owner"
          busybox=busybox; launch ${shell.join(" ")} -c 'printf "%s\\0" "$@"'`;
        const { stdout } = await run([...shell, "-c", `${script}${reader}`]);
        const [program, ...args] = argv;
        expect(stdout.split("\0")).toEqual([
          ...["mcp0", "ro", guest, hostname, workdir, program, "1:2"],
          // The shell's `$0` is `env`.
          ...["-i", "--", ...Object.entries(env).map(([key, value]) => `${key}=${value}`)],
          ...["busybox", "nsenter", "-F", "-S", "1", "-G", "2", "--", program, ...args, ""],
        ]);
      }),
      { numRuns: 60 },
    );
  });
});
