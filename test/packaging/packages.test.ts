import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "@mcp/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packages } from "../architecture/tree.ts";
import { installAlone, packAll, type Tarball } from "./tarballs.ts";

let folder: string;
let tarballs: Tarball[];
const tarballOf = (name: string): Tarball => {
  const found = tarballs.find(({ manifest }) => manifest.name === name);
  if (!found) throw new Error(`${name} was not packed`);
  return found;
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mcp-packaging-"));
  tarballs = await packAll(join(folder, "tarballs"));
}, 600_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const names = packages.map(({ manifest }) => manifest.name);

describe("each package, as it is packed", () => {
  it.each(names)("%s holds what it needs and no sources", (name) => {
    const { holds } = tarballOf(name);
    expect(["package.json", "README.md", "LICENSE"].filter((path) => !holds.includes(path))).toEqual([]);
    expect(holds.filter((path) => path.startsWith("dist/")).length).toBeGreaterThan(0);
    expect(holds.filter((path) => /^(src|test)\/|\.test\./.test(path))).toEqual([]);
  });

  it.each(names)("%s names its dependencies by version", (name) => {
    const { dependencies, peerDependencies } = tarballOf(name).manifest;
    const versions = Object.entries({ ...dependencies, ...peerDependencies });
    expect(versions.filter(([, version]) => /^(workspace|catalog|link|file):/.test(version))).toEqual([]);
  });
});

describe("each package, installed alone in an empty folder", () => {
  it.concurrent.each(names)("%s is used by plain node", async (name) => {
    const tarball = tarballOf(name);
    const place = join(folder, "alone", name);
    await installAlone(tarball, tarballs, place);
    for (const path of Object.keys(tarball.manifest.exports ?? {})) {
      expect(await exportsOf(tarball, path, place), path).not.toEqual([]);
    }
    for (const program of Object.keys(tarball.manifest.bin ?? {})) {
      const { stdout } = await run([join(place, "node_modules/.bin", program), "--version"], { cwd: place });
      expect(stdout).toContain("0.");
    }
  });
});

/** What importing one entry gives. An entry for those who also have a peer (a conformance suite) names that peer. */
async function exportsOf({ manifest }: Tarball, path: string, place: string): Promise<string[]> {
  const script = `import(${JSON.stringify(join(manifest.name, path))}).then((all) => console.log(Object.keys(all).join()))`;
  const { exitCode, stdout, stderr } = await run([process.execPath, "-e", script], {
    cwd: place,
    anyExitCode: true,
  });
  if (exitCode === 0) return stdout.trim().split(",").filter(Boolean);
  const missing = /Cannot find package '([^']+)'/.exec(stderr)?.[1] ?? "";
  if (Object.hasOwn(manifest.peerDependencies ?? {}, missing)) return [`needs ${missing}`];
  throw new Error(`${manifest.name} ${path} cannot be imported:\n${stderr}`);
}
