import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The checkout's folder. */
export const root = join(import.meta.dirname, "../..");

export const read = (path: string): string => readFileSync(join(root, path), "utf8");

/** Every file of the tree that git knows or would take, as paths from its root. */
export const files: readonly string[] = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\0")
  .filter((path) => path !== "" && existsSync(join(root, path)));

const isGenerated = (path: string): boolean => /\/(gen|golden|fixtures)\//.test(path);

/** What people write and read as code. */
export const sources: readonly string[] = files.filter(
  (path) =>
    !isGenerated(path) && (/\.(ts|mjs|js|sh|proto)$/.test(path) || /^(tools|\.ci)\/[^.]+$/.test(path)),
);

export interface Manifest {
  readonly name: string;
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Package {
  /** From the tree's root: `packages/base`. */
  readonly folder: string;
  /** Within the design: `base`, or `apps/agent`. */
  readonly short: string;
  readonly manifest: Manifest;
}

export const packages: readonly Package[] = ["packages", "apps"]
  .flatMap((group) => readdirSync(join(root, group)).map((name) => `${group}/${name}`))
  .filter((folder) => existsSync(join(root, folder, "package.json")))
  .map((folder) => ({
    folder,
    short: folder.replace(/^packages\//, ""),
    manifest: JSON.parse(read(`${folder}/package.json`)) as Manifest,
  }));
