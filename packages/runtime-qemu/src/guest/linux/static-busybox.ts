import { open } from "node:fs/promises";
import { delimiter, join } from "node:path";

export type FoundBusybox =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly why: string; readonly hint: string };

const hint = "install it: apt install busybox-static, or name one in the agent's config: [vm.linux] busybox";

/** A busybox that needs no libraries, since a guest's image may have none. */
export async function findBusybox(configured: string | undefined): Promise<FoundBusybox> {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/bin", "/usr/bin"];
  const places = configured === undefined ? folders.map((folder) => join(folder, "busybox")) : [configured];
  let why =
    configured === undefined ? "there is no busybox on the PATH" : `there is no busybox at ${configured}`;
  for (const path of places) {
    const bytes = await beginningOf(path).catch(() => undefined);
    if (!bytes) continue;
    if (isStaticElf(bytes)) return { ok: true, path };
    why = `${path} is not a static program for x86-64`;
  }
  return { ok: false, why, hint };
}

/** Its tables lie there; the rest, which is two megabytes, is nobody's affair at every look. */
async function beginningOf(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const bytes = Buffer.alloc(16 * 1024);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Whether a program is for x86-64 and asks for no interpreter, which would load its libraries. */
export function isStaticElf(bytes: Buffer): boolean {
  const isOurs =
    bytes.length > 64 &&
    bytes.readUInt32BE(0) === 0x7f454c46 &&
    bytes[4] === 2 &&
    bytes.readUInt16LE(18) === 62;
  if (!isOurs) return false;
  const tableAt = Number(bytes.readBigUInt64LE(32));
  const [entryBytes, count] = [bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  if (tableAt + entryBytes * count > bytes.length) return false;
  const types = Array.from({ length: count }, (_, index) => bytes.readUInt32LE(tableAt + index * entryBytes));
  return !types.includes(interpreterType);
}

const interpreterType = 3;
