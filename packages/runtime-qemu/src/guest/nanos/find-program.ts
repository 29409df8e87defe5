import { posix } from "node:path";
import { Problem } from "@mcp/base";
import type { ImageConfig, WorkloadSpec } from "@mcp/runtime";
import { argvOf, envOf } from "../command.ts";
import { readElf } from "../elf.ts";
import type { ImageTree, Resolved } from "../image-files/image-tree.ts";

export interface Program {
  /** In the image, with no link in it. */
  readonly path: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** Paths in the image without which it does not run: itself, its interpreter, the links that lead to them, its folder. */
  readonly needs: readonly string[];
}

/**
 * The program that an image starts, as OCI says: entrypoint and command, each from the definition if it is there; an
 * entrypoint of the definition's does away with the image's command.
 *
 * @param headOf reads the first bytes of a file of the image.
 * @throws Problem `start_failed` if there is no such program; `runtime_unsupported` if it is none that Nanos runs.
 */
export async function findProgram(
  tree: ImageTree,
  image: ImageConfig,
  spec: WorkloadSpec,
  headOf: (file: Resolved) => Promise<Buffer>,
): Promise<Program> {
  const argv = argvOf(spec, image);
  const { reference } = spec.image;
  const [name] = argv;
  if (name === undefined || name === "") {
    throw new Problem(
      "start_failed",
      `${reference} does not say which program it starts`,
      'name it in the definition: cmd = ["/path/of/the/program"]',
    );
  }
  if (argv.includes("")) {
    throw new Problem(
      "runtime_unsupported",
      `${reference} is started with an argument that is empty, which no unikernel is given: those after it would move up`,
      'leave it out of cmd and entrypoint, or choose another kind: runtime = "microvm"',
    );
  }
  const env = envOf(spec, image);
  const workdir = workdirOf(tree, spec.workdir ?? image.workdir);
  const found = lookUp(tree, name, workdir, env.PATH ?? "");
  if (!found) {
    throw new Problem(
      "start_failed",
      `${reference} has no program ${JSON.stringify(name)}`,
      "look at the image's files, and at cmd and entrypoint in the definition",
    );
  }
  const elf = readElf(await headOf(found));
  if (!elf.ok) {
    throw new Problem(
      "runtime_unsupported",
      `${found.path} in ${reference} ${elf.why}, and a unikernel runs one x86-64 ELF program`,
      'name such a program in cmd or entrypoint, or choose another kind: runtime = "microvm"',
    );
  }
  const interpreter = elf.interpreter === undefined ? undefined : tree.resolve(elf.interpreter);
  if (elf.interpreter !== undefined && interpreter?.node.type !== "file") {
    throw new Problem(
      "runtime_unsupported",
      `${found.path} in ${reference} needs ${elf.interpreter}, which the image does not have`,
      "link the program statically, or build the image from one that has this interpreter and its libraries",
    );
  }
  const needs = [found, interpreter ?? []].flat().flatMap(({ path, links }) => [...links, path]);
  return { path: found.path, argv, env, workdir, needs: [...needs, workdir] };
}

/** Made if it is not there, as container runtimes do. */
function workdirOf(tree: ImageTree, wanted: string): string {
  const path = posix.join("/", wanted);
  if (!tree.resolve(path)) tree.put(path, { type: "folder" });
  const found = tree.resolve(path);
  return found?.node.type === "folder" ? found.path : "/";
}

/** A name with a slash is a path; one without is looked for on the image's PATH. */
function lookUp(tree: ImageTree, name: string, workdir: string, path: string): Resolved | undefined {
  const places = name.includes("/") ? [""] : path.split(":").map((folder) => `${folder || "."}/`);
  for (const place of places) {
    const found = tree.resolve(`${place}${name}`, workdir);
    if (found?.node.type === "file" && (name.includes("/") || found.node.isExecutable)) return found;
  }
  return undefined;
}
