import { randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { Problem } from "@mcp/base";
import type { ImageSource, WorkloadSpec } from "@mcp/runtime";
import { readAt } from "../../console/read-at.ts";
import { elfHeadBytes } from "../elf.ts";
import type { ImageTree, Resolved } from "../image-files/image-tree.ts";
import { readTar } from "../image-files/read-tar.ts";
import { opsImageName } from "../part-folder.ts";
import { findProgram, type Program } from "./find-program.ts";
import { choose, layOut } from "./lay-out.ts";
import type { Ops } from "./ops.ts";
import { mountTag, opsConfig } from "./ops-config.ts";
import { stubProgram } from "./stub-program.ts";

export interface DiskDeps {
  readonly ops: Ops;
  readonly kernel?: string;
  readonly boot?: string;
  readonly buildWithinMs: number;
}

/**
 * Make the disk of a unikernel at `disk`: export the image, find its program, lay out its files, and have ops build it. What
 * is made on the way lies in a folder beside, which is gone when this returns or throws.
 */
export async function buildDisk(
  spec: WorkloadSpec,
  images: ImageSource,
  disk: string,
  { ops, buildWithinMs, ...boots }: DiskDeps,
  signal: AbortSignal,
): Promise<Program> {
  const work = await mkdtemp(join(disk, "..", ".build-"));
  const root = join(work, "root");
  const temporary = join(work, "tmp");
  const config = join(work, "config.json");
  try {
    await mkdir(root);
    await mkdir(temporary);
    const { program, mounts, bytes } = await takeOut(spec, images, work, root, signal);
    const names = (await readdir(root)).sort();
    const stub = await writeStub(root, names);
    const wanted = opsConfig({
      ...{ program, names, mounts, bytes },
      ...boots,
      ...(spec.attachment && { attachment: spec.attachment }),
    });
    await writeFile(config, JSON.stringify(wanted, undefined, 2), { mode: 0o600 });
    const name = await opsImageName(randomBytes(8).toString("hex"));
    const secrets = Object.values(spec.env);
    const image = await ops.build(
      { folder: root, program: stub, config, name, temporary, timeoutMs: buildWithinMs, secrets },
      signal,
    );
    await move(image, disk);
    return program;
  } catch (error) {
    await rm(disk, { force: true });
    throw asBuildProblem(error, disk);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function takeOut(
  spec: WorkloadSpec,
  images: ImageSource,
  work: string,
  root: string,
  signal: AbortSignal,
): Promise<{ program: Program; mounts: { tag: string; path: string }[]; bytes: number }> {
  const tar = join(work, "image.tar");
  const config = await images.export(spec.image, tar, signal);
  const { tree } = await readTar({ path: tar, reference: spec.image.reference }, signal);
  // Else the image's own would hide the one that names the machine's resolver, and the one that names the machine.
  for (const name of ["/etc/resolv.conf", hostnameFile]) tree.remove(name);
  const program = await findProgram(tree, config, spec, (file) => headOf(tar, file));
  const mounts = spec.volumes.map(({ guest }, index) => ({
    tag: mountTag(index),
    path: mountPoint(tree, guest),
  }));
  const needs = [...program.needs, ...mounts.map(({ path }) => path)];
  const bytes = await layOut(tree, choose(tree, spec.files, needs), tar, root, signal);
  await writeHostname(tree, root, spec.hostname);
  await rm(tar);
  return { program, mounts, bytes };
}

/** From it Nanos takes its name; without it, its name is made of its address. */
const hostnameFile = "/etc/hostname";

/** Where the image's /etc is no folder, its links are not followed to write there. */
async function writeHostname(tree: ImageTree, root: string, hostname: string): Promise<void> {
  const folder = tree.get(posix.dirname(hostnameFile));
  if ((folder && folder.type !== "folder") || tree.get(hostnameFile)) return;
  await mkdir(join(root, posix.dirname(hostnameFile)), { recursive: true, mode: 0o755 });
  await writeFile(join(root, hostnameFile), `${hostname}\n`, { flag: "wx", mode: 0o644 });
}

/** A folder of the image to mount at, made if it is not there. */
function mountPoint(tree: ImageTree, guest: string): string {
  const path = posix.join("/", guest);
  if (!tree.resolve(path)) tree.put(path, { type: "folder" });
  const found = tree.resolve(path);
  if (found?.node.type === "folder" && found.path !== "/") return found.path;
  throw new Problem(
    "start_failed",
    `nothing can be mounted at ${guest}: the image has ${found ? "something there that is no folder" : "no such place"}`,
    "mount the volume elsewhere: volumes in the definition",
  );
}

async function headOf(tar: string, { node }: Resolved): Promise<Buffer> {
  if (node.type !== "file") return Buffer.alloc(0);
  const file = await open(tar, "r");
  try {
    return await readAt(file, node.offset, Math.min(node.size, elfHeadBytes));
  } finally {
    await file.close();
  }
}

async function writeStub(root: string, taken: readonly string[]): Promise<string> {
  let name = "mcp-start";
  while (taken.includes(name)) name += "-";
  await writeFile(join(root, name), stubProgram(), { mode: 0o755 });
  return name;
}

/** Also to another file system. */
async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
    await copyFile(from, to);
    await rm(from);
  }
}

function asBuildProblem(error: unknown, disk: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new Problem("disk_full", `no space left to write ${disk}`, "make room: df -h", { cause: error });
}
