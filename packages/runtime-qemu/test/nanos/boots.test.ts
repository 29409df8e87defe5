import { createHash } from "node:crypto";
import { chmod, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { realClock, run, silentLogger } from "@mcp/host";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { Console } from "../../src/console/console.ts";
import { ImageCache } from "../../src/guest/image-cache.ts";
import { exitOf } from "../../src/vm/exit.ts";
import { imageOf, NanosRig, program, unikernel } from "./nanos-rig.ts";

const sha256 = async (path: string) =>
  createHash("sha256")
    .update(await readFile(path))
    .digest("hex");

describe("a unikernel, built by the tests' ops and booted by QEMU", () => {
  let rig: NanosRig;
  let missing: string | undefined;
  beforeAll(async () => {
    rig = await NanosRig.open();
    missing = await run(["qemu-system-x86_64", "--version"]).then(
      () => undefined,
      ({ message }: Error) => `not run: ${message}`,
    );
  });
  beforeEach(({ skip }) => {
    if (missing !== undefined) skip(missing);
  });
  afterAll(() => rig.close());

  it("runs the image's program with its arguments, its environment and its files, and tells its exit code", async () => {
    const images = imageOf([program("usr/bin/app"), { name: "etc/greeting", data: "from a file" }], {
      entrypoint: ["app"],
      cmd: ["--print", "hello, wörld", "--env", "NAME", "--file", "/etc/greeting", "--exit", "7"],
      env: { NAME: "image" },
    });
    const spec = unikernel({ env: { NAME: "definition" } });
    const { qemuCode, vm, image } = await rig.run(await rig.builder(), spec, images);
    expect((await vm.lines()).map(({ text }) => text)).toEqual(["hello, wörld", "definition", "from a file"]);
    expect(qemuCode).toBe(15);
    const qemu = { code: qemuCode ?? 0, ended: "exited" } as const;
    const exit = exitOf({
      atMs: 1,
      qemu,
      status: [],
      outOfMemory: false,
      bySignal: false,
      hasDebugExit: true,
    });
    expect(exit).toEqual({ atMs: 1, code: 7, reason: "exited" });
    expect(image.facts).toEqual({ program: "/usr/bin/app" });
  });

  it("brings a line of 20 000 characters back whole, and tells each line's time", async () => {
    const long = "x".repeat(20_000);
    const images = imageOf([program("app")]);
    const spec = unikernel({
      cmd: ["/app", "--print", "a", "--wait", "300", "--print", long, "--print", "b", "--exit", "0"],
    });
    const { vm, qemuCode } = await rig.run(await rig.builder(), spec, images);
    const lines = await vm.lines();
    expect(lines.map(({ text }) => text)).toEqual(["a", long, "b"]);
    expect(qemuCode).toBe(1);
    expect((lines[1]?.atMs ?? 0) - (lines[0]?.atMs ?? 0)).toBeGreaterThan(200);
  });

  it("leaves the image as it was built, whatever the guest writes", async () => {
    const spec = unikernel({ cmd: ["/app", "--print", "up"] });
    const { image } = await rig.run(await rig.builder(), spec, imageOf([program("app")]), async () => {});
    const again = await rig.emptyFolder();
    await (await rig.builder()).build(spec, imageOf([program("app")]), again, AbortSignal.timeout(30_000));
    expect(await sha256(join(image.folder, "disk.img"))).toBe(await sha256(join(again, "disk.img")));
  });

  it("keeps the raw console small while QEMU writes it, and loses no line", async () => {
    const cycle = Array.from({ length: 60 }, (_, index) => `line ${index} ${"·".repeat(200)}`);
    const cmd = ["/app", ...cycle.flatMap((text) => ["--print", text]), "--again"];
    const images = imageOf([program("app")]);
    const spec = unikernel({ cmd });
    const slackBytes = 64 * 1024;
    const { vm } = await rig.run(
      await rig.builder(),
      spec,
      images,
      async ({ folder }) => {
        const raw = join(folder.run, "serial");
        await expect.poll(async () => (await stat(raw)).size, { timeout: 40_000 }).toBeGreaterThan(600_000);
        await expect.poll(async () => (await stat(raw)).blocks * 512).toBeLessThan(slackBytes * 3);
      },
      { slackBytes },
    );
    const texts = (await vm.lines()).map(({ text }) => text);
    expect(texts.length).toBeGreaterThan(1_000);
    for (const [index, text] of texts.slice(0, -1).entries()) expect(text).toBe(cycle[index % cycle.length]);
  });

  it("marks what the guest wrote while nobody read, and repeats nothing", async () => {
    const cmd = ["/app", "--print", "one", "--wait", "500", "--print", "two", "--wait", "30000"];
    const spec = unikernel({ cmd });
    const builder = await rig.builder();
    const { vm } = await rig.run(
      builder,
      spec,
      imageOf([program("app")]),
      async ({ console, lines, folder }) => {
        await expect.poll(async () => (await lines()).length).toBe(1);
        await console.close();
        await expect
          .poll(async () => (await readFile(join(folder.run, "serial"), "utf8")).includes("two"))
          .toBe(true);
      },
    );
    const later = new Console({
      folder: vm.folder,
      outputs: { stdout: "serial" },
      clock: realClock,
      log: silentLogger,
    });
    await later.finish();
    expect(await vm.lines()).toMatchObject([{ text: "one" }, { text: "two", found: true }]);
  });

  it("boots with folders of the host shared with it", async () => {
    const host = await rig.emptyFolder();
    const volume = { host, guest: "/data", readOnly: false, relabel: false };
    const spec = unikernel({
      cmd: ["/app", "--print", "up", "--exit", "3"],
      volumes: [volume, { ...volume, guest: "/srv/more" }],
    });
    const { qemuCode } = await rig.run(await rig.builder(), spec, imageOf([program("app")]));
    expect(qemuCode).toBe(7);
  });

  it("is refused a folder that is read-only, before anything is built and when its image is there", async () => {
    const host = await rig.emptyFolder();
    const folder = await rig.emptyFolder();
    const volume = { host, guest: "/data", readOnly: true, relabel: false };
    const spec = unikernel({ cmd: ["/app"], volumes: [volume] });
    const builder = await rig.builder();
    const images = imageOf([program("app")]);
    const refused = { code: "runtime_unsupported", message: expect.stringContaining("/data read-only") };
    const signal = AbortSignal.timeout(30_000);
    await expect(builder.build(spec, images, folder, signal)).rejects.toMatchObject(refused);
    expect(await readdir(folder)).toEqual([]);
    const image = { key: "0".repeat(64), folder, sha256: {}, facts: {} };
    const place = { run: folder, accel: "tcg" } as const;
    await expect(builder.prepare(image, spec, place, signal)).rejects.toMatchObject(refused);
    expect(await readdir(folder)).toEqual([]);
  });

  it("has the environment that was asked for, nothing that ops adds, and the name of its component", async () => {
    const images = imageOf([program("app"), { name: "etc/hostname", data: "the image's" }]);
    const names = ["PWD", "IMAGE_NAME", "NANOS_VERSION", "USER", "HOSTNAME"];
    const cmd = [
      "/app",
      ...names.flatMap((name) => ["--env", name]),
      "--file",
      "/etc/hostname",
      "--exit",
      "0",
    ];
    const { vm } = await rig.run(await rig.builder(), unikernel({ cmd, env: { USER: "me" } }), images);
    expect((await vm.lines()).map(({ text }) => text)).toEqual(["", "", "", "me", "hello", "hello"]);
  });

  it("has nothing of the defaults that ops has for whoever runs the agent", async ({ onTestFinished }) => {
    const defaults = join(await rig.emptyFolder(), "opsrc");
    await writeFile(defaults, '{"Debugflags": ["trace"]}');
    vi.stubEnv("OPS_DEFAULT_CONFIG", defaults);
    onTestFinished(() => void vi.unstubAllEnvs());
    const spec = unikernel({ cmd: ["/app", "--print", "up", "--exit", "0"] });
    const { vm } = await rig.run(await rig.builder(), spec, imageOf([program("app")]));
    expect((await vm.lines()).map(({ text }) => text)).toEqual(["up"]);
  });

  it("is built once, and refused once its image is another than what was built", async () => {
    const signal = AbortSignal.timeout(60_000);
    const cache = new ImageCache({ dir: join(rig.folder, "images"), log: silentLogger });
    const builder = await rig.builder();
    const images = imageOf([program("app")]);
    const spec = unikernel({ cmd: ["/app", "--print", "up"] });
    const image = await cache.get(builder, spec, images, signal);
    const disk = join(image.folder, "disk.img");
    expect(image.sha256["disk.img"]).toBe(await sha256(disk));
    expect((await stat(disk)).mode & 0o777).toBe(0o400);
    expect(await cache.get(builder, { ...spec, name: "hello.bbbbb" }, images, signal)).toEqual(image);
    await chmod(disk, 0o600);
    await truncate(disk, 1024);
    await expect(cache.get(builder, spec, images, signal)).rejects.toMatchObject({ code: "image_corrupted" });
  });
});
