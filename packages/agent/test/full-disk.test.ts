import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectError } from "@connectrpc/connect";
import { Check_Outcome, type Operation, Operation_State, ProblemDetailSchema } from "@mcp/proto";
import { describe, expect, it } from "vitest";
import { definition, openRig, type Rig, until } from "./rig.ts";

/** A small file system of its own, that a test can fill to the last byte or make read-only. */
async function mountSmall(): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "mcp-full-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", path]);
  return {
    path,
    async [Symbol.asyncDispose]() {
      execFileSync("umount", [path]);
      await rm(path, { recursive: true });
    },
  };
}

const hello = definition("hello", `name = "hello"\nimage = "localhost/hello:1"`);
const other = definition("other", `name = "other"\nimage = "localhost/hello:1"`);

const state = async (operation: Promise<Operation>) =>
  operation.then(
    ({ state: at, problem }) => problem?.code ?? Operation_State[at],
    (thrown: unknown) => ConnectError.from(thrown).findDetails(ProblemDetailSchema)[0]?.code,
  );

async function expectAnswers(rig: Rig): Promise<void> {
  const { services } = await rig.client.status({});
  expect(services.map(({ service }) => service?.name)).toEqual(["hello"]);
  const { checks } = await rig.client.doctor({});
  expect(checks.find(({ name }) => name === "database")?.outcome).toBe(Check_Outcome.FAILED);
}

describe("an agent that cannot write its database", () => {
  it.skipIf(process.getuid?.() !== 0)(
    "has that among what is wrong, and the full disk, until there is room again",
    async () => {
      await using disk = await mountSmall();
      const disks = [{ use: "database", path: disk.path }];
      const limits = { diskFullPercent: 90, memoryLowPercent: 0 };
      const databasePath = join(disk.path, "mcp.db");
      await using rig = await openRig({ databasePath, disks, limits, intervalMs: 30 });
      const found = () =>
        rig.life.agent.engine.conditions.all().map(({ code, severity }) => `${code} ${severity}`);
      await until("it has looked", () => rig.life.agent.engine.conditions.reported.has("node"));
      expect(found()).toEqual([]);
      await writeFile(join(disk.path, "filler"), Buffer.alloc(2_000_000)).catch(() => {});
      await until("both are told", () => found().length === 2);
      expect(found()).toEqual(["database_unwritable critical", "disk_filling critical"]);
      await rm(join(disk.path, "filler"));
      await until("both are over", () => found().length === 0);
      await rig.life.kill();
    },
  );

  // Mounting needs root, which is how CI runs; for another user the skip is listed.
  it.skipIf(process.getuid?.() !== 0)(
    "for its disk is full, still answers, removes nothing, and says it",
    async () => {
      await using disk = await mountSmall();
      await using rig = await openRig({ databasePath: join(disk.path, "mcp.db") });
      rig.host.addImage("localhost/hello:1");
      await rig.deploy(hello);
      const running = rig.host.running;

      await writeFile(join(disk.path, "filler"), Buffer.alloc(2_000_000)).catch(() => {});
      expect(await state(rig.deploy(other))).toBe("disk_full");
      expect(rig.host.running).toEqual(running);
      await expectAnswers(rig);

      await rm(join(disk.path, "filler"));
      expect(await state(rig.deploy(other))).toBe("SUCCEEDED");
      await rig.life.kill();
    },
  );

  it("for it is read-only, still answers, removes nothing, and says it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcp-read-only-"));
    const databasePath = join(folder, "mcp.db");
    {
      await using before = await openRig({ databasePath });
      before.host.addImage("localhost/hello:1");
      await before.deploy(hello);
    }
    await using rig = await openRig({ databasePath, readOnly: true });
    rig.host.addImage("localhost/hello:1");
    expect(await state(rig.deploy(other))).toBe("database_read_only");
    expect(rig.host.calls.filter(({ call }) => call === "start" || call === "remove")).toEqual([]);
    await expectAnswers(rig);
    await rig.life.kill();
    await rm(folder, { recursive: true });
  });
});
