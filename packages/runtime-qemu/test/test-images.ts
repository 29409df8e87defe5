import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { Problem } from "@mcp/base";
import type { ImageConfig, ImagePin, ImageSource } from "@mcp/runtime";
import { findBusybox } from "../src/guest/linux/static-busybox.ts";
import { type TarEntry, tarOf } from "./tar.ts";

const found = await findBusybox(undefined);
/** Why the images below cannot be made here. */
export const noBusybox = found.ok ? undefined : `${found.why}; ${found.hint}`;

const programs = [
  "sh cat cp dd dmesg echo env false head httpd id ip kill ln ls mkdir mount nc nslookup printf ps readlink rm",
  "seq sleep stat sync tail test touch true uname usleep wc wget yes",
].flatMap((line) => line.split(" "));

/** What an image FROM scratch with a static busybox holds. */
export const busyboxFiles = (): readonly TarEntry[] => [
  { path: "bin", type: "folder" },
  { path: "bin/busybox", type: "file", mode: 0o755, data: found.ok ? readFileSync(found.path) : "" },
  ...programs.map((name): TarEntry => ({ path: `bin/${name}`, type: "link", to: "busybox" })),
  { path: "etc", type: "folder" },
  {
    path: "etc/passwd",
    type: "file",
    data: "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n",
  },
  { path: "etc/group", type: "file", data: "root:x:0:\napp:x:1000:\nlogs:x:2000:\n" },
  { path: "root", type: "folder", mode: 0o700 },
  { path: "home", type: "folder" },
  { path: "home/app", type: "folder", uid: 1000 },
  { path: "tmp", type: "folder", mode: 0o1777 },
];

export interface TestImage {
  readonly files: readonly TarEntry[];
  readonly config?: Partial<ImageConfig>;
}

/** Images that the tests make themselves, so that they need neither podman nor a registry. */
export class TestImages implements ImageSource {
  readonly #images = new Map<string, { readonly tar: Buffer; readonly config: ImageConfig }>();
  /** How often an image was exported, for tests of caches. */
  exports = 0;

  add(reference: string, { files, config }: TestImage): ImagePin {
    const tar = tarOf(files);
    const whole = { entrypoint: [], cmd: [], env: {}, workdir: "/", user: "", ...config };
    const digest = `sha256:${createHash("sha256").update(tar).update(JSON.stringify(whole)).digest("hex")}`;
    this.#images.set(digest, { tar, config: whole });
    return { reference, digest };
  }

  /** An image whose command is a script for busybox's shell; the same script is the same image. */
  script(
    script: string,
    more: { files?: readonly TarEntry[]; config?: Partial<ImageConfig> } = {},
  ): ImagePin {
    const files = [...busyboxFiles(), ...(more.files ?? [])];
    const config = { cmd: ["/bin/sh", "-c", script], ...more.config };
    const name = createHash("sha256").update(script).digest("hex").slice(0, 12);
    return this.add(`test.invalid/${name}:v1`, { files, config });
  }

  async resolve(reference: string): Promise<ImagePin> {
    throw missing(reference);
  }

  async exists(pin: ImagePin): Promise<boolean> {
    return this.#images.has(pin.digest);
  }

  async pull(pin: ImagePin): Promise<void> {
    if (!this.#images.has(pin.digest)) throw missing(pin.reference);
  }

  async export(pin: ImagePin, path: string, signal: AbortSignal): Promise<ImageConfig> {
    const image = this.#images.get(pin.digest);
    if (!image) throw missing(pin.reference);
    this.exports++;
    await writeFile(path, image.tar, { signal });
    return image.config;
  }
}

const missing = (reference: string): Problem =>
  new Problem("image_not_found", `there is no image ${reference}`, "add it to the test's images");
