import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { isProblem, Problem } from "@mcp/base";
import type { Run, RunResult } from "@mcp/host";
import { makePassable } from "../../confinement/passable-folder.ts";
import { findProgram } from "../../process/find-program.ts";
import { isOpsImageOfTheLiving } from "../part-folder.ts";

export interface OpsOptions {
  /** A path, or a name on the PATH. */
  readonly ops: string;
  /** A folder of ours alone: ops writes in it without a lock. */
  readonly home: string;
  readonly run: Run;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

export interface OpsBuild {
  /** The folder that ops is started in, and takes files from. */
  readonly folder: string;
  /** In that folder. */
  readonly program: string;
  readonly config: string;
  /** Of the image, unique and without a dot: ops cuts it there. */
  readonly name: string;
  /** An empty folder for what ops leaves about. */
  readonly temporary: string;
  readonly timeoutMs: number;
  /** Never shown: what the definition's environment holds. */
  readonly secrets: readonly string[];
}

/** Whoever asks what this host can run waits for it. */
const versionWithinMs = 3_000;
const failureHoldsMs = 60_000;
const unknownVersion = "of unknown version";

interface KnownVersion {
  /** Which file it is of, as it was then. */
  readonly looks: string;
  readonly untilMs: number;
  readonly version: string | Problem;
}

/** The program `ops`, which is never to go online, never to wait, and never to be believed. */
export class Ops {
  readonly #options: OpsOptions;
  #known: KnownVersion | undefined;

  constructor(options: OpsOptions) {
    this.#options = options;
  }

  /** Where it is, or undefined. */
  async path(): Promise<string | undefined> {
    const { ops } = this.#options;
    return findProgram(ops.includes("/") ? resolve(ops) : ops);
  }

  /** The folder of the Nanos release that is installed in its home, if there is one. */
  async release(): Promise<string | undefined> {
    const home = join(this.#options.home, ".ops");
    const version = (await readFile(join(home, "latest.txt"), "utf8").catch(() => "")).trim();
    const folder = join(home, version);
    return /^\w[\w.-]*$/.test(version) && (await isFile(join(folder, "kernel.img"))) ? folder : undefined;
  }

  /**
   * What it calls itself: `0.1.46`. Asked once of each file: of one that failed or hung, again after a minute.
   * @throws Problem `tool_timeout` after 3 seconds, `tool_missing`, `tool_failed`.
   */
  async version(signal: AbortSignal): Promise<string> {
    const looks = await looksOf(await this.path());
    if (this.#known?.looks !== looks || this.#options.now() >= this.#known.untilMs) {
      const version = await this.#askVersion(signal);
      const isKnown = !isProblem(version) && version !== unknownVersion;
      const holdsMs = isKnown ? Number.POSITIVE_INFINITY : failureHoldsMs;
      this.#known = { looks, version, untilMs: this.#options.now() + holdsMs };
    }
    const { version } = this.#known;
    if (isProblem(version)) throw version;
    return version;
  }

  async #askVersion(signal: AbortSignal): Promise<string | Problem> {
    try {
      const { stdout } = await this.#call(["version"], { timeoutMs: versionWithinMs, signal });
      return /ops version:?\s*v?(\d[\w.-]*)/i.exec(plain(stdout))?.[1] ?? unknownVersion;
    } catch (error) {
      signal.throwIfAborted();
      if (isProblem(error)) return error;
      throw error;
    }
  }

  /**
   * Build an image, and return its path.
   * @throws Problem `tool_failed` with what ops said; `tool_timeout`, `tool_missing`, `disk_full`.
   */
  async build(build: OpsBuild, signal: AbortSignal): Promise<string> {
    const image = join(this.#options.home, ".ops", "images", build.name);
    await rm(image, { force: true });
    const argv = ["build", build.program, "-c", build.config, "-i", build.name];
    const { folder: cwd, timeoutMs } = build;
    try {
      const result = await this.#call(argv, { timeoutMs, signal, cwd, env: { TMPDIR: build.temporary } });
      const found = await stat(image).catch(() => undefined);
      const why = judgeBuild(result, found?.isFile() ? found.size : undefined);
      if (why === undefined) return image;
      throw buildProblem(why, result, build.secrets);
    } catch (error) {
      await rm(image, { force: true });
      throw error;
    }
  }

  async #call(
    argv: readonly string[],
    options: { timeoutMs: number; signal: AbortSignal; cwd?: string; env?: Record<string, string> },
  ): Promise<RunResult> {
    const { ops, home, run } = this.#options;
    await prepareHome(home);
    const env = {
      ...offline,
      OPS_HOME: home,
      HOME: home,
      // Else the .opsrc of whoever runs the agent would change every image.
      OPS_DEFAULT_CONFIG: join(home, defaultsName),
      ...options.env,
    };
    try {
      return await run([(await this.path()) ?? ops, ...argv], { ...options, env, anyExitCode: true });
    } catch (error) {
      if (!isProblem(error) || error.code !== "tool_timeout") throw error;
      const hint =
        "see what it waits for: it asks for the newest version first, and must be able to fail at that";
      throw new Problem("tool_timeout", error.message, hint, { cause: error });
    }
  }
}

/**
 * Each call asks the network for the newest version first, and waits for as long as that takes. A proxy that refuses every
 * connection makes it go on at once with what is here.
 */
const nowhere = "http://127.0.0.1:9";
const offline = {
  HTTP_PROXY: nowhere,
  HTTPS_PROXY: nowhere,
  http_proxy: nowhere,
  https_proxy: nowhere,
  NO_PROXY: undefined,
  no_proxy: undefined,
  // Else it would read the config as a template over this environment.
  ops_render_config: undefined,
};

const defaultsName = "defaults.json";

/** Without a note of some version, ops gives up when it cannot ask for the newest. Kernel and boot image are ours to name. */
async function prepareHome(home: string): Promise<void> {
  // What it lies in may be the folder of the images.
  await makePassable(dirname(home));
  const images = join(home, ".ops", "images");
  await mkdir(images, { recursive: true, mode: 0o700 });
  // What was being built when its agent was killed.
  for (const name of await readdir(images))
    if ((await isOpsImageOfTheLiving(name)) === false) await rm(join(images, name), { force: true });
  for (const [path, text] of [
    [join(home, ".ops", "latest.txt"), "0.0.1"],
    [join(home, defaultsName), "{}"],
  ] as const) {
    await writeFile(path, text, { flag: "wx" }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
}

/**
 * Why a build is none, undefined if it is one. Its exit code says little: unknown flags and keys, wrong types and invalid
 * JSON end with 0. It has built an image when it says so, and the image is there.
 *
 * @param imageBytes of the image's file, which was not there before; undefined if it still is not.
 */
export function judgeBuild(
  { exitCode, stdout }: RunResult,
  imageBytes: number | undefined,
): string | undefined {
  if (exitCode !== 0) return `failed with exit code ${exitCode}`;
  if (!/^Bootable image file:\s*\S/m.test(plain(stdout))) return "ended without an image";
  if (imageBytes === undefined) return "says that it built an image, and there is none";
  if (imageBytes === 0) return "built an image that is empty";
  return undefined;
}

function buildProblem(why: string, { stdout, stderr }: RunResult, secrets: readonly string[]): Problem {
  let said = plain(`${stdout}\n${stderr}`).trim().split("\n").slice(-20).join("\n");
  for (const secret of secrets) if (secret.length > 3) said = said.replaceAll(secret, "…");
  if (/no space left on device/i.test(said)) {
    return new Problem("disk_full", "no space left to build a unikernel's image", "make room: df -h");
  }
  const hint =
    "see what ops says above; ops, its kernel and its boot image are named in [vm.nanos] of the agent's config";
  return new Problem("tool_failed", `ops ${why}${said && `:\n${said}`}`, hint);
}

/** Another file is another ops. Empty where there is none. */
const looksOf = (path = ""): Promise<string> =>
  stat(path, { bigint: true }).then(
    ({ dev, ino, size, mtimeNs }) => [path, dev, ino, size, mtimeNs].join(" "),
    () => "",
  );

/** Its words, without colours, and without what overwrites a line of progress. */
const plain = (text: string): string => stripVTControlCharacters(text).replaceAll(/\r\n?/g, "\n");

export const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
