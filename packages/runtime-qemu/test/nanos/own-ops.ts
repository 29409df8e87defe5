#!/usr/bin/env node
/**
 * An `ops` for the tests. It keeps to what is known of the real one, its failures that end with 0 included, and writes a
 * disk that boots: what the guest does there is what the program's arguments say (`steps-of.ts`). `MCP_TEST_OPS_MODE` makes it
 * fail otherwise: `hangs`, `lies` (says that it built what it did not), `cannot` (exit code 1), `full`,
 * `usage` (exit code 0).
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { basename, join } from "node:path";
import { bootDisk, type Step } from "./boot-disk.ts";
import { stepsOf } from "./steps-of.ts";

interface Config {
  readonly Args?: readonly string[];
  readonly Env?: Readonly<Record<string, string>>;
  readonly Dirs?: readonly string[];
  readonly Kernel?: string;
  readonly Boot?: string;
  readonly BaseVolumeSz?: string;
  readonly ManifestPassthrough?: {
    readonly arguments?: readonly string[];
    readonly program?: string;
    readonly environment?: Readonly<Record<string, string>>;
  };
}

const known = new Set(
  "Args Env Files Dirs MapDirs Kernel Boot KlibDir BaseVolumeSz NameServers ManifestPassthrough RunConfig NanosVersion Mounts".split(
    " ",
  ),
);
const home = join(process.env.OPS_HOME ?? homedir(), ".ops");
const mode = process.env.MCP_TEST_OPS_MODE ?? "";
const red = (text: string): string => `\u001b[1;31m${text}\u001b[0m`;

/** With the exit code that the real one has, whatever it means. */
function end(code: number, text: string): never {
  process.stdout.write(`${text}\n`);
  process.exit(code);
}

function readConfig(path: string): Config {
  let config: Config;
  try {
    config = JSON.parse(readFileSync(path, "utf8")) as Config;
  } catch (error) {
    return end(0, red(`failed converting configuration file: ${(error as Error).message}`));
  }
  const unknown = Object.keys(config).find((key) => !known.has(key));
  if (unknown !== undefined)
    end(0, red(`failed converting configuration file: json: unknown field "${unknown}"`));
  if (config.Args !== undefined && !Array.isArray(config.Args))
    end(0, red("failed converting configuration file: json: cannot unmarshal"));
  return config;
}

function build(argv: readonly string[]): never {
  let elf = "";
  let config: Config = {};
  let name = "";
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    if (argument === "-c") config = readConfig(argv[++index] ?? "");
    else if (argument === "-i") name = argv[++index] ?? "";
    else if (argument.startsWith("-"))
      end(0, `Error: unknown shorthand flag: ${argument}\nUsage:\n  ops build [ELF file]`);
    else elf = argument;
  }
  if (readFileSync(elf).toString("latin1", 0, 4) !== "\u007fELF")
    end(1, red("only ELF binaries are supported"));
  for (const path of [config.Kernel, config.Boot])
    if (path !== undefined)
      statSync(path, { throwIfNoEntry: false }) ?? end(1, red(`error: ${path}: no such file`));
  for (const folder of config.Dirs ?? []) {
    if (!statSync(folder, { throwIfNoEntry: false }))
      end(1, red(`lstat ${folder}: no such file or directory`));
  }
  for (const path of readdirSync(".", { recursive: true, encoding: "utf8" })) {
    // What a link leads to outside of this folder would come along.
    const isInside = realpathSync(path).startsWith(`${realpathSync(".")}/`);
    if (!isInside) end(1, red(`${path} leads out of the image`));
  }
  if (mode === "usage") end(0, "Error: unknown shorthand flag: -x\nUsage:\n  ops build [ELF file]");
  const environment = environmentOf(config, name);
  if (mode === "cannot") end(1, `${red("cannot write root filesystem")} for ${JSON.stringify(environment)}`);
  if (mode === "full") end(1, red("write /images/x: no space left on device"));
  const image = join(home, "images", basename(name || elf).split(".")[0] ?? "");
  mkdirSync(join(home, "images"), { recursive: true });
  if (mode !== "lies")
    writeFileSync(image, bootDisk([...tracing(), ...stepsOf(argumentsOf(config), environment)]));
  return end(0, `${red("You are running an older version of Ops.")}\nBootable image file:${image}`);
}

/** With argv[0], as the guest's program sees them: an image holds no text that is empty. */
const argumentsOf = (config: Config): readonly string[] =>
  (
    config.ManifestPassthrough?.arguments ?? [
      config.ManifestPassthrough?.program ?? "",
      ...(config.Args ?? []),
    ]
  ).filter((argument) => argument !== "");

/** What is passed through stands for all of it, also for what ops adds by itself. */
const environmentOf = (config: Config, image: string): Readonly<Record<string, string>> =>
  config.ManifestPassthrough?.environment ?? {
    ...{ USER: "root", PWD: "/", OPS_VERSION: "0.0.9-test", NANOS_VERSION: "0.0.1", IMAGE_NAME: image },
    ...config.Env,
  };

/** The flags of the defaults, which go into every image: those of whoever calls it, unless another file is named. */
function tracing(): Step[] {
  const path = process.env.OPS_DEFAULT_CONFIG ?? join(userInfo().homedir, ".opsrc");
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  const { Debugflags = [] } = JSON.parse(readFileSync(path, "utf8")) as { Debugflags?: string[] };
  return Debugflags.map((flag) => ({ does: "print", text: `${flag}\r\n` }));
}

if (mode === "hangs") {
  process.on("SIGTERM", () => process.exit(1));
  setInterval(() => {}, 1_000);
} else {
  const [command, ...rest] = process.argv.slice(2);
  if (!readdirSync(home).includes("latest.txt")) end(1, red("No local build found."));
  process.stdout.write("version lookup failed, using local.\n");
  if (command === "version") end(0, "Ops version: 0.0.9-test\nNanos version: 0.0.1");
  if (command === "build") build(rest);
  end(0, `Error: unknown command "${command}" for "ops"`);
}
