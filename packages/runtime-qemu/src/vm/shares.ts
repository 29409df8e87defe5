import { mkdir, readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, isProblem, Problem } from "@mcp/base";
import { realClock } from "@mcp/host";
import type { Share } from "../machine/machine.ts";
import { revokeStart, startKept } from "../process/keeper.ts";
import { isAlive, readIdentity, signalTo } from "../process/process-identity.ts";
import { readErrors } from "./guest-words.ts";
import { findVirtiofsd, ownMounts } from "./shares-here.ts";
import type { VmFolder } from "./vm-folder.ts";

const listensWithinMs = 5_000;
const mostLooks = 200;

/**
 * End what serves the shared folders of a boot that came to nothing: a virtiofsd ends with its QEMU, and where none came
 * it would wait for ever.
 */
export async function endShares(folder: VmFolder): Promise<void> {
  const names = await readdir(folder.path).catch(() => []);
  // Also of one that is only due: its keeper may be slow.
  const pids = new Set(names.map((name) => /^(share-\d+\.pid)(?:\.due-|$)/.exec(name)?.[1]));
  for (const name of pids) {
    if (name === undefined) continue;
    const files = { pid: join(folder.path, name) };
    await revokeStart(files);
    const daemon = await readIdentity(files.pid);
    if (!daemon) continue;
    await signalTo(daemon, "SIGKILL");
    // On a busy machine the kernel takes a moment; one that waits for a disk is not waited for.
    for (let looks = 0; looks < mostLooks && (await isAlive(daemon)); looks++) await realClock.sleep(5);
  }
}

/**
 * One virtiofsd for each shared folder. It serves one QEMU, ends when that does, and has a keeper as QEMU has. It sees the
 * folder through a mount of its own, which only lets it read where the guest may only read: it is not the guest who is
 * trusted with that.
 *
 * @throws Problem `volume_not_allowed` where the path leads through a link by now, `volume_missing`, `tool_missing`,
 *   `start_failed`.
 */
export async function startShares(
  folder: VmFolder,
  shares: readonly Share[],
  { clock }: { readonly clock: Clock },
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    shares.map(async (share, index) => {
      const which = await folderAt(share.host);
      // What a unikernel mounts, QEMU itself shares.
      if (share.by === "virtiofs") await startShare(folder, share, index, which, clock, signal);
    }),
  );
}

async function startShare(
  folder: VmFolder,
  share: VirtiofsShare,
  index: number,
  which: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const program = await findVirtiofsd();
  if (program === undefined) {
    throw new Problem(
      "tool_missing",
      "virtiofsd is not installed, without which a microVM has no volumes",
      "install it: apt install qemu-system-common virtiofsd (whichever your distribution has)",
    );
  }
  const place = (what: string): string => join(folder.path, `share-${index}${what}`);
  await mkdir(place(""), { recursive: true, mode: 0o700 });
  const files = { pid: place(".pid"), exit: place(".exit"), errors: place(".err") };
  const argv = shareArgv(program, share, which, place(""));
  const daemon = await startKept({ cwd: folder.run, argv, files });
  const deadline = clock.monotonic() + listensWithinMs;
  while (!(await isSocket(join(folder.run, share.socket)))) {
    if (!(await isAlive(daemon)) || clock.monotonic() > deadline) {
      await signalTo(daemon, "SIGKILL");
      const said = (await readErrors(files.errors)).trim();
      if (said.endsWith(exchanged)) throw leadsElsewhere(share.host, ` ${exchanged}`);
      throw new Problem(
        "start_failed",
        `${share.host} cannot be shared with the guest: ${said || "virtiofsd does not listen"}`,
        "see whether folders can be shared here: mcp doctor, mcp node status",
      );
    }
    await clock.sleep(10, signal);
  }
}

const exchanged = "the folder was exchanged";

type VirtiofsShare = Extract<Share, { by: "virtiofs" }>;

/**
 * `$1` is the folder, `$2` where it is mounted, for this process alone, `$3` how, and `$4` which folder it was when it was
 * looked at: somebody could have made the path lead elsewhere since. The C virtiofsd locks a file below `/run` that it names
 * after its socket, which here is called the same in every virtual machine: `$5` is where it gets a place of its own for
 * it. What follows is run.
 */
const mountScript = `mount --no-canonicalize --bind "$1" "$2" || exit
[ "$(stat --format %d:%i "$2")" = "$4" ] || { echo "${exchanged}" >&2; exit 1; }
[ "$3" = rw ] || mount --no-canonicalize -o remount,bind,ro "$2" || exit
mkdir -p "$5" && mount -t tmpfs -o mode=0755 tmpfs "$5" || exit
shift 5
exec "$@"`;

/** Of the C virtiofsd; the Rust one takes the same. */
function shareArgv(program: string, share: VirtiofsShare, which: string, at: string): string[] {
  const { host, socket, readOnly } = share;
  const isRoot = process.getuid?.() === 0;
  // Its options are cut at commas, and a backslash keeps one.
  const source = at.replaceAll(/[\\,]/g, (character) => `\\${character}`);
  return [
    ...ownMounts(),
    ...[
      "sh",
      "-c",
      mountScript,
      "sh",
      host,
      at,
      readOnly ? "ro" : "rw",
      which,
      isRoot ? "/run/virtiofsd" : "/run",
    ],
    ...[program, `--socket-path=${socket}`, "-o", `source=${source}`, "-o", "sandbox=namespace"],
  ];
}

/**
 * Which folder is at this very path, as `DEVICE:INODE`. The agent has resolved links: one that is there now was put there
 * since.
 */
async function folderAt(path: string): Promise<string> {
  try {
    const led = await realpath(path);
    if (led !== path) throw leadsElsewhere(path, ` it leads to ${led} by now`);
    const found = await stat(path, { bigint: true });
    if (found.isDirectory()) return `${found.dev}:${found.ino}`;
  } catch (error) {
    if (isProblem(error)) throw error;
    const { message } = error as Error;
    const hint = `make it, or take it out of the definition: mkdir -p ${path}`;
    throw new Problem("volume_missing", `${path} cannot be mounted: ${message}`, hint, { cause: error });
  }
  throw new Problem(
    "start_failed",
    `${path} cannot be shared with a microVM, which takes folders only`,
    `mount the folder that it is in: ls -ld ${path}`,
  );
}

const leadsElsewhere = (path: string, why: string): Problem =>
  new Problem(
    "volume_not_allowed",
    `${path} was not mounted:${why}`,
    "see whether it, or a folder above it, is a link now; put the folder back, or deploy the definition again",
  );

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
}
