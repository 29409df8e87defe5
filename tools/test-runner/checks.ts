import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem } from "@mcp/base";
import { run } from "@mcp/host";
import { line, stage } from "../terminal/stage.ts";
import type { Totals } from "./totals.ts";

const root = join(import.meta.dirname, "../..");
const widest = 400;
const bin = join(root, "node_modules/.bin");
const proto = join(root, "packages/proto");

interface Check {
  readonly name: string;
  readonly argv: () => Promise<readonly (readonly string[])[]>;
  readonly cwd?: string;
}

const always = (...argvs: (readonly string[])[]) => Promise.resolve(argvs);
const buf = join(proto, "node_modules/.bin/buf");

/** What is tested without vitest; each counts as one test. */
const checks: readonly Check[] = [
  { name: "format and lint", argv: () => always([join(bin, "biome"), "check", "--error-on-warnings", "."]) },
  { name: "types", argv: () => always([join(bin, "tsc"), "--noEmit", "-p", "tsconfig.json"]) },
  {
    name: "shell scripts",
    argv: async () => [["shellcheck", "--external-sources", ...(await shellScripts())]],
  },
  { name: "the wire: lint", cwd: proto, argv: () => always([buf, "lint"]) },
  {
    name: "the wire: nothing released is broken",
    cwd: proto,
    argv: () => always([buf, "breaking", "--against", "released/mcp.v1.json"]),
  },
];

/** Run the checks whose name holds the filter. */
export async function runChecks(filter: string, totals: Totals): Promise<void> {
  const chosen = checks.filter(({ name }) => name.includes(filter));
  for (const check of chosen) await runCheck(check.name, totals, () => runAll(check));
  const generated = "the wire: generated code is current";
  if (generated.includes(filter)) await runCheck(generated, totals, generatedIsCurrent);
}

/** A check found something: what it says is all there is to know, unlike a bug's stack. */
export class Found extends Error {}

/** One check: passes unless it throws. */
export async function runCheck(name: string, totals: Totals, work: () => Promise<void>): Promise<void> {
  const current = stage(name);
  try {
    await work();
    totals.passed++;
    current.tick();
  } catch (thrown) {
    totals.failed.push(name);
    current.cross();
    const isSaid = thrown instanceof Found || isProblem(thrown);
    line(indent(isSaid ? thrown.message : String((thrown as Error).stack ?? thrown)));
  }
}

/** Under what it belongs to; a line that no terminal could show is cut. */
export const indent = (text: string): string =>
  text
    .split("\n")
    .map((each) => `    │ ${each.length > widest ? `${each.slice(0, widest)}…` : each}`)
    .join("\n");

async function runAll({ argv, cwd = root }: Check): Promise<void> {
  for (const one of await argv()) await runOrSay(one, cwd);
}

/** As `run`, but says all that a failing check printed, since each of its lines is a mistake. */
export async function runOrSay(argv: readonly string[], cwd = root): Promise<void> {
  const env = { NO_COLOR: "1", FORCE_COLOR: undefined, TURBO_TELEMETRY_DISABLED: "1" };
  const result = await run(argv, { cwd, env, anyExitCode: true, timeoutMs: 600_000 });
  if (result.exitCode === 0) return;
  const said = `${result.stdout}\n${result.stderr}`.trim().split("\n");
  const left = said.length > 60 ? [`… and ${said.length - 60} lines more`] : [];
  throw new Found([...said.slice(0, 60), ...left].join("\n"));
}

async function shellScripts(): Promise<string[]> {
  const { stdout } = await run(["git", "ls-files", "tools", ".ci"], { cwd: root });
  const isShell = (path: string) => path.endsWith(".sh") || /^(tools|\.ci)\/(lib\/)?[^./]+$/.test(path);
  return stdout.trim().split("\n").filter(isShell);
}

/** Generate again, elsewhere, and compare file by file. */
async function generatedIsCurrent(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "mcp-generated-"));
  try {
    const path = `${join(proto, "node_modules/.bin")}:${process.env.PATH ?? ""}`;
    await run([buf, "generate", "--output", folder], { cwd: proto, env: { PATH: path } });
    if ((await readdir(folder)).length === 0) throw new Found("buf generated nothing");
    await runOrSay(["diff", "-r", join(proto, "src/gen"), join(folder, "src/gen")]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
