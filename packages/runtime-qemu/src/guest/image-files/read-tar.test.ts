import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isProblem } from "@mcp/base";
import { run } from "@mcp/host";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTar, paxRecords, type TarEntry } from "../../../test/nanos/make-tar.ts";
import { readTar, type TarLimits } from "./read-tar.ts";
import { readText } from "./read-text.ts";

describe("reading an image's tar file", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcpt-tar-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const signal = new AbortController().signal;
  const readBytes = async (bytes: Buffer, limits?: TarLimits) => {
    const path = join(folder, "image.tar");
    await writeFile(path, bytes);
    return (await readTar({ path, reference: "hello:v1" }, signal, limits)).tree;
  };
  const read = (entries: readonly TarEntry[], limits?: TarLimits) => readBytes(makeTar(entries), limits);
  const refused = async (work: Promise<unknown>) => {
    const why = (problem: { message: string }) =>
      problem.message.replace(/^the files of hello:v1 cannot be read: /, "");
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
    expect([...tree.paths].sort()).toEqual([
      ...["/", "/bin", "/copy", "/dev", "/dev/null", "/usr", "/usr/bin", "/usr/bin/app"],
    ]);
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
    expect(await refused(readBytes(damaged))).toBe("the tar file is damaged");
    for (const length of [0, 100, 512, 1_000, 1_536, 2_000, 2_048])
      expect(await refused(readBytes(whole.subarray(0, length)))).toBe("the tar file ends too early");
    expect((await readBytes(whole.subarray(0, 2_560))).get("/b")).toBeDefined();
  });

  it("has limits", async () => {
    const many = Array.from({ length: 11 }, (_, index) => ({ name: `f${index}`, data: "x".repeat(100) }));
    expect(await refused(read(many, { entries: 10, bytes: 10_000, weight: 10_000 }))).toBe(
      "it has more than 10 entries",
    );
    expect(await refused(read(many, { entries: 100, bytes: 1_000, weight: 10_000 }))).toBe(
      "its files have more than 1000 bytes",
    );
  });

  it("has a limit for short entries that name thousands of folders each", async () => {
    const deep = (root: string) => [
      { name: "././@LongLink", type: "L", data: `${root}/${"d/".repeat(2_000)}f\0` },
      { name: "cut" },
    ];
    const entries = Array.from({ length: 20 }, (_, index) => deep(`r${index}`)).flat();
    expect(await refused(read(entries, { entries: 100, bytes: 1_000, weight: 20_000_000 }))).toBe(
      "its names are too many and too long",
    );
    const links = Array.from({ length: 3 }, () => ({ name: "x", type: "2", linkName: "cut" }));
    expect(await refused(read([paxRecords({ linkpath: "x".repeat(5_000) }), ...links]))).toBe(
      "a link leads to a name that is too long",
    );
  });

  it("takes a second name of a link, and of a device, for the same", async () => {
    const tree = await read([
      { name: "one", type: "2", linkName: "file" },
      { name: "two", type: "1", linkName: "one" },
      { name: "null", type: "3" },
      { name: "zero", type: "1", linkName: "null" },
    ]);
    expect(tree.get("/two")).toEqual({ type: "link", target: "file" });
    expect(tree.get("/zero")).toEqual({ type: "other" });
  });

  it.each([
    ["a length that is no number", "x path=a\n"],
    ["a length of more than there is", "99 path=a\n"],
    ["no line end", "9 path=ab"],
    ["no key", "5 =a\n"],
    ["a size that is no number", "12 size=1e9\n"],
    ["a size below zero", "11 size=-1\n"],
  ])("refuses records with %s", async (_, data) => {
    expect(await refused(read([{ name: "x", type: "x", data }, { name: "a" }]))).toBe(
      "the tar file is damaged",
    );
  });

  const make = `mkdir -p "$1/etc" "$1/${"long/".repeat(50)}" && echo root >"$1/etc/passwd" &&
    echo deep >"$1/${"long/".repeat(50)}file" && ln -s passwd "$1/etc/link" && ln "$1/etc/passwd" "$1/etc/twice" &&
    touch -d @1000 "$1/etc/passwd" && touch -d @2000 "$1/${"long/".repeat(50)}file" && touch -hd @500 "$1/etc/link" &&
    find "$1" -type d -exec touch -d @500 {} + && touch -d @9999999999 "$1/etc" && tar -C "$1" --format="$2" -cf "$3" .`;

  it.each(["gnu", "pax"])("reads what tar writes in its format %s, and tells the newest", async (format) => {
    const path = join(folder, "tar");
    await run(["sh", "-c", make, "sh", join(folder, "root"), format, path]);
    const source = { path, reference: "hello:v1", nowMs: Date.now() };
    const { tree, newest } = await readTar(source, signal);
    expect(newest).toBe(2_000);
    const texts = ["/etc/passwd", "/etc/link", "/etc/twice", `/${"long/".repeat(50)}file`, "/etc", "/none"];
    expect(await Promise.all(texts.map((text) => readText(tree, text, source)))).toEqual([
      ...["root\n", "root\n", "root\n", "deep\n", undefined, undefined],
    ]);
  });

  it("does not read a text of more than a MiB", async () => {
    const path = join(folder, "image.tar");
    await writeFile(path, makeTar([{ name: "etc/passwd", data: "x".repeat(1024 * 1024 + 1) }]));
    const source = { path, reference: "hello:v1" };
    const { tree } = await readTar(source, signal);
    expect(await refused(readText(tree, "/etc/passwd", source))).toBe("its /etc/passwd has 1048577 bytes");
  });

  it("is a tree without `..`, or a problem, whatever is changed or cut off", async () => {
    const whole = makeTar([
      { name: "usr/", type: "5" },
      paxRecords({ path: "usr/long", size: "3" }),
      { name: "cut", data: "abc" },
      { name: "././@LongLink", type: "L", data: "usr/longer\0" },
      { name: "cut", data: "x".repeat(600) },
      { name: "link", type: "2", linkName: "../../etc/shadow" },
      { name: "hard", type: "1", linkName: "usr/long" },
    ]);
    const change = fc.tuple(fc.nat(whole.length - 1), fc.nat(255));
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 4 }),
        fc.nat(whole.length),
        fc.boolean(),
        async (changes, length, mend) => {
          const bytes = Buffer.from(whole);
          for (const [at, byte] of changes) bytes[at] = byte;
          if (mend) mendChecksums(bytes);
          const tree = await readBytes(bytes.subarray(0, changes.length === 0 ? length : undefined)).catch(
            (error: unknown) => {
              expect(isProblem(error) && error.message).toContain("hello:v1");
              return undefined;
            },
          );
          for (const path of tree?.paths ?? []) {
            expect(path.split("/")).not.toContain("..");
            expect(tree?.resolve(path)?.path ?? "/").toMatch(/^\//);
            const node = tree?.get(path);
            if (node?.type === "file") expect(node.offset + node.size).toBeLessThanOrEqual(bytes.length);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

/** Else hardly a change of a header would be more than damage. */
function mendChecksums(bytes: Buffer): void {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    const header = bytes.subarray(at, at + 512);
    if (header.toString("latin1", 257, 262) !== "ustar") continue;
    header.write(" ".repeat(8), 148);
    const sum = header.reduce((all, byte) => all + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  }
}
