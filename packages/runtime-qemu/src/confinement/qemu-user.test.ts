import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Run } from "@mcp/host";
import { describe, expect, it } from "vitest";
import { asUser, resolveQemuUser } from "./qemu-user.ts";

const { signal } = new AbortController();
/** A machine with the users `mcp-vm` (uid 990), and `toor`, which is root. */
const run: Run = async ([, , name]) => {
  const entries: Record<string, string> = {
    "mcp-vm": "mcp-vm:x:990:980::/nonexistent:/usr/sbin/nologin\n",
    toor: "toor:x:0:0::/root:/bin/sh\n",
  };
  const stdout = entries[name ?? ""] ?? "";
  return { exitCode: stdout === "" ? 2 : 0, stdout, stderr: "" };
};
const resolve = (configured: string, ownUid: number) =>
  resolveQemuUser({ configured, ownUid, run, signal, kvmDevice: "/no/such/device", passwd: "/no/such/file" });

describe("whom QEMU runs as", () => {
  it("is the configured user, where the agent is root", async () => {
    expect(await resolve("mcp-vm", 0)).toEqual({ name: "mcp-vm", uid: 990, gid: 980, groups: [] });
  });

  it("is found without a process where /etc/passwd has it, and by all of its name", async () => {
    const folder = await mkdtemp(join(tmpdir(), "mcpt-"));
    const passwd = join(folder, "passwd");
    await writeFile(
      passwd,
      "root:x:0:0:root:/root:/bin/sh\nmcp:x:7:7::/:\nmcp-vm:x:991:981::/nonexistent:/bin/false\n",
    );
    const none: Run = async () => {
      throw new Error("a process was started");
    };
    const find = (configured: string) =>
      resolveQemuUser({ configured, ownUid: 0, run: none, signal, passwd });
    try {
      expect(await find("mcp-vm")).toMatchObject({ name: "mcp-vm", uid: 991, gid: 981 });
      await expect(find("root")).rejects.toMatchObject({ code: "config_invalid" });
      await expect(find("mcp-v")).rejects.toThrow("a process was started");
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("is the agent itself, where that is no root", async () => {
    expect(await resolve("", 1000)).toBeUndefined();
    expect(await resolve("mcp-vm", 990)).toBeUndefined();
  });

  it("is never root", async () => {
    await expect(resolve("", 0)).rejects.toMatchObject({
      code: "config_invalid",
      hint: expect.stringContaining("[vm] user"),
    });
    await expect(resolve("toor", 0)).rejects.toMatchObject({ code: "config_invalid" });
  });

  it("is nobody whom this machine does not know, nor an option of getent", async () => {
    for (const unknown of ["no-such-user", "--help", "-s", "a:b"])
      await expect(resolve(unknown, 0)).rejects.toMatchObject({ code: "config_invalid" });
  });

  it("cannot be another, where the agent is not root", async () => {
    await expect(resolve("mcp-vm", 1000)).rejects.toMatchObject({ code: "config_invalid" });
  });

  it("is put before the program's own arguments", () => {
    const user = { name: "mcp-vm", uid: 990, gid: 980, groups: [] };
    const common = ["--inh-caps=-all", "--no-new-privs", "--", "qemu", "-m"];
    expect(asUser(user, ["qemu", "-m"])).toEqual([
      ...["setpriv", "--reuid=990", "--regid=980", "--clear-groups"],
      ...common,
    ]);
    expect(asUser({ ...user, groups: [104] }, ["qemu", "-m"])).toEqual([
      ...["setpriv", "--reuid=990", "--regid=980", "--groups=104"],
      ...common,
    ]);
    expect(asUser(undefined, ["qemu", "-m"])).toEqual(["qemu", "-m"]);
  });
});
