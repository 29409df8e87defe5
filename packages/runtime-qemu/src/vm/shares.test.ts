import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startKept } from "../process/keeper.ts";
import { isAlive } from "../process/process-identity.ts";
import { endShares } from "./shares.ts";
import { VmFolder } from "./vm-folder.ts";

it("what serves folders is ended where it runs, and not started where it was only due", async () => {
  const folder = VmFolder.at(await mkdtemp(join(tmpdir(), "mcpt-")));
  try {
    const place = (name: string): string => join(folder.path, name);
    const files = { pid: place("share-0.pid"), exit: place("share-0.exit"), errors: place("share-0.err") };
    const daemon = await startKept({ cwd: folder.path, argv: ["sleep", "60"], files });
    await writeFile(place("share-1.pid.due-0123456789abcdef"), "");
    // What is not a share's is left alone.
    await writeFile(place("pid.due-0123456789abcdef"), "");
    await endShares(folder);
    await expect.poll(() => isAlive(daemon)).toBe(false);
    const due = (await readdir(folder.path)).filter((name) => name.includes(".due-"));
    expect(due).toEqual(["pid.due-0123456789abcdef"]);
    await expect.poll(() => readdir(folder.path)).toContain("share-0.exit");
  } finally {
    await rm(folder.path, { recursive: true, force: true, maxRetries: 5 });
  }
});
