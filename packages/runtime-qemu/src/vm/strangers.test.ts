import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { findStrangers } from "./strangers.ts";

const never = new AbortController().signal;

async function stateFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-strangers-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

it("only a folder with a virtual machine's name and none in it is a stranger", async () => {
  const folder = await stateFolder();
  for (const name of ["web-1", "notes", "a-backup", ".new-0102", "Odd\u001b[31m name"])
    await mkdir(join(folder, name));
  await writeFile(join(folder, "web-1", "vm.json"), "damaged");
  await writeFile(join(folder, "a-file"), "");
  expect(await findStrangers(folder, never)).toEqual([
    { name: "a-backup", what: `folder in ${folder}/`, imageReference: "" },
    { name: "notes", what: `folder in ${folder}/`, imageReference: "" },
  ]);
});

it("where no virtual machine ever was, there are none", async () => {
  expect(await findStrangers(join(await stateFolder(), "not-made-yet"), never)).toEqual([]);
});

it("a state folder that cannot be read is a problem, and not an empty one", async () => {
  const file = join(await stateFolder(), "file");
  await writeFile(file, "");
  await expect(findStrangers(file, never)).rejects.toMatchObject({ code: "runtime_failed" });
});
