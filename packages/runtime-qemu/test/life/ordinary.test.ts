import { chown, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { describe, expect, it } from "vitest";
// Whoever runs the tests, or where that is root a user that is made for those of rootless podman.
import { asUser, testUser } from "../../../runtime-podman/test/rig-user.ts";
import { rigMissing, startQemuRig } from "../rig.ts";

const script = join(import.meta.dirname, "ordinary.ts");
const missing = (await rigMissing()) ?? (await userMissing());

async function userMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  for (const program of ["useradd", "usermod", "setpriv"]) {
    const { exitCode } = await run(["sh", "-c", `command -v ${program}`], { anyExitCode: true });
    if (exitCode !== 0) return `no ordinary user can be made: ${program} is not installed`;
  }
  const user = await testUser();
  for (const path of [process.execPath, script]) {
    const { exitCode } = await run(asUser(user, ["test", "-r", path]), { anyExitCode: true });
    if (exitCode !== 0) return `the ordinary user ${user?.name} cannot read ${path}`;
  }
  return undefined;
}

describe.skipIf(missing)(`an ordinary user${missing ? ` (not run: ${missing})` : ""}`, () => {
  it("runs microVMs, with folders that are shared through a user namespace", async () => {
    const rig = await startQemuRig();
    try {
      const own = join(rig.folder, "own");
      await mkdir(join(own, "state"), { recursive: true, mode: 0o711 });
      const user = await testUser();
      if (user) for (const path of [own, join(own, "state")]) await chown(path, user.uid, user.gid);
      const argv = [process.execPath, "--conditions=@mcp/source", script, own];
      const { stdout } = await run(asUser(user, argv), {
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
