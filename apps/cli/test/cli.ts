import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { bundle } from "../build.bundle.mjs";

const app = dirname(import.meta.dirname);

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 and the number of the signal that ended it. */
  readonly exit: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Buffer;
  readonly cwd?: string;
  /** Another user; only root can ask for one. */
  readonly uid?: number;
}

export type Running = ChildProcessByStdio<Writable, Readable, Readable>;

/** The bundled command line, made of the sources as they are, in a folder and with a home of its own. */
export class Cli implements AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  readonly bin: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.home = join(folder, "home");
    this.bin = join(folder, "app/bin/mcp.js");
  }

  static async build(): Promise<Cli> {
    const cli = new Cli(await mkdtemp(join(tmpdir(), "mcp-cli-")));
    // Others too may read it, for what is tried as another user.
    await chmod(cli.folder, 0o755);
    await mkdir(cli.home, { mode: 0o755 });
    await cp(join(app, "bin"), join(cli.folder, "app/bin"), { recursive: true });
    await bundle(join(cli.folder, "app/dist"));
    return cli;
  }

  /** Write a file below the home; missing folders are made. */
  async write(path: string, content: string | Buffer): Promise<string> {
    const file = join(this.home, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  }

  /** Make an agent's address the one of the configuration. */
  configure(address: string, more = ""): Promise<string> {
    return this.write(".config/mcp/mcp.toml", `${more}[[nodes]]\nname = "rift"\naddress = "${address}"\n`);
  }

  start(args: readonly string[], { env = {}, cwd = this.home, uid }: RunOptions = {}): Running {
    return spawn(process.execPath, [this.bin, ...args], {
      cwd,
      env: { PATH: process.env.PATH, HOME: this.home, ...env },
      stdio: ["pipe", "pipe", "pipe"],
      ...(uid !== undefined && { uid }),
    });
  }

  async run(args: readonly string[] | string, options: RunOptions = {}): Promise<Ran> {
    const child = this.start(typeof args === "string" ? args.split(" ") : args, options);
    child.stdin.on("error", () => {});
    child.stdin.end(options.input);
    return ended(child);
  }

  /** With redirections as a shell's user types them: `2>/dev/full`, `| head -n 1`. The exit code is that of mcp. */
  async runRedirected(args: string, redirection: string): Promise<Ran> {
    const script = `set -o pipefail; "$0" "$1" ${args} ${redirection}`;
    const child = spawn("bash", ["-c", script, process.execPath, this.bin], {
      cwd: this.home,
      env: { PATH: process.env.PATH, HOME: this.home },
      stdio: ["pipe", "pipe", "pipe"],
    });
    return ended(child);
  }

  /** With standard output sent to a file or a device. */
  async runInto(file: string, args: string): Promise<Omit<Ran, "stdout">> {
    await using output = await open(file, "w");
    const child = spawn(process.execPath, [this.bin, ...args.split(" ")], {
      cwd: this.home,
      env: { PATH: process.env.PATH, HOME: this.home },
      stdio: ["ignore", output.fd, "pipe"],
    });
    const [stderr, [code]] = await Promise.all([
      child.stderr ? textOf(child.stderr) : "",
      once(child, "close"),
    ]);
    return { stderr, exit: code };
  }

  /** The same on a terminal, of 100 columns if not told otherwise: what is written to it, standard output and error together. */
  async onTerminal(args: string, env: Readonly<Record<string, string>> = {}, columns = 100): Promise<Ran> {
    const child = spawn(
      "script",
      ["-qefc", `stty cols ${columns} rows 30; exec ${process.execPath} ${this.bin} ${args}`, "/dev/null"],
      {
        cwd: this.home,
        env: { PATH: process.env.PATH, HOME: this.home, TERM: "xterm", ...env },
        stdio: ["pipe", "pipe", "pipe"],
      },
    );
    const ran = await ended(child);
    return { ...ran, stdout: ran.stdout.replaceAll("\r\n", "\n") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

const signals: Readonly<Record<string, number>> = { SIGINT: 2, SIGPIPE: 13, SIGTERM: 15 };

export async function ended(child: Running): Promise<Ran> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    textOf(child.stdout),
    textOf(child.stderr),
    once(child, "close"),
  ]);
  return { stdout, stderr, exit: code ?? 128 + (signals[signal] ?? 0) };
}

/** Nothing of a stream that the test has closed. */
const textOf = async (stream: Readable): Promise<string> =>
  stream.destroyed ? "" : Buffer.concat(await Array.fromAsync(stream)).toString("utf8");

/** All that a child has written so far, as soon as it contains a text. */
export async function written(stream: Readable, text: string): Promise<string> {
  let all = "";
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    all += chunk;
    if (all.includes(text)) return all;
  }
  throw new Error(`it ended without ${JSON.stringify(text)}, having written ${JSON.stringify(all)}`);
}
