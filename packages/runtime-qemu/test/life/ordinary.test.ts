import { chown, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { rigMissing, startQemuRig } from "../rig.ts";

const missing = (await rigMissing()) ?? (await userMissing());

/** A user with subordinate ids: whoever runs the tests, or where that is root the one that other tests made. */
async function userMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const ids = await readFile("/etc/subuid", "utf8").catch(() => "");
  const user = await run(["getent", "passwd", "mcptest"], { anyExitCode: true });
  return user.exitCode === 0 && /^mcptest:/m.test(ids)
    ? undefined
    : "there is no user mcptest with subordinate ids, whom the tests of rootless podman make";
}

describe.skipIf(missing)(`an ordinary user${missing ? ` (not run: ${missing})` : ""}`, () => {
  it("runs microVMs, with folders that are shared through a user namespace", async () => {
    const rig = await startQemuRig();
    try {
      const isRoot = process.getuid?.() === 0;
      const ids = isRoot ? ((await run(["id", "-u", "mcptest"])).stdout.trim() as string) : "";
      await mkdir(join(rig.folder, "own", "state"), { recursive: true, mode: 0o711 });
      const own = join(rig.folder, "own");
      if (isRoot) for (const path of [own, join(own, "state")]) await chown(path, Number(ids), Number(ids));
      const as = isRoot ? ["setpriv", "--reuid=mcptest", "--regid=mcptest", "--init-groups", "--"] : [];
      const script = join(import.meta.dirname, "ordinary.ts");
      const { stdout } = await run([...as, process.execPath, "--conditions=@mcp/source", script, own], {
        timeoutMs: 80_000,
      });
      const { probe, lines, exit, written, left } = JSON.parse(stdout);
      expect(probe).toMatchObject({ ok: true, can: { volumes: { ok: true } } });
      expect(lines).toEqual(["hello", "refused", "ready", "bye"]);
      expect(exit).toMatchObject({ reason: "exited", code: 3 });
      expect(written).toBe("written\n");
      expect(left).toEqual([]);
    } finally {
      await rig.close();
    }
  });
});
