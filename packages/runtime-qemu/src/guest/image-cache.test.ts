import { chmod, mkdir, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@mcp/host";
import type { ImageSource, WorkloadSpec } from "@mcp/runtime";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GuestImageBuilder } from "./guest-image.ts";
import { ImageCache } from "./image-cache.ts";

const images = {} as ImageSource;
const never = new AbortController().signal;
const specOf = (digest: string) => ({ image: { reference: "test", digest } }) as WorkloadSpec;
const spec = specOf("one");

let dir: string;
let built: number;
/** What each build waits for, and may throw. */
let during: (folder: string, signal: AbortSignal) => Promise<void>;

const builder: GuestImageBuilder = {
  kind: "microvm",
  leastMemoryMiB: 1,
  probe: async () => ({ ok: true, version: "test" }),
  ingredients: async ({ image }) => ({ b: 1, a: image.digest }),
  async build({ image }, _images, folder, signal) {
    built++;
    await writeFile(join(folder, "disk"), `disk of ${image.digest}`);
    await writeFile(join(folder, "left-over"), "");
    await during(folder, signal);
    return { files: ["disk"], facts: { of: image.digest, absent: undefined } };
  },
  prepare: async () => {
    throw new Error("not here");
  },
};

describe("the cache of guest images", () => {
  beforeEach(async () => {
    dir = join(await mkdtemp(join(tmpdir(), "mcpt-cache-")), "images");
    built = 0;
    during = async () => {};
  });
  afterEach(() => rm(join(dir, ".."), { recursive: true, force: true }));
  const cache = () => new ImageCache({ dir, log: silentLogger });

  it("builds once what is made of the same, and gives the same again", async () => {
    const first = await cache().get(builder, spec, images, never);
    expect(await cache().get(builder, spec, images, never)).toEqual(first);
    expect(first).toMatchObject({ folder: join(dir, first.key), facts: { of: "one" } });
    expect(first.key).toMatch(/^[0-9a-f]{64}$/);
    expect((await cache().get(builder, specOf("two"), images, never)).key).not.toBe(first.key);
    expect(built).toBe(2);
  });

  it("keeps only what the builder named, to be read by its owner alone", async () => {
    const { folder } = await cache().get(builder, spec, images, never);
    expect((await readdir(folder)).sort()).toEqual(["disk", "manifest.json"]);
    expect((await stat(join(folder, "disk"))).mode & 0o777).toBe(0o400);
  });

  it("builds once for two who ask at once", async () => {
    const one = cache();
    await Promise.all([one.get(builder, spec, images, never), one.get(builder, spec, images, never)]);
    expect(built).toBe(1);
  });

  it("goes on for the one who stays when the other gives up, and stops when both have", async () => {
    const one = cache();
    const [first, second] = [new AbortController(), new AbortController()];
    const began = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    let aborted = false;
    during = async (_folder, signal) => {
      signal.addEventListener("abort", () => {
        aborted = true;
        goOn.resolve();
      });
      began.resolve();
      await goOn.promise;
      signal.throwIfAborted();
    };
    const givesUp = one.get(builder, spec, images, first.signal);
    const stays = one.get(builder, spec, images, second.signal);
    await began.promise;
    await new Promise((resolve) => setTimeout(resolve, 20));
    first.abort(new Error("gave up"));
    await expect(givesUp).rejects.toThrow("gave up");
    expect(aborted).toBe(false);
    second.abort(new Error("gave up too"));
    await expect(stays).rejects.toThrow("gave up too");
    expect(aborted).toBe(true);
    expect(await readdir(dir)).toEqual([]);
  });

  it.each([
    ["changed", (path: string) => writeFile(path, "DISK of one"), "SHA-256"],
    ["cut short", (path: string) => truncate(path, 3), "has 3 bytes"],
    ["removed", (path: string) => rm(path), "cannot be read"],
  ])("refuses a file that was %s, and says what to remove", async (_how, change, message) => {
    const { folder } = await cache().get(builder, spec, images, never);
    await chmod(join(folder, "disk"), 0o600);
    await change(join(folder, "disk"));
    await expect(cache().get(builder, spec, images, never)).rejects.toMatchObject({
      code: "image_corrupted",
      message: expect.stringContaining(message),
      hint: expect.stringContaining(`rm -r ${folder}`),
    });
    await rm(folder, { recursive: true });
    await cache().get(builder, spec, images, never);
    expect(built).toBe(2);
  });

  it.each(["", "{}", '{"v":1,"key":"x","files":{"../../etc/passwd":{}},"facts":{}}'])(
    "refuses a manifest that says %j",
    async (text) => {
      const { folder } = await cache().get(builder, spec, images, never);
      await writeFile(join(folder, "manifest.json"), text);
      await expect(cache().get(builder, spec, images, never)).rejects.toMatchObject({
        code: "image_corrupted",
      });
    },
  );

  it("leaves nothing of a build that fails, and calls a full disk that", async () => {
    during = () => Promise.reject(Object.assign(new Error("full"), { code: "ENOSPC" }));
    await expect(cache().get(builder, spec, images, never)).rejects.toMatchObject({ code: "disk_full" });
    expect(await readdir(dir)).toEqual([]);
    during = async () => {};
    await cache().get(builder, spec, images, never);
  });

  it("removes what a killed process left half built, and nothing of the living or of others", async () => {
    const names = [".part-999999999-1-0123-ab", `.part-${process.pid}-1-0123-ab`, "somebody-elses"];
    const one = cache();
    during = async () => {
      if (built > 1) return;
      for (const name of names) await mkdir(join(dir, name));
      await cache().get(builder, specOf("two"), images, never);
    };
    const { key } = await one.get(builder, spec, images, never);
    const found = await readdir(dir);
    expect(found).toContain(key);
    expect(found).toContain("somebody-elses");
    expect(found.filter((name) => name.startsWith(".part"))).toEqual([]);
  });
});
