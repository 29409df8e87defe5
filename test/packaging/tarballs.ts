import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { type Package, packages, root } from "../architecture/tree.ts";
import { workspaceStore } from "../pnpm-store.ts";

export interface Tarball {
  readonly package: Package;
  readonly path: string;
  /** Paths within, without the leading `package/`. */
  readonly holds: readonly string[];
  readonly manifest: PackedManifest;
}

export interface PackedManifest {
  readonly name: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** Build everything (cached by turbo) and pack each package into `folder`, as a release would. */
export async function packAll(folder: string): Promise<Tarball[]> {
  const env = { TURBO_TELEMETRY_DISABLED: "1" };
  const build = ["pnpm", "exec", "turbo", "run", "build", "--output-logs=errors-only", "--ui=stream"];
  await run(build, { cwd: root, timeoutMs: 300_000, env });
  await mkdir(folder, { recursive: true });
  return Promise.all(packages.map((one) => pack(one, folder)));
}

async function pack(one: Package, folder: string): Promise<Tarball> {
  const path = join(folder, `${one.short.replace("/", "-")}.tgz`);
  await run(["pnpm", "pack", "--out", path], { cwd: join(root, one.folder) });
  const { stdout: names } = await run(["tar", "-tzf", path]);
  const { stdout: manifest } = await run(["tar", "-xzOf", path, "package/package.json"]);
  return {
    package: one,
    path,
    holds: names
      .trim()
      .split("\n")
      .map((name) => name.replace(/^package\//, "")),
    manifest: JSON.parse(manifest) as PackedManifest,
  };
}

/**
 * Make `folder` a project that depends on one tarball and nothing else. Packages of this workspace that it needs come as
 * their tarballs; everything else in the versions of the workspace's lock file, so that what was tested is installed.
 */
export async function installAlone(one: Tarball, all: readonly Tarball[], folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const project = {
    private: true,
    type: "module",
    dependencies: { [one.manifest.name]: `file:${one.path}` },
  };
  const ours = Object.fromEntries(all.map(({ manifest, path }) => [manifest.name, `file:${path}`]));
  const settings = { packages: ["."], overrides: { ...(await lockedVersions()), ...ours } };
  await writeFile(join(folder, "package.json"), JSON.stringify(project));
  // JSON is YAML.
  await writeFile(join(folder, "pnpm-workspace.yaml"), JSON.stringify(settings));
  const install = ["pnpm", "install", "--ignore-scripts", "--prod", "--config.trust-lockfile=true"];
  const options = { cwd: folder, timeoutMs: 120_000, env: { CI: "1", ...(await workspaceStore()) } };
  const offline = await run([...install, "--offline"], { ...options, anyExitCode: true });
  if (offline.exitCode !== 0) await run([...install, "--prefer-offline"], options);
}

/** The versions of the lock file's packages, of those that it has in one version. */
async function lockedVersions(): Promise<Record<string, string>> {
  const lock = await readFile(join(root, "pnpm-lock.yaml"), "utf8");
  const section = lock.slice(lock.indexOf("\npackages:"), lock.indexOf("\nsnapshots:"));
  const found = new Map<string, string[]>();
  for (const [, name = "", version = ""] of section.matchAll(
    /^ {2}'?((?:@[^/\s]+\/)?[^@/\s]+)@([^:(\s']+)'?:$/gm,
  )) {
    found.set(name, [...(found.get(name) ?? []), version]);
  }
  return Object.fromEntries(
    [...found].flatMap(([name, [version = "", ...more]]) => (more.length ? [] : [[name, version]])),
  );
}
