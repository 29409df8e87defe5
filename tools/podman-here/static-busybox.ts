import { open } from "node:fs/promises";
import { join } from "node:path";
import { Problem } from "@mcp/base";

/** The machine's busybox, for images made `FROM scratch`: it must run where there is no library. */
export async function staticBusybox(): Promise<string> {
  const folders = [...(process.env.PATH ?? "").split(":"), "/bin", "/usr/bin"];
  for (const folder of folders) {
    const path = join(folder, "busybox");
    if (await isStatic(path)) return path;
  }
  throw new Problem("tool_missing", "there is no static busybox on this machine", "install busybox-static");
}

/** An ELF program that asks for no interpreter (a program header of type PT_INTERP) needs no libraries. */
async function isStatic(path: string): Promise<boolean> {
  const interpreter = 3;
  try {
    await using file = await open(path);
    const header = Buffer.alloc(64);
    await file.read(header, 0, 64, 0);
    if (header.toString("latin1", 0, 4) !== "\u007fELF") return false;
    const [at, size, count] = [
      Number(header.readBigUInt64LE(32)),
      header.readUInt16LE(54),
      header.readUInt16LE(56),
    ];
    const table = Buffer.alloc(size * count);
    await file.read(table, 0, table.length, at);
    return !Array.from({ length: count }, (_, n) => table.readUInt32LE(n * size)).includes(interpreter);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw thrown;
  }
}
