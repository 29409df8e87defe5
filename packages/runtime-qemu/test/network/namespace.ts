import { randomBytes } from "node:crypto";
import { access } from "node:fs/promises";
import { run } from "@mcp/host";
import { findProgram } from "../../src/process/find-program.ts";
import { rigMissing } from "../rig.ts";

/** Why there can be no network of the tests' own here, or undefined. */
export async function networkMissing(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "only root can make network namespaces";
  for (const [program, debianPackage] of [
    ["ip", "iproute2"],
    ["nft", "nftables"],
  ] as const) {
    if ((await findProgram(program)) === undefined)
      return `${program} is not installed (apt install ${debianPackage})`;
  }
  const hasTun = await access("/dev/net/tun").then(
    () => true,
    () => false,
  );
  if (!hasTun) return "there is no /dev/net/tun (modprobe tun)";
  const trial = await run(["unshare", "--net", "nft", "list", "tables"], { anyExitCode: true });
  return trial.exitCode === 0
    ? undefined
    : `nft does not work in a network namespace: ${trial.stderr.trim()}`;
}

/** As `networkMissing`, for tests that boot guests. */
export const guestsMissing = async (): Promise<string | undefined> =>
  (await networkMissing()) ?? (await rigMissing());

/** A network of the test's own: nothing that is sent in it leaves it. */
export class Namespace {
  readonly name: string;

  private constructor(name: string) {
    this.name = name;
  }

  static async make(): Promise<Namespace> {
    const name = `mcpt-net-${randomBytes(4).toString("hex")}`;
    await run(["ip", "netns", "add", name]);
    const namespace = new Namespace(name);
    await namespace.run(["ip", "link", "set", "lo", "up"]);
    return namespace;
  }

  /** The words before a program that runs in it. */
  get words(): readonly string[] {
    return ["ip", "netns", "exec", this.name];
  }

  /** Run a program in it, and return what it printed. */
  async run(argv: readonly string[], stdin = ""): Promise<string> {
    return (await run([...this.words, ...argv], { stdin })).stdout;
  }

  /** As `run`, for one that may fail: what it printed on both. */
  async try(argv: readonly string[]): Promise<string> {
    const { stdout, stderr } = await run([...this.words, ...argv], { anyExitCode: true });
    return stdout + stderr;
  }

  /** The devices in it that are named like ours. */
  async taps(): Promise<readonly string[]> {
    const text = await this.run(["cat", "/proc/net/dev"]);
    return [...text.matchAll(/^\s*(mcpt[^:]*):/gm)].map(([, name = ""]) => name).sort();
  }

  async close(): Promise<void> {
    // A namespace with a device in it that a process holds would live on without a name.
    for (const name of await this.taps()) await this.try(["ip", "link", "del", name]);
    await run(["ip", "netns", "del", this.name], { anyExitCode: true });
  }
}
