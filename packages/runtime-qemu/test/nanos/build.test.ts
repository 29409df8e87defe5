import { mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isProblem } from "@mcp/base";
import { realClock, silentLogger } from "@mcp/host";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createNanosBuilder } from "../../src/guest/nanos/nanos-builder.ts";
import { opsImageName } from "../../src/guest/part-folder.ts";
import { imageOf, NanosRig, program, unikernel } from "./nanos-rig.ts";

const signal = AbortSignal.timeout(80_000);

async function problemOf(work: Promise<unknown>) {
  const thrown = await work.then(
    () => expect.fail("it did not fail"),
    (error: unknown) => error,
  );
  if (!isProblem(thrown)) throw thrown;
  return thrown;
}

describe("building a unikernel by an ops that does not do it", () => {
  let rig: NanosRig;
  beforeAll(async () => {
    rig = await NanosRig.open();
  });
  afterAll(() => rig.close());

  const images = imageOf([program("app")], { cmd: ["/app"] });
  const failing = async (mode: string, more = {}, spec = unikernel()) => {
    const folder = await rig.emptyFolder();
    const problem = await problemOf((await rig.builder(mode, more)).build(spec, images, folder, signal));
    expect(await readdir(folder)).toEqual([]);
    expect(await readdir(join(rig.opsHome, ".ops", "images"))).toEqual([]);
    return problem;
  };

  it("says what ops says when it fails, without its colours and without secrets", async () => {
    const problem = await failing("cannot", {}, unikernel({ env: { TOKEN: "very-secret" } }));
    expect(problem.code).toBe("tool_failed");
    expect(problem.message).toMatch(/^ops failed with exit code 1:\n/);
    expect(problem.message).toContain("cannot write root filesystem for");
    expect(problem.message).not.toMatch(/very-secret|\u001b/);
  });

  it("does not believe it that there is an image where there is none", async () => {
    expect(await failing("lies")).toMatchObject({
      code: "tool_failed",
      message: expect.stringMatching(/^ops says that it built an image, and there is none/),
    });
  });

  it("does not take exit code 0 for an image", async () => {
    expect(await failing("usage")).toMatchObject({
      code: "tool_failed",
      message: expect.stringMatching(/^ops ended without an image:.*unknown shorthand flag/s),
    });
  });

  it("gives up on one that hangs", async () => {
    expect(await failing("hangs", { buildWithinMs: 1_000 })).toMatchObject({
      code: "tool_timeout",
      message: expect.stringContaining("did not end within 1s"),
    });
  });

  it("knows a full disk", async () => {
    expect(await failing("full")).toMatchObject({ code: "disk_full" });
  });

  it("rethrows the reason of an abort, and leaves nothing", async () => {
    const folder = await rig.emptyFolder();
    const controller = new AbortController();
    const building = (await rig.builder("hangs")).build(unikernel(), images, folder, controller.signal);
    setTimeout(() => controller.abort("enough"), 300);
    await expect(building).rejects.toBe("enough");
    expect(await readdir(folder)).toEqual([]);
  });

  it("takes nothing of this host's along, wherever the image's links lead", async () => {
    const folder = await rig.emptyFolder();
    const entries = [
      program("app"),
      { name: "secret", type: "2", linkName: "../../../../../../etc/passwd" },
      { name: "hosts", type: "2", linkName: "/etc/hostname" },
    ];
    const { files } = await (await rig.builder()).build(
      unikernel({ cmd: ["/app", "--exit", "0"] }),
      imageOf(entries),
      folder,
      signal,
    );
    expect(files).toEqual(["disk.img"]);
    expect(await readdir(folder)).toEqual(["disk.img"]);
  });

  it("says whether it can build here, and what to do if not", async () => {
    const { opsHome, kernel } = rig;
    expect(await (await rig.builder()).probe(signal)).toEqual({
      ok: true,
      version: "nanos by ops 0.0.9-test",
    });
    const deps = { opsHome, clock: realClock, log: silentLogger };
    const missing = createNanosBuilder({ ...deps, ops: join(rig.folder, "none") });
    expect(await missing.probe(signal)).toMatchObject({
      ok: false,
      hint: expect.stringContaining("[vm.nanos] ops"),
    });
    const bare = createNanosBuilder({ ...deps, ops: await rig.ops(), opsHome: join(rig.folder, "bare") });
    expect(await bare.probe(signal)).toMatchObject({
      ok: false,
      why: "ops has no Nanos kernel and boot image here",
    });
    await rm(kernel);
    expect(await (await rig.builder()).probe(signal)).toMatchObject({
      ok: false,
      why: `there is no ${kernel}`,
      hint: expect.stringContaining("[vm.nanos] kernel"),
    });
    await writeFile(kernel, "a kernel");
  });

  it("asks ops for its version once, and again when it is another file", async () => {
    const builder = await rig.builder();
    const version = { ok: true, version: "nanos by ops 0.0.9-test" };
    const path = join(rig.folder, "ops-");
    await utimes(path, 1_000, 1_000);
    expect(await builder.probe(signal)).toEqual(version);
    // As long as before, and as old: nobody looks into a file that looks the same.
    await writeFile(path, (await readFile(path, "utf8")).replace("exec", "EXEC"));
    await utimes(path, 1_000, 1_000);
    expect(await builder.probe(signal)).toEqual(version);
    await writeFile(path, "#!/bin/sh\necho Ops version: 1.0.0\n");
    expect(await builder.probe(signal)).toEqual({ ok: true, version: "nanos by ops 1.0.0" });
  });

  it("does not wait long for an ops that hangs, nor twice in a minute", async () => {
    const builder = await rig.builder("hangs");
    const hung = {
      ok: false,
      why: expect.stringContaining("did not end within 3s"),
      hint: expect.stringContaining("see what it waits for"),
    };
    const began = performance.now();
    expect(await builder.probe(signal)).toMatchObject(hung);
    const first = performance.now() - began;
    expect(await builder.probe(signal)).toMatchObject(hung);
    expect(performance.now() - began - first).toBeLessThan(1_000);
  });

  it("removes what an agent that was killed left in the home of ops, and nothing else", async () => {
    const there = join(rig.opsHome, ".ops", "images");
    await mkdir(there, { recursive: true });
    const own = await opsImageName("0123456789abcdef");
    for (const name of ["mcp-999999999-1-0123456789abcdef", own, "theirs", "mcp-their-own"])
      await writeFile(join(there, name), "");
    const folder = await rig.emptyFolder();
    await (await rig.builder()).build(unikernel({ cmd: ["/app"] }), images, folder, signal);
    expect((await readdir(there)).sort()).toEqual(["mcp-their-own", own, "theirs"].sort());
    await rm(there, { recursive: true });
  });

  it("gives the same ingredients for the same spec, and others for what changes the image", async () => {
    const builder = await rig.builder();
    const key = async (more = {}) => JSON.stringify(await builder.ingredients(unikernel(more), signal));
    const first = await key();
    expect(await key({ name: "hello.bbbbb", memoryMiB: 512 })).toBe(first);
    for (const more of [{ cmd: ["x"] }, { env: { A: "1" } }, { files: ["/app"] }, { workdir: "/srv" }])
      expect(await key(more)).not.toBe(first);
    // It is in the image's environment, and in a file of it.
    expect(await key({ hostname: "other" })).not.toBe(first);
    expect(await key({ env: { A: "very-secret" } })).not.toContain("very-secret");
    await writeFile(rig.kernel, "another kernel");
    expect(await key()).not.toBe(first);
  });
});

describe("the real ops and Nanos", () => {
  const ops = process.env.MCP_TEST_OPS;
  const {
    MCP_TEST_NANOS_KERNEL: kernel,
    MCP_TEST_NANOS_BOOT: boot,
    MCP_TEST_NANOS_PROGRAM: file,
  } = process.env;

  it("build and boot a program that says hello", async ({ skip }) => {
    if (!ops || !kernel || !boot || !file) {
      skip(
        "not run: there is no ops here. Name it in MCP_TEST_OPS, its kernel and boot image in MCP_TEST_NANOS_KERNEL and " +
          "MCP_TEST_NANOS_BOOT, and in MCP_TEST_NANOS_PROGRAM a static program that prints its first argument and exits with 7",
      );
      return;
    }
    const rig = await NanosRig.open();
    try {
      const { opsHome } = rig;
      const builder = createNanosBuilder({ ops, kernel, boot, opsHome, clock: realClock, log: silentLogger });
      expect(await builder.probe(signal)).toMatchObject({ ok: true });
      const entries = [{ name: "app", data: await readFile(file), mode: 0o755 }];
      const { vm, qemuCode } = await rig.run(
        builder,
        unikernel({ cmd: ["/app", "hello"], memoryMiB: 256 }),
        imageOf(entries),
      );
      expect((await vm.lines()).map(({ text }) => text)).toContain("hello");
      expect(qemuCode).toBe((7 << 1) | 1);
    } finally {
      await rig.close();
    }
  });
});
