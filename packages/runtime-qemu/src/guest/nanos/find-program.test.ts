import { describe, expect, it } from "vitest";
import { unikernel } from "../../../test/nanos/nanos-rig.ts";
import { ImageTree, type TreeNode } from "../image-files/image-tree.ts";
import { findProgram } from "./find-program.ts";
import { stubProgram } from "./stub-program.ts";

/** A program for x86-64 that something must load. */
function loadedBy(interpreter: string): Buffer {
  const head = stubProgram();
  head.writeUInt32LE(3, 64);
  head.writeBigUInt64LE(BigInt(head.length), 64 + 8);
  head.writeBigUInt64LE(BigInt(interpreter.length + 1), 64 + 32);
  return Buffer.concat([head, Buffer.from(`${interpreter}\0`)]);
}
const builtFor = (machine: number): Buffer => {
  const head = stubProgram();
  head.writeUInt16LE(machine, 18);
  return head;
};

type Content = Buffer | string | { readonly to: string };
const config = { entrypoint: [], cmd: [], env: {}, workdir: "/", user: "" };

function imageWith(contents: Readonly<Record<string, Content>>) {
  const tree = new ImageTree();
  for (const [path, content] of Object.entries(contents)) {
    const isLink = typeof content === "object" && "to" in content;
    const node: TreeNode = isLink
      ? { type: "link", target: content.to }
      : { type: "file", offset: 0, size: 1, isExecutable: !path.endsWith(".txt") };
    tree.put(path, node);
  }
  return (image = {}, spec = {}) =>
    findProgram(tree, { ...config, ...image }, unikernel(spec), async ({ path }) =>
      Buffer.from(contents[path] as Buffer | string),
    );
}
const stub = stubProgram();

describe("the program of an image", () => {
  it("is its entrypoint with its command as arguments, each replaced by the definition's", async () => {
    const find = imageWith({ "/app": stub, "/other": stub });
    const image = { entrypoint: ["/app", "-a"], cmd: ["-b"] };
    expect((await find(image)).argv).toEqual(["/app", "-a", "-b"]);
    expect((await find(image, { cmd: ["-c"] })).argv).toEqual(["/app", "-a", "-c"]);
    expect((await find(image, { entrypoint: ["/other"] })).argv).toEqual(["/other"]);
    expect((await find(image, { entrypoint: [], cmd: ["/other"] })).argv).toEqual(["/other"]);
  });

  it("is refused with an argument that is empty, which Nanos would leave out", async () => {
    const find = imageWith({ "/app": stub });
    for (const more of [{ cmd: ["--name", "", "x"] }, { entrypoint: ["/app", ""] }])
      await expect(find({ entrypoint: ["/app"] }, more)).rejects.toMatchObject({
        code: "runtime_unsupported",
        message: expect.stringContaining("an argument that is empty"),
      });
  });

  it("is looked for on the image's PATH, through its links, and never outside of it", async () => {
    const find = imageWith({
      "/bin": { to: "usr/bin" },
      "/usr/bin/app": { to: "/../../../opt/app-1/app" },
      "/usr/bin/notes.txt": "x",
      "/opt/app-1/app": stub,
      "/loop": { to: "/loop" },
    });
    expect(await find({ cmd: ["app"] })).toMatchObject({
      path: "/opt/app-1/app",
      argv: ["app"],
      needs: ["/usr/bin/app", "/opt/app-1/app", "/"],
    });
    expect((await find({ cmd: ["/bin/app"] })).needs).toContain("/bin");
    expect(await find({ cmd: ["app"], env: { PATH: "/none:/opt/app-1" } })).toMatchObject({
      path: "/opt/app-1/app",
    });
    for (const name of ["cat", "/etc/passwd", "notes.txt", "/loop", "/usr/bin"])
      await expect(find({ cmd: [name] })).rejects.toMatchObject({
        code: "start_failed",
        message: `registry.example/hello:v1 has no program ${JSON.stringify(name)}`,
      });
  });

  it("is found from its working folder, which is made if it is not there", async () => {
    const find = imageWith({ "/srv/app/run": stub });
    expect(await find({ cmd: ["./run"], workdir: "/srv/app" })).toMatchObject({
      path: "/srv/app/run",
      workdir: "/srv/app",
    });
    expect(await find({ cmd: ["/srv/app/run"], workdir: "/var/work" })).toMatchObject({
      workdir: "/var/work",
    });
  });

  it("must be named", async () => {
    await expect(imageWith({})()).rejects.toMatchObject({
      code: "start_failed",
      message: "registry.example/hello:v1 does not say which program it starts",
      hint: expect.stringContaining("cmd ="),
    });
  });

  it.each([
    ["a script", "#!/bin/sh -e\necho", "is a script, to be run by /bin/sh -e"],
    ["no program at all", "hello", "is no ELF program"],
    ["an empty file", "", "is no ELF program"],
    ["for ARM64", builtFor(183), "is built for ARM64"],
    ["for 32-bit x86", builtFor(3), "is built for 32-bit x86"],
  ])("that is %s is no unikernel", async (_, content, why) => {
    await expect(imageWith({ "/app": content })({ cmd: ["/app"] })).rejects.toMatchObject({
      code: "runtime_unsupported",
      message: `/app in registry.example/hello:v1 ${why}, and a unikernel runs one x86-64 ELF program`,
      hint: expect.stringContaining('runtime = "microvm"'),
    });
  });

  it("takes what loads it along, and is refused where the image does not have that", async () => {
    const interpreter = "/lib64/ld-linux-x86-64.so.2";
    const files = { "/app": loadedBy(interpreter) };
    await expect(imageWith(files)({ cmd: ["/app"] })).rejects.toMatchObject({
      code: "runtime_unsupported",
      message: `/app in registry.example/hello:v1 needs ${interpreter}, which the image does not have`,
    });
    const find = imageWith({ ...files, "/lib64": { to: "usr/lib64" }, [`/usr${interpreter}`]: stub });
    expect((await find({ cmd: ["/app"] })).needs).toEqual(["/app", "/lib64", `/usr${interpreter}`, "/"]);
  });
});
