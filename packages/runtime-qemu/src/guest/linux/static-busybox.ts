import { open } from "node:fs/promises";
import { readAt } from "../../console/read-at.ts";
import { findProgram } from "../../process/find-program.ts";
import { elfHeadBytes, readElf } from "../elf.ts";

export type FoundBusybox =
  | { readonly ok: true; readonly path: string }
  | { readonly ok: false; readonly why: string; readonly hint: string };

const hint = "install it: apt install busybox-static, or name one in the agent's config: [vm.linux] busybox";

/** A busybox that needs no libraries, since a guest's image may have none. */
export async function findBusybox(configured: string | undefined): Promise<FoundBusybox> {
  const path = configured ?? (await findProgram("busybox"));
  if (path === undefined) return { ok: false, why: "there is no busybox on the PATH", hint };
  const head = await beginningOf(path).catch(() => undefined);
  if (!head) return { ok: false, why: `there is no busybox at ${path}`, hint };
  const elf = readElf(head);
  if (elf.ok && elf.interpreter === undefined) return { ok: true, path };
  return { ok: false, why: `${path} is not a static program for x86-64`, hint };
}

/** Its tables lie there; the rest, which is two megabytes, is nobody's affair at every look. */
async function beginningOf(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    return await readAt(file, 0, elfHeadBytes);
  } finally {
    await file.close();
  }
}
