import type { WorkloadSpec } from "@mcp/runtime";
import { describe, expect, it } from "vitest";
import { type FailedBoot, startProblem } from "./start-problem.ts";

const spec = {
  name: "hello.1",
  memoryMiB: 256,
  ports: [{ address: "127.0.0.1", host: 8080, guest: 80, protocol: "tcp" }],
} as unknown as WorkloadSpec;
const problem = (failed: Partial<FailedBoot>) =>
  startProblem(spec, { qemuSays: "", guestSays: [], accel: "tcg", ...failed });

describe("why a virtual machine did not come up", () => {
  it("is a port that somebody holds, by its number", () => {
    const { code, message } = problem({
      qemuSays:
        "qemu-system-x86_64: -netdev user,id=net0: Could not set up host forwarding rule 'tcp:127.0.0.1:8080-:80'\n",
    });
    expect(code).toBe("port_taken");
    expect(message).toContain("host port 8080");
  });

  it("is the program, where the guest says so", () => {
    expect(problem({ programFailed: "no such program: /bin/nope" })).toMatchObject({
      code: "start_failed",
      message: "hello.1 could not be started: no such program: /bin/nope",
    });
  });

  it.each([
    ["there is no program x in the image's PATH", /^check cmd/],
    ["/x is built for ARM64, and this machine is x86-64", /--platform linux\/amd64/],
    ["/x needs /lib/ld.so to run, which the image does not have", /^link the program statically/],
  ])("is the program: %s, with what to type", (programFailed, hint) => {
    expect(problem({ programFailed }).hint).toMatch(hint);
  });

  it("says nothing that a terminal would obey", () => {
    expect(problem({ programFailed: "no \u001b[31mprogram\u0007" }).message).toContain("no [31mprogram");
    expect(problem({ qemuSays: "\u001b]0;title\u0007gone" }).message).toContain("]0;titlegone");
  });

  it("is a folder that QEMU's user cannot pass through, where a file cannot be opened", () => {
    const qemuSays = `-blockdev {"driver":"raw"}: Could not open '/root/images/a/root.squashfs': Permission denied`;
    expect(problem({ qemuSays })).toMatchObject({
      message: expect.stringContaining("may not read /root/images/a/root.squashfs"),
      hint: expect.stringContaining("namei -l /root/images/a/root.squashfs"),
    });
  });

  it("is memory that this machine does not have", () => {
    expect(
      problem({ qemuSays: "cannot set up guest memory 'pc.ram': Cannot allocate memory" }).message,
    ).toContain("256 MiB");
  });

  it("is silence, with what was printed before it", () => {
    const { message } = problem({ waitedMs: 60_000, guestSays: ["Kernel panic - not syncing"] });
    expect(message).toContain("within 60 s");
    expect(message).toContain("Kernel panic");
  });

  it("is KVM, where the guest stopped under it, and what to type is TCG", () => {
    expect(problem({ accel: "kvm", stoppedAs: "internal-error", qemuExitCode: 137 })).toMatchObject({
      code: "start_failed",
      message: "hello.1 could not be started: its guest could not go on under kvm (internal-error)",
      hint: expect.stringContaining('accel = "tcg"'),
    });
    // Its own doing, whatever it runs on.
    expect(problem({ accel: "kvm", stoppedAs: "guest-panicked" }).hint).not.toContain("accel");
  });

  it("may be KVM where nothing is heard of the guest, and only there", () => {
    expect(problem({ accel: "kvm", waitedMs: 60_000 }).hint).toContain('accel = "tcg"');
    expect(problem({ accel: "tcg", waitedMs: 60_000 }).hint).not.toContain("accel");
  });

  it("is what QEMU complained of, and else its exit code", () => {
    expect(problem({ qemuSays: "first\nqemu-system-x86_64: no such device\n" }).message).toContain(
      "no such device",
    );
    expect(problem({ qemuExitCode: 1 }).message).toContain("QEMU ended with 1");
  });
});
