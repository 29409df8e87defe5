import { describe, expect, it } from "vitest";
import { guestAnswer } from "./guest-code.ts";
import { judged, refused } from "./verdicts.ts";

describe("why QEMU does not run a guest on KVM", () => {
  it("is its first complaint, and no warning", () => {
    const stderr = [
      "qemu-system-x86_64: warning: host doesn't support requested feature",
      "qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69",
      "qemu-system-x86_64: kvm.c:3183: kvm_buf_set_msrs: Assertion failed.",
    ].join("\n");
    expect(refused(134, stderr)).toMatchObject({
      why: "QEMU with KVM ends with exit code 134: error: failed to set MSR 0x10a to 0x69",
      isLasting: true,
    });
  });

  it("comes with how to let its user open the device", () => {
    const stderr = "qemu-system-x86_64: Could not access KVM kernel module: Permission denied\n";
    expect(refused(1, stderr)).toMatchObject({ hint: expect.stringContaining("chgrp kvm /dev/kvm") });
  });

  it("is not settled by a QEMU that somebody killed", () => {
    expect(refused(137, "")).toMatchObject({
      why: "QEMU with KVM ends with exit code 137",
      isLasting: false,
    });
  });
});

describe("what a guest says that it computed", () => {
  it("is right or not, to the last digit", () => {
    const answer = guestAnswer();
    expect(judged(`${answer}\n`)).toEqual({ ok: true });
    expect(judged(`Firmware 1.0\r\n${answer}\n`)).toEqual({ ok: true });
    for (const said of [`${answer.slice(0, -1)}0\n`, answer, `${answer}\n\n`])
      expect(judged(said)).toMatchObject({
        ok: false,
        isLasting: true,
        why: expect.stringContaining(answer),
      });
  });

  it("may be nothing, and is shown as no terminal would obey it", () => {
    expect(judged("")).toMatchObject({ why: expect.stringContaining("computes nothing for") });
    expect(judged("\u001b[31mred\n")).toMatchObject({ why: expect.stringContaining("computes [31mred for") });
  });
});
