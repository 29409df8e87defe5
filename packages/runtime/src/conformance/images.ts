import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem } from "@mcp/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSource } from "../runtime.ts";

/** An image source with a registry behind it that a test can change. */
export interface ImageRig {
  readonly images: ImageSource;
  /** Put new content under a fresh reference, in the registry only, and return the reference. */
  publish(): Promise<string>;
  /** Put other content under a reference that was published. */
  publishAgain(reference: string): Promise<void>;
  /** Make the registry answer to nobody, and back. */
  registryIsUp(up: boolean): Promise<void>;
  /** What `publish` gave the image as its command. */
  readonly cmd: readonly string[];
  close(): Promise<void>;
}

export interface ImageHarness {
  open(): Promise<ImageRig>;
  /** Why it cannot be tried on this machine: every rule is then skipped, saying so. */
  missing?(): Promise<string | undefined> | string | undefined;
}

/** Test that an image source keeps its contract. Call it in a test file of vitest. */
export function imageConformance(name: string, { open, missing }: ImageHarness): void {
  describe(`${name} keeps the contract of an image source`, () => {
    let rig: ImageRig | undefined;
    let why: string | undefined;
    beforeAll(async () => {
      why = await missing?.();
      if (why === undefined) rig = await open();
    }, 180_000);
    afterAll(() => rig?.close(), 60_000);

    for (const [rule, check] of Object.entries(rules)) {
      it(rule, ({ skip, signal }) => (rig ? check(rig, signal) : skip(why)));
    }
  });
}

const rules: Record<string, (rig: ImageRig, signal: AbortSignal) => Promise<void>> = {
  "a tag is resolved to what it means now, without bringing it here": async (rig, signal) => {
    const reference = await rig.publish();
    const pin = await rig.images.resolve(reference, signal);
    expect(pin.reference).toBe(reference);
    expect(pin.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(pin.note).toBeUndefined();
    expect(await rig.images.exists(pin, signal)).toBe(false);
  },

  "a pull brings the pinned image, says how far it is, and is nothing when repeated": async (rig, signal) => {
    const pin = await rig.images.resolve(await rig.publish(), signal);
    const lines: string[] = [];
    await rig.images.pull(pin, (line) => lines.push(line), signal);
    expect(lines).not.toEqual([]);
    expect(await rig.images.exists(pin, signal)).toBe(true);
    await rig.images.pull(pin, () => {}, signal);
  },

  "a tag that moved means the new content, and the old pin is still what it was": async (rig, signal) => {
    const reference = await rig.publish();
    const old = await rig.images.resolve(reference, signal);
    await rig.images.pull(old, () => {}, signal);
    await rig.publishAgain(reference);
    const moved = await rig.images.resolve(reference, signal);
    expect(moved.digest).not.toBe(old.digest);
    expect(await rig.images.exists(moved, signal)).toBe(false);
    expect(await rig.images.exists(old, signal)).toBe(true);
    await rig.images.pull(moved, () => {}, signal);
    expect(await rig.images.exists(old, signal)).toBe(true);
  },

  "a reference that pins a digest means that digest": async (rig, signal) => {
    const reference = await rig.publish();
    const { digest } = await rig.images.resolve(reference, signal);
    const pinned = `${reference}@${digest}`;
    expect(await rig.images.resolve(pinned, signal)).toMatchObject({ reference: pinned, digest });
  },

  "an image that nobody has is said not to be found": async (rig, signal) => {
    const reference = `${await rig.publish()}-not-there`;
    await expectProblem("image_not_found", rig.images.resolve(reference, signal));
  },

  "a pinned image that the registry lost cannot be pulled, and it is said why": async (rig, signal) => {
    const pin = await rig.images.resolve(await rig.publish(), signal);
    const lost = { ...pin, digest: `sha256:${"0".repeat(64)}` };
    await expectProblem(
      "image_pull_failed",
      rig.images.pull(lost, () => {}, signal),
    );
    expect(await rig.images.exists(lost, signal)).toBe(false);
  },

  "with the registry away, what is on this host is used, and it is said": async (rig, signal) => {
    const reference = await rig.publish();
    const pin = await rig.images.resolve(reference, signal);
    await rig.images.pull(pin, () => {}, signal);
    const never = await rig.publish();
    await rig.registryIsUp(false);
    try {
      expect(await rig.images.resolve(reference, signal)).toEqual({
        reference,
        digest: pin.digest,
        note: expect.stringMatching(/\w+ \w+/),
      });
      await expectProblem("registry_unreachable", rig.images.resolve(never, signal));
    } finally {
      await rig.registryIsUp(true);
    }
  },

  "an export is a tar file, and tells how the image is started": async (rig, signal) => {
    const pin = await rig.images.resolve(await rig.publish(), signal);
    await rig.images.pull(pin, () => {}, signal);
    const folder = await mkdtemp(join(tmpdir(), "mcp-export-"));
    try {
      const config = await rig.images.export(pin, join(folder, "root.tar"), signal);
      expect(config.cmd).toEqual(rig.cmd);
      const { size } = await stat(join(folder, "root.tar"));
      expect(size).toBeGreaterThan(0);
      expect(size % 512).toBe(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

async function expectProblem(code: string, work: Promise<unknown>): Promise<void> {
  const thrown = await work.then(
    () => expect.fail(`it should have failed with ${code}`),
    (error: unknown) => error,
  );
  if (!isProblem(thrown)) throw thrown;
  expect({ code: thrown.code, message: thrown.message }).toEqual({ code, message: expect.any(String) });
}
