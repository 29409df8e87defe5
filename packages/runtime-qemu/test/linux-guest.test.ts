import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@mcp/host";
import { afterAll, describe, expect, it } from "vitest";
import { ImageCache } from "../src/guest/image-cache.ts";
import { stubProgram } from "../src/guest/nanos/stub-program.ts";
import {
  builder,
  guestsMissing,
  images,
  LinuxGuest,
  removeImages,
  signal,
  specOf,
} from "./linux-guest-rig.ts";

describe.skipIf(guestsMissing)(`a Linux guest${guestsMissing ? ` (not run: ${guestsMissing})` : ""}`, () => {
  afterAll(removeImages);

  it("gives the program its words, env, folder and user as they are", async () => {
    const words = ["it's", 'a "b"', "line\nline", "$HOME `id` \\ *", "", "\u00e4\u20ac\u{1f600}\u0081\u0088"];
    const ended = await LinuxGuest.run(
      specOf(
        images.script("", {
          config: { entrypoint: ["/bin/sh", "-c"], env: { FROM: "image", KEPT: "yes" }, user: "root" },
        }),
        {
          cmd: [
            'id; pwd; printf "%s|" "$FROM" "$KEPT" "$HOME" "$HOSTNAME" "$@"; echo error >&2',
            "sh",
            ...words,
          ],
          env: { FROM: 'spec\'s\n"env"', "with.dot": "x" },
          user: "1000:1000",
          workdir: "/made/for it",
        },
      ),
    );
    expect(ended.stdout).toBe(
      `uid=1000(app) gid=1000(app)\n/made/for it\n${['spec\'s\n"env"', "yes", "/home/app", "guest", ...words].join("|")}|`,
    );
    expect(ended.stderr).toBe("error\n");
    expect(ended.status).toEqual(["started", "exit 0"]);
    expect(ended.qemuCode).toBe(0);
  });

  it.each([
    ["exit 7", "exit 7"],
    ["exit 139", "exit 139"],
    ["kill -SEGV $$", "signal 11"],
    ["kill -INT $$", "signal 2"],
    ["sleep 1000 & yes >/dev/null & exit 3", "exit 3"],
  ])("tells how `%s` ended", async (script, end) => {
    expect((await LinuxGuest.run(specOf(images.script(script)))).status).toEqual(["started", end]);
  });

  it.each([
    ["no-such-program", "failed there is no program no-such-program in the image's PATH"],
    ["/no/such/program", "failed there is no program /no/such/program in the image"],
    ["/etc", "failed /etc is no program"],
    ["/etc/passwd", "failed /etc/passwd may not be executed"],
  ])("says that it failed where the program is %s", async (program, why) => {
    const { status } = await LinuxGuest.run(specOf(images.script("true"), { cmd: [program] }));
    expect(status).toHaveLength(1);
    expect(status[0]).toContain(why);
  });

  it.each([
    [
      "an ELF interpreter is missing",
      needing("/lib64/ld-none.so.2"),
      "failed /app needs /lib64/ld-none.so.2 to run, which the image does not have",
    ],
    [
      "a script's interpreter is missing",
      "#!/usr/bin/none\n",
      "failed /app needs /usr/bin/none to run, which the image does not have",
    ],
    [
      "the program is for another machine",
      forArm64(),
      "failed /app is built for ARM64, and this machine is x86-64",
    ],
    [
      "the program is a text",
      "echo hello\n",
      "failed /app is neither an ELF program nor a script that begins with #!",
    ],
  ])("says that it failed where %s, and does not start it", async (_, data, why) => {
    const app = { path: "app", type: "file", mode: 0o755, data } as const;
    const image = images.script("true", { files: [app] });
    expect((await LinuxGuest.run(specOf(image, { cmd: ["/app"] }))).status).toEqual([why]);
  });

  it("gives a user that is named the groups of the image's /etc/group, also where that is a link", async () => {
    const script = 'id -u; id -g; id -G; for file in hosts hostname; do stat -c %u:%g "/etc/$file"; done';
    const moved = (path: string, data: string) => [
      { path: `etc/${path}`, type: "link", to: `/usr/lib/${path}` } as const,
      { path: `usr/lib/${path}`, type: "file", data } as const,
    ];
    const files = [
      ...moved("passwd", "root:x:0:0::/root:\nweb:x:1500:1500::/:\n"),
      ...moved("group", "web:x:1500:\ndisk:x:6:web\nlogs:x:2000:app,web\n"),
    ];
    const image = images.script(script, { files });
    const named = await LinuxGuest.run(specOf(image, { user: "web" }));
    expect(named.stdout).toBe("1500\n1500\n1500 6 2000\n0:0\n0:0\n");
    expect(named.status).toEqual(["started", "exit 0"]);
    const alone = await LinuxGuest.run(specOf(image, { user: "web:web" }));
    expect(alone.stdout).toBe("1500\n1500\n1500\n0:0\n0:0\n");
  });

  it("says that the kernel killed for want of memory", async () => {
    const script = "x=x; while :; do x=$x$x; done";
    const ended = await LinuxGuest.run(specOf(images.script(script)));
    expect(ended.status).toEqual(["started", "signal 9"]);
    expect(ended.serial).toContain("Out of memory: Killed process");
  });

  it("loses nothing of a MiB that is printed just before the end", async () => {
    const ended = await LinuxGuest.run(specOf(images.script("seq -w 1 131072; seq 1 9 >&2")));
    expect(ended.stdout).toHaveLength(131_072 * 7);
    expect(ended.stdout.endsWith("131072\n")).toBe(true);
    expect(ended.stderr).toBe("1\n2\n3\n4\n5\n6\n7\n8\n9\n");
  });

  it("lets a program of any user open /dev/stdout again, through a link in the image", async () => {
    const log = { path: "log", type: "link", to: "/dev/stdout" } as const;
    const image = images.script("echo one >/log; echo two >/dev/stderr", {
      files: [log],
      config: { user: "app" },
    });
    const ended = await LinuxGuest.run(specOf(image));
    expect(ended).toMatchObject({ stdout: "one\n", stderr: "two\n", status: ["started", "exit 0"] });
  });

  it("serves what connects through a forwarded port, and passes the power button on as SIGTERM", async () => {
    const host = await freePort();
    const script =
      "mkdir /www; echo $HOSTNAME >/www/index.html; httpd -p 80 -h /www; trap 'echo bye; exit 5' TERM; echo ready; while :; do sleep 0.1; done";
    const ports = [{ address: "127.0.0.1", host, guest: 80, protocol: "tcp" } as const];
    const guest = await LinuxGuest.boot(specOf(images.script(script), { ports, user: "0:0" }));
    try {
      await guest.says("ready");
      const answer = await fetch(`http://127.0.0.1:${host}/`, { signal: AbortSignal.timeout(10_000) });
      expect(await answer.text()).toBe("guest\n");
      await guest.pressPowerButton();
      expect(await guest.ended()).toMatchObject({ stdout: "ready\nbye\n", status: ["started", "exit 5"] });
    } finally {
      await guest.close();
    }
  });

  it("mounts volumes, and only reads those that are read-only", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-volumes-"));
    try {
      for (const name of ["rw", "ro"]) await mkdir(join(folder, name));
      await writeFile(join(folder, "ro", "greeting"), "hello\n");
      const script =
        "cat /data/ro/greeting; echo written >'/data/r w/file'; echo x >/data/ro/x || echo refused";
      const volumes = [
        { host: join(folder, "rw"), guest: "/data/r w", readOnly: false, relabel: false },
        { host: join(folder, "ro"), guest: "/data/ro", readOnly: true, relabel: false },
      ];
      const ended = await LinuxGuest.run(specOf(images.script(script), { volumes }));
      expect(ended).toMatchObject({ stdout: "hello\nrefused\n", status: ["started", "exit 0"] });
      expect(await readFile(join(folder, "rw", "file"), "utf8")).toBe("written\n");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is built to the same bytes, whenever and wherever", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-twice-"));
    try {
      const spec = specOf(images.script("true"));
      const build = (dir: string) =>
        new ImageCache({ dir: join(folder, dir), log: silentLogger }).get(builder, spec, images, signal);
      const first = await build("1");
      // Times are kept in seconds.
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      const second = await build("2");
      expect(Object.keys(first.sha256)).toEqual([
        "initramfs",
        "root.squashfs",
        expect.stringMatching(/^vmlinu[xz]$/),
      ]);
      expect(second.sha256).toEqual(first.sha256);
      expect(second.key).toBe(first.key);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

/** A program that wants this to load it. */
function needing(loader: string): Buffer {
  const elf = Buffer.concat([stubProgram(), Buffer.from(`${loader}\0`)]);
  const firstSegment = 64;
  elf.writeUInt32LE(3, firstSegment);
  elf.writeBigUInt64LE(BigInt(stubProgram().length), firstSegment + 8);
  elf.writeBigUInt64LE(BigInt(loader.length + 1), firstSegment + 32);
  return elf;
}

function forArm64(): Buffer {
  const elf = stubProgram();
  elf.writeUInt16LE(183, 18);
  return elf;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
