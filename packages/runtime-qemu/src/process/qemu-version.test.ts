import { describe, expect, it } from "vitest";
import { findQemu, parseVersion } from "./qemu-version.ts";

const { signal } = new AbortController();
const says = (text: string) => async () => ({ exitCode: 0, stdout: text, stderr: "" });

describe("the version of QEMU", () => {
  it("is read with the distribution's own", () => {
    const build = "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)";
    expect(parseVersion("/q", `${build}\nCopyright (c) …\n`)).toEqual({
      program: "/q",
      version: "7.2.22",
      build,
    });
  });

  it("is refused where it is too old", async () => {
    await expect(findQemu(says("QEMU emulator version 6.2.0\n"), signal, "/bin/sh")).rejects.toMatchObject({
      code: "tool_missing",
      message: "QEMU 6.2.0 is too old: 7.0 is needed",
    });
  });

  it("is none of a program that says something else, or is not there", async () => {
    await expect(findQemu(says("hello\n"), signal, "/bin/sh")).rejects.toMatchObject({
      message: "/bin/sh is no QEMU",
    });
    await expect(findQemu(says(""), signal, "no-such-qemu")).rejects.toMatchObject({
      code: "tool_missing",
      message: "no-such-qemu is not installed, or not on the PATH",
    });
  });
});
