import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTar, type TarEntry } from "../../../test/nanos/make-tar.ts";
import { readTar } from "../image-files/read-tar.ts";
import { choose, layOut } from "./lay-out.ts";

const { signal } = new AbortController();

describe("laying out an image's files", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-lay-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const root = () => join(folder, "root");
  async function layOutAll(entries: readonly TarEntry[], files?: string[], needs: string[] = []) {
    const tar = join(folder, "image.tar");
    await writeFile(tar, makeTar(entries));
    await mkdir(root());
    const { tree } = await readTar({ path: tar, reference: "hello:v1" }, signal);
    await layOut(tree, choose(tree, files, needs), tar, root(), signal);
    return (await readdir(root(), { recursive: true })).sort();
  }

  it("copies files byte by byte, and makes links that lead to the same inside", async () => {
    const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));
    await layOutAll([
      { name: "usr/lib/data", data },
      { name: "lib", type: "2", linkName: "/usr/lib" },
      { name: "usr/share/deep/link", type: "2", linkName: "../../../../../../lib/data" },
    ]);
    expect((await readFile(join(root(), "usr/lib/data"))).equals(data)).toBe(true);
    expect(await readlink(join(root(), "lib"))).toBe("usr/lib");
    expect(await readlink(join(root(), "usr/share/deep/link"))).toBe("../../lib/data");
  });

  it("leaves out links that lead to nothing, or in a circle", async () => {
    const entries = [
      { name: "a", type: "2", linkName: "b" },
      { name: "b", type: "2", linkName: "a" },
      { name: "gone", type: "2", linkName: "/etc/passwd" },
      { name: "file" },
    ];
    expect(await layOutAll(entries)).toEqual(["file"]);
  });

  it("takes only what files names, with what lies below, what its links lead to, and what is needed", async () => {
    const entries = [
      { name: "app" },
      { name: "lib/used.so", data: "x" },
      { name: "lib/other.so" },
      { name: "srv/www/index.html" },
      { name: "srv/www/used.so", type: "2", linkName: "/lib/used.so" },
      { name: "srv/secret" },
    ];
    expect(await layOutAll(entries, ["/srv/www"], ["/app"])).toEqual([
      ...["app", "lib", "lib/used.so"],
      ...["srv", "srv/www", "srv/www/index.html", "srv/www/used.so"],
    ]);
  });

  it("says that files names what is not there", async () => {
    await expect(layOutAll([{ name: "app" }], ["/none"])).rejects.toMatchObject({
      code: "start_failed",
      message: 'the image has no "/none", which files names',
    });
  });
});
