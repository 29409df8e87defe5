import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { imageConformance } from "@mcp/runtime/conformance";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { publish, type RegistryRig, registryMissing, startRegistry } from "./registry-rig.ts";
import { rigMissing, startPodmanRig } from "./rig.ts";
import { withRig } from "./with-rig.ts";

const missing = (who: "root" | "user") => async () => (await rigMissing(who)) ?? (await registryMissing());

for (const [name, who] of [
  ["podman as root", "root"],
  ["podman as an ordinary user", "user"],
] as const) {
  imageConformance(name, {
    missing: missing(who),
    async open() {
      const rig = await startPodmanRig({ who });
      const registry = await startRegistry(join(rig.folder, "registry"));
      let made = 0;
      return {
        images: rig.connect().images,
        async publish() {
          const reference = `${registry.address}/suite/image-${++made}:v1`;
          await publish(rig, reference);
          return reference;
        },
        publishAgain: (reference) => publish(rig, reference),
        registryIsUp: (up) => (up ? registry.start() : registry.stop()),
        cmd: ["/bin/sh", "-c", "echo started"],
        async close() {
          await registry.stop();
          await rig.close();
        },
      };
    },
  });
}

describe("images", () => {
  const at = withRig();
  let registry: RegistryRig | undefined;
  let why: string | undefined;
  beforeAll(async () => {
    why = await missing("root")();
    if (why === undefined) registry = await startRegistry(join(at.rig.folder, "registry"));
  });
  afterAll(() => registry?.stop());
  beforeEach(({ skip }) => {
    if (!registry) skip(why);
  });
  const reference = (path: string) => `${registry?.address}/${path}`;

  it("have their tag after a pull, so that people find them", async ({ signal }) => {
    const { images } = at.podman;
    await publish(at.rig, reference("tagged:v7"));
    const pin = await images.resolve(reference("tagged:v7"), signal);
    await images.pull(pin, () => {}, signal);
    const shown = await at.rig.cli(["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    expect(shown.split("\n")).toContain(reference("tagged:v7"));
  });

  it("of several platforms are known by the digest of their index, here as there", async ({ signal }) => {
    const { images } = at.podman;
    await at.rig.cli(["manifest", "create", "localhost/index:v1", `containers-storage:${at.rig.image}`]);
    const target = `docker://${reference("index:v1")}`;
    await at.rig.cli(["manifest", "push", "--all", "--tls-verify=false", "localhost/index:v1", target]);
    await at.rig.cli(["manifest", "rm", "localhost/index:v1"]);

    const pin = await images.resolve(reference("index:v1"), signal);
    await images.pull(pin, () => {}, signal);
    const own = await at.rig.cli(["image", "inspect", "--format", "{{.Digest}}", reference("index:v1")]);
    expect(own.trim()).not.toBe(pin.digest);
    expect(await images.exists(pin, signal)).toBe(true);

    const spec = at.spec({ does: "sleeps" }, { image: pin });
    await at.runtime.start(spec, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({
      imageDigest: pin.digest,
      imageReference: pin.reference,
    });

    await registry?.stop();
    try {
      expect(await images.resolve(reference("index:v1"), signal)).toMatchObject({ digest: pin.digest });
    } finally {
      await registry?.start();
    }
  });

  it("built here are found by their tag, and by the digest it once meant", async ({ signal }) => {
    const { images } = at.podman;
    const build = async (label: string) => {
      const context = join(at.rig.folder, `build-${label}`);
      await run(["mkdir", "-p", context]);
      await writeFile(join(context, "Dockerfile"), `FROM ${at.rig.image}\nLABEL is=${label}\n`);
      await at.rig.cli(["build", "--quiet", "--tag", "localhost/built-here:v1", context]);
      return images.resolve("localhost/built-here:v1", signal);
    };
    const old = await build("old");
    const now = await build("new");
    expect(now.digest).not.toBe(old.digest);
    expect(now.note).toBeUndefined();
    expect(await images.exists(old, signal)).toBe(true);
    const spec = at.spec({ does: "sleeps" }, { image: old });
    await at.runtime.start(spec, signal);
    const label = await at.rig.cli(["inspect", "--format", "{{.Config.Labels.is}}", spec.name]);
    expect(label.trim()).toBe("old");
    expect((await images.resolve("built-here:v1", signal)).digest).toBe(now.digest);
  });

  it("may be named by their id", async ({ signal }) => {
    const { images } = at.podman;
    const id = (await at.rig.cli(["image", "inspect", "--format", "{{.Id}}", at.rig.image])).trim();
    const pin = await images.resolve(id, signal);
    expect(pin.digest).toBe(at.image.digest);
    expect(await images.exists(pin, signal)).toBe(true);
    const spec = at.spec({ does: "sleeps" }, { image: pin });
    await at.runtime.start(spec, signal);
    expect(await at.runtime.inspect(spec.name, signal)).toMatchObject({ imageReference: id });
  });

  it("that nobody has are said not to be found, with what to do", async ({ signal }) => {
    const { images } = at.podman;
    await expect(images.resolve("localhost/nobody:v1", signal)).rejects.toMatchObject({
      code: "image_not_found",
      hint: "build it: podman build --tag localhost/nobody:v1 .",
    });
    await expect(images.resolve("nobody:v1", signal)).rejects.toMatchObject({
      code: "image_not_found",
      hint: "name the registry that has it: registry.example/nobody:v1",
    });
  });

  it("are exported whole, and no container is left of it", async ({ signal }) => {
    const path = join(at.rig.folder, "exported.tar");
    const before = await at.rig.cli(["ps", "--all", "--quiet"]);
    const config = await at.podman.images.export(at.image, path, signal);
    expect(config).toMatchObject({
      entrypoint: [],
      cmd: ["/bin/sh", "-c", "echo started"],
      workdir: "/",
      user: "",
    });
    expect(config.env).toHaveProperty("PATH");
    const { stdout } = await run(["tar", "--list", "--file", path]);
    expect(stdout.split("\n")).toEqual(expect.arrayContaining(["bin/busybox", "www/index.html"]));
    expect(await at.rig.cli(["ps", "--all", "--quiet"])).toBe(before);
    expect((await readdir(at.rig.folder)).filter((name) => name.includes("exported"))).toEqual([
      "exported.tar",
    ]);
  });
});

describe("a registry that wants a login", () => {
  const at = withRig();
  let registry: RegistryRig | undefined;
  let why: string | undefined;
  // `hunter2hunter2`
  const bcrypt = "$2b$05$AnJe2xgH/t9E1RbDcTcEmObOuMuM8ARGEJ4BPPpX79c0o9eXo6wFC";
  const login = "ann:hunter2hunter2";
  beforeAll(async () => {
    why = await missing("root")();
    if (why !== undefined) return;
    registry = await startRegistry(join(at.rig.folder, "registry"), { user: { name: "ann", bcrypt } });
    await publish(at.rig, `${registry.address}/private/hello:v1`, login);
  });
  afterAll(() => registry?.stop());
  beforeEach(({ skip }) => {
    if (!registry) skip(why);
  });

  const imagesWith = async (name: string, credentials: string | undefined) => {
    const authFile = join(at.rig.folder, `auth-${name}.json`);
    const auth = credentials && { auth: Buffer.from(credentials).toString("base64") };
    await writeFile(authFile, JSON.stringify({ auths: auth ? { [registry?.address ?? ""]: auth } : {} }));
    return at.rig.connect({ authFile }).images;
  };
  const reference = () => `${registry?.address}/private/hello:v1`;

  it("is shown the one in the auth file, also when podman pulls", async ({ signal }) => {
    const images = await imagesWith("right", login);
    const pin = await images.resolve(reference(), signal);
    await images.pull(pin, () => {}, signal);
    expect(await images.exists(pin, signal)).toBe(true);
  });

  it.each([
    ["none", undefined],
    ["wrong", "ann:hunter3hunter3"],
  ])("refuses us with %s, and no password is shown", async (name, credentials) => {
    const images = await imagesWith(name, credentials);
    const { signal } = new AbortController();
    const refused = await images.resolve(reference(), signal).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "registry_refused",
      message: `the registry ${registry?.address} does not let us read private/hello`,
      hint: `log in: podman login ${registry?.address}`,
    });
    const digest = `sha256:${"1".repeat(64)}`;
    const failed = await images
      .pull({ reference: reference(), digest }, () => {}, signal)
      .catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "image_pull_failed" });
    expect(JSON.stringify([refused, failed])).not.toMatch(/hunter|YW5u/);
  });
});
