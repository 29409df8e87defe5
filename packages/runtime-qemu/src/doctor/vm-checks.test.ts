import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock, run } from "@mcp/host";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Host } from "../host.ts";
import { Room } from "./find-room.ts";
import { checkHost } from "./vm-checks.ts";

/** A host whose programs are those that a test has put on its PATH. */
describe("the checks of virtual machines", () => {
  const ownPath = process.env.PATH;
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mcp-doctor-"));
    await chmod(folder, 0o711);
    await mkdir(join(folder, "bin"));
    process.env.PATH = join(folder, "bin");
  });
  afterEach(async () => {
    process.env.PATH = ownPath;
    await rm(folder, { recursive: true, force: true });
  });

  async function install(name: string, says: string): Promise<void> {
    const path = join(folder, "bin", name);
    await writeFile(path, `#!/bin/sh\necho '${says}'\n`);
    await chmod(path, 0o755);
  }

  async function check(more: Partial<Parameters<typeof checkHost>[0]> = {}) {
    const stateDir = join(folder, "vm-state");
    // Where the tests are root, virtual machines must not be.
    const user = process.getuid?.() === 0 ? "nobody" : "";
    const options = {
      host: new Host({ stateDir, imageDir: join(folder, "images"), accel: "tcg" as const, user, run }),
      stateDir,
      imageDir: join(folder, "images"),
      accel: "tcg" as const,
      user,
      busybox: undefined,
      kernel: { kernel: join(folder, "no-kernel") },
      run,
      room: new Room(realClock),
      ...more,
    };
    const checks = await checkHost(options, new AbortController().signal);
    return new Map(checks.map(({ name, ...found }) => [name, found]));
  }

  it("say what to install, and nothing more, where there is no QEMU", async () => {
    const checks = await check();
    expect([...checks]).toEqual([
      [
        "vm: qemu",
        {
          outcome: "warning",
          text: "qemu-system-x86_64 is not installed, or not on the PATH",
          hint: "apt install qemu-system-x86 qemu-utils squashfs-tools busybox-static linux-image-cloud-amd64",
        },
      ],
    ]);
  });

  it("tell what is there, and of what is missing how to get it", async () => {
    process.env.PATH += `:${ownPath}`;
    await install("qemu-system-x86_64", "QEMU emulator version 7.2.22 (Debian 1:7.2)");
    await install("sqfstar", "sqfstar version 4.5.1");
    const checks = await check();
    expect(checks.get("vm: qemu")).toMatchObject({
      outcome: "ok",
      text: `7.2.22, ${join(folder, "bin/qemu-system-x86_64")}`,
    });
    expect(checks.get("vm: kvm")).toMatchObject({ outcome: "ok", text: "not asked for: [vm] accel is tcg" });
    expect(checks.get("vm: user")?.outcome).toBe("ok");
    expect(checks.get("vm: squashfs")).toMatchObject({ outcome: "ok", text: join(folder, "bin/sqfstar") });
    expect(checks.get("vm: kernel")).toMatchObject({
      outcome: "warning",
      text: `there is no kernel at ${join(folder, "no-kernel")}`,
    });
    expect(checks.get("vm: kernel")?.hint).toContain("apt install linux-image-cloud-amd64");
    expect(checks.get("vm: state")?.text).toMatch(/vm-state, [\d.]+ of [\d.]+ GiB free$/);
    for (const { outcome, hint } of checks.values()) expect(hint === "").toBe(outcome === "ok");
  });

  it("tell of a user that is not there", async () => {
    process.env.PATH += `:${ownPath}`;
    await install("qemu-system-x86_64", "QEMU emulator version 7.2.22");
    const checks = await check({ user: "mcp-nobody-knows" });
    expect(checks.get("vm: user")).toMatchObject({
      outcome: "warning",
      hint: "make it: useradd --system mcp-nobody-knows",
    });
    expect(checks.has("vm: kvm")).toBe(false);
  });

  it.skipIf(process.getuid?.() !== 0)("tell of a folder that QEMU's user cannot pass through", async () => {
    process.env.PATH += `:${ownPath}`;
    await install("qemu-system-x86_64", "QEMU emulator version 7.2.22");
    await chmod(folder, 0o700);
    expect((await check()).get("vm: user")).toMatchObject({
      outcome: "warning",
      text: expect.stringContaining(`nobody, who cannot pass through ${folder} to`),
      hint: expect.stringContaining(`chmod o+x ${folder}`),
    });
  });

  it("tell of a folder that cannot be written", async () => {
    process.env.PATH += `:${ownPath}`;
    await install("qemu-system-x86_64", "QEMU emulator version 7.2.22");
    const imageDir = join(folder, "bin/qemu-system-x86_64/images");
    const checks = await check({ imageDir });
    expect(checks.get("vm: images")).toMatchObject({
      outcome: "warning",
      text: `${imageDir} cannot be written (ENOTDIR)`,
    });
  });

  it("and the host itself says so as a problem, never as a bug", async () => {
    process.env.PATH += `:${ownPath}`;
    await install("qemu-system-x86_64", "QEMU emulator version 7.2.22");
    const stateDir = join(folder, "bin/qemu-system-x86_64/vm-state");
    const user = process.getuid?.() === 0 ? "nobody" : "";
    const host = new Host({ stateDir, imageDir: join(folder, "images"), accel: "tcg", user, run });
    await expect(host.facts(new AbortController().signal)).rejects.toMatchObject({
      code: "runtime_unavailable",
      hint: expect.stringContaining(`ls -ld ${stateDir}`),
    });
  });
});
