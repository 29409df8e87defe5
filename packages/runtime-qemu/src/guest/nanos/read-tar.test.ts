import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTar, paxRecords, type TarEntry } from "../../../test/nanos/make-tar.ts";
import { readTar, type TarLimits } from "./read-tar.ts";

describe("reading an image's tar file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-tar-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const readBytes = async (bytes: Buffer, limits?: TarLimits) => {
    const path = join(folder, "image.tar");
    await writeFile(path, bytes);
    return readTar(path, new AbortController().signal, limits);
  };
  const read = (entries: readonly TarEntry[], limits?: TarLimits) => readBytes(makeTar(entries), limits);
  const refused = async (work: Promise<unknown>) => {
    const why = (problem: { message: string }) =>
      problem.message.replace(/^the image's files cannot be read: /, "");
    return work.then(
      () => expect.fail("it was not refused"),
      (problem) => {
        expect(problem).toMatchObject({ code: "runtime_failed", hint: expect.stringContaining("image") });
        return why(problem);
      },
    );
  };

  it("tells names, links and where each file's bytes stand", async () => {
    const tree = await read([
      { name: "./usr/bin/", type: "5" },
      { name: "./usr/bin/app", data: "program", mode: 0o755 },
      { name: "bin", type: "2", linkName: "usr/bin" },
      { name: "copy", type: "1", linkName: "usr/bin/app" },
      { name: "dev/null", type: "3" },
    ]);
    expect([...tree.paths].sort()).toEqual(["/", "/bin", "/copy", "/usr", "/usr/bin", "/usr/bin/app"]);
    expect(tree.get("/usr/bin/app")).toEqual({ type: "file", offset: 1_024, size: 7, isExecutable: true });
    expect(tree.get("/copy")).toEqual(tree.get("/usr/bin/app"));
    expect(tree.resolve("/bin/app")).toMatchObject({ path: "/usr/bin/app", links: ["/bin"] });
  });

  it("reads names that are too long for their field, both ways", async () => {
    const long = `${"folder/".repeat(30)}${"n".repeat(120)}`;
    const tree = await read([
      paxRecords({ path: long }),
      { name: "cut" },
      { name: "././@LongLink", type: "L", data: `${long}2\0` },
      { name: "cut" },
      paxRecords({ linkpath: `/${long}` }),
      { name: "link", type: "2", linkName: "cut" },
    ]);
    expect(tree.get(`/${long}`)).toMatchObject({ type: "file" });
    expect(tree.get(`/${long}2`)).toMatchObject({ type: "file" });
    expect(tree.resolve("link")?.path).toBe(`/${long}`);
    expect(tree.get("/cut")).toBeUndefined();
  });

  it("refuses a name that leads out", async () => {
    expect(await refused(read([{ name: "../../etc/passwd", data: "x" }]))).toBe(
      'it names "../../etc/passwd"',
    );
    expect(await refused(read([{ name: "a/../../b" }]))).toBe('it names "a/../../b"');
    expect(await refused(read([paxRecords({ path: "x/../../y" }), { name: "x" }]))).toBe(
      'it names "x/../../y"',
    );
  });

  it("takes an absolute name for one inside", async () => {
    expect([...(await read([{ name: "/etc/passwd" }])).paths]).toEqual(["/", "/etc", "/etc/passwd"]);
  });

  it("refuses a file behind a link, and a hard link to what is not in the image", async () => {
    const link = { name: "out", type: "2", linkName: "/etc" };
    expect(await refused(read([link, { name: "out/passwd", data: "x" }]))).toBe(
      '"/out/passwd" leads through something that is no folder',
    );
    expect(await refused(read([{ name: "x", type: "1", linkName: "/etc/shadow" }]))).toBe(
      'a hard link leads to "/etc/shadow"',
    );
    expect(await refused(read([{ name: "x", type: "1", linkName: "../x" }]))).toBe('it names "../x"');
  });

  it("refuses what is damaged, or cut off anywhere", async () => {
    const whole = makeTar([{ name: "a", data: "x".repeat(700) }, { name: "b" }]);
    const damaged = Buffer.from(whole);
    damaged[3] = 1;
    expect(await refused(readBytes(damaged))).toBe("it is damaged");
    for (const length of [0, 100, 512, 1_000, 1_536, 2_000, 2_048])
      expect(await refused(readBytes(whole.subarray(0, length)))).toBe("it ends too early");
    expect((await readBytes(whole.subarray(0, 2_560))).get("/b")).toBeDefined();
  });

  it("has limits", async () => {
    const many = Array.from({ length: 11 }, (_, index) => ({ name: `f${index}`, data: "x".repeat(100) }));
    expect(await refused(read(many, { entries: 10, bytes: 10_000 }))).toBe("it has more than 10 entries");
    expect(await refused(read(many, { entries: 100, bytes: 1_000 }))).toBe(
      "its files have more than 1000 bytes",
    );
  });
});
