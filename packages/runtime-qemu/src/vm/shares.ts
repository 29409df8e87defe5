import { access, lchown, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, Problem } from "@mcp/base";
import type { QemuUser } from "../confinement/qemu-user.ts";
import type { Share } from "../machine/machine.ts";
import { startKept } from "../process/keeper.ts";
import { isAlive } from "../process/process-identity.ts";
import { readErrors } from "./guest-words.ts";
import type { VmFolder } from "./vm-folder.ts";

/** Where distributions put it: it is on nobody's PATH. */
const places = [
  "/usr/lib/qemu/virtiofsd",
  "/usr/libexec/virtiofsd",
  "/usr/lib/virtiofsd",
  "/run/current-system/sw/bin/virtiofsd",
];

export async function findVirtiofsd(): Promise<string | undefined> {
  for (const place of places) {
    const found = await access(place).then(
      () => true,
      () => false,
    );
    if (found) return place;
  }
  return undefined;
}

const listensWithinMs = 5_000;

/**
 * One virtiofsd for each shared folder. It serves one QEMU, ends when that does, and has a keeper as QEMU has; a guest that
 * may only read gets the folder from a mount that can only be read, so that it is not the guest who is trusted with that.
 */
export async function startShares(
  folder: VmFolder,
  shares: readonly Share[],
  { qemuUser, clock }: { readonly qemuUser: QemuUser | undefined; readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    shares.map(async (share, index) => {
      if (share.by !== "virtiofs") return;
      const program = await findVirtiofsd();
      if (program === undefined) {
        throw new Problem(
          "tool_missing",
          "virtiofsd is not installed, without which a microVM has no volumes",
          "install it: apt install qemu-system-common virtiofsd (whichever your distribution has)",
        );
      }
      await isFolder(share.host);
      const files = {
        pid: join(folder.path, `share-${index}.pid`),
        exit: join(folder.path, `share-${index}.exit`),
        errors: join(folder.path, `share-${index}.err`),
      };
      const daemon = await startKept({ cwd: folder.run, argv: argvOf(program, share), files });
      const socket = join(folder.run, share.socket);
      const deadline = clock.monotonic() + listensWithinMs;
      while (!(await isSocket(socket))) {
        if (!(await isAlive(daemon)) || clock.monotonic() > deadline) {
          throw new Problem(
            "start_failed",
            `${share.host} cannot be shared with the guest: ${(await readErrors(files.errors)).trim() || "virtiofsd does not listen"}`,
            "virtiofsd must run as root, or where user namespaces are allowed: see mcp doctor",
          );
        }
        await clock.sleep(10, signal);
      }
      if (qemuUser) await lchown(socket, qemuUser.uid, qemuUser.gid);
    }),
  );
}

/** `$1` is shared for reading only; what follows is run. */
const readOnlyScript = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"';

/** Of the C virtiofsd; the Rust one takes the same. */
function argvOf(program: string, { host, socket, readOnly }: Extract<Share, { by: "virtiofs" }>): string[] {
  // Its options are cut at commas, and a backslash keeps one.
  const source = host.replaceAll(/[\\,]/g, (character) => `\\${character}`);
  const argv = [program, `--socket-path=${socket}`, "-o", `source=${source}`, "-o", "sandbox=namespace"];
  if (!readOnly) return argv;
  return [
    "unshare",
    "--mount",
    "--propagation",
    "private",
    "--",
    "sh",
    "-c",
    readOnlyScript,
    "sh",
    host,
    ...argv,
  ];
}

async function isFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return;
  throw new Problem(
    found ? "start_failed" : "volume_missing",
    `${path} is ${found ? "no folder, and only folders can be shared with a microVM" : "not there"}`,
    `make it, or take it out of the definition: mkdir -p ${path}`,
  );
}

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
}
