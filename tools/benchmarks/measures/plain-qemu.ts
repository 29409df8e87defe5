import { spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "@mcp/client";
import { attest, type FileRecord } from "../../../packages/runtime-qemu/src/guest/attest.ts";
import type { BenchNode } from "../bench-node.ts";
import { timed } from "../ratio.ts";
import { firstAnswer } from "./first-answer.ts";
import { childrenOf, totalCpuMs } from "./processes.ts";

interface Copied {
  readonly argv: readonly string[];
  readonly port: number;
  /** Holds what was in the folder that the original was started in. */
  readonly files: string;
}

/** The very QEMUs of a service, with the same images and arguments, started by a shell and by nobody else. */
export class PlainQemus {
  readonly #folder: string;
  readonly #copied: readonly Copied[];

  private constructor(folder: string, copied: readonly Copied[]) {
    this.#folder = folder;
    this.#copied = copied;
  }

  /** Of a service that runs. */
  static async like(node: BenchNode, service: string): Promise<PlainQemus> {
    const folder = await mkdtemp(join(tmpdir(), "mcp-bench-"));
    const client = connect({ address: node.address });
    const { instances } = await client.liveCheck({ service });
    client.close();
    const copied: Copied[] = [];
    for (const [index, { pid }] of (instances ?? []).entries()) {
      const argv = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0").slice(0, -1);
      const port = Number(/hostfwd=tcp:[^:]*:(\d+)-/.exec(argv.join(" "))?.[1]);
      const files = join(folder, `files-${index}`);
      await mkdir(files);
      const initrd = join((await readlink(`/proc/${pid}/cwd`)) ?? "", "initrd");
      await cp(initrd, join(files, "initrd"));
      copied.push({ argv, port, files });
    }
    return new PlainQemus(folder, copied);
  }

  /** From the shell's start until each has answered, and what CPU time they used for it. They are ended then. */
  async untilAnswers(everyMs?: number): Promise<{ readonly ms: number; readonly cpuMs: number }> {
    const run = join(this.#folder, "run");
    const starts: string[] = [];
    // Each in a session of its own, as ours are: a busy machine shares its CPUs among sessions.
    for (const [index, { argv, files }] of this.#copied.entries()) {
      await cp(files, join(run, `${index}`), { recursive: true });
      starts.push(`(cd ${quoted(join(run, `${index}`))} && exec setsid ${argv.map(quoted).join(" ")}) &`);
    }
    let shell: number | undefined;
    try {
      const ms = await timed(async () => {
        shell = spawn("sh", ["-c", `${starts.join("\n")}\nwait`], { stdio: "ignore" }).pid;
        await Promise.all(this.#copied.map(({ port }) => firstAnswer(port, everyMs)));
      });
      return { ms, cpuMs: await totalCpuMs(await childrenOf(shell ?? 0)) };
    } finally {
      for (const pid of shell === undefined ? [] : [...(await childrenOf(shell)), shell])
        process.kill(pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 300));
      await rm(run, { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/** What it takes to hash what each boot hashes of a guest image, just as it does: its attestation. */
export async function hashingMs(node: BenchNode): Promise<number> {
  const [image = ""] = (await readdir(node.imageDir)).filter((name) => /^[0-9a-f]{64}$/.test(name));
  const folder = join(node.imageDir, image);
  const { files } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
    files: Readonly<Record<string, FileRecord>>;
  };
  return timed(() => attest(folder, files, new AbortController().signal));
}
