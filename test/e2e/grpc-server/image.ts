import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { PodmanRig } from "../../../packages/runtime-podman/test/rig.ts";

/** An image of the server, with this node and the libraries that it needs. Returns its name. */
export async function buildGrpcServer({ folder, image, cli }: PodmanRig): Promise<string> {
  const context = join(folder, "grpc-server");
  const root = join(context, "root");
  await mkdir(root, { recursive: true });
  await build({
    entryPoints: [join(import.meta.dirname, "server.ts")],
    outfile: join(root, "server.cjs"),
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
  await copyFile(process.execPath, join(root, "node"));
  for (const library of await librariesOf(process.execPath)) {
    await mkdir(join(root, dirname(library)), { recursive: true });
    await copyFile(library, join(root, library));
  }
  await writeFile(join(context, "Containerfile"), `FROM ${image}\nCOPY root /\n`);
  const name = "localhost/grpc-server:v1";
  await cli(["build", "--quiet", "--tag", name, context]);
  return name;
}

async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ldd", [program]);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}
