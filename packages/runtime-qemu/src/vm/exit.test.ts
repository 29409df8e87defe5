import { describe, expect, it } from "vitest";
import { type Ending, exitOf } from "./exit.ts";

const ended = (known: Partial<Ending>) =>
  exitOf({ atMs: 5, status: [], outOfMemory: false, bySignal: false, hasDebugExit: false, ...known });

describe("how a virtual machine ended", () => {
  it("is what the guest says of its program", () => {
    expect(ended({ status: ["started", "exit 7"], qemu: { code: 0, ended: "exited" } })).toEqual({
      atMs: 5,
      code: 7,
      reason: "exited",
    });
    expect(ended({ status: ["started", "signal 11"], qemu: { code: 0, ended: "exited" } })).toEqual({
      atMs: 5,
      code: 139,
      reason: "signal",
    });
  });

  it("is out of memory where the guest's kernel killed it for that", () => {
    const status = ["started", "signal 9"];
    expect(ended({ status, qemu: { code: 0, ended: "exited" }, outOfMemory: true }).reason).toBe(
      "out-of-memory",
    );
    expect(ended({ status, qemu: { code: 0, ended: "exited" } }).reason).toBe("signal");
    // A program that merely lived in a guest where another was killed.
    expect(ended({ status: ["exit 0"], qemu: { code: 0, ended: "exited" }, outOfMemory: true }).reason).toBe(
      "exited",
    );
  });

  it("is a crash where the guest went without a word", () => {
    expect(ended({ status: ["started"], qemu: { code: 0, ended: "exited" } })).toEqual({
      atMs: 5,
      reason: "crashed",
    });
    expect(ended({ qemu: { code: 1, ended: "exited" } }).reason).toBe("crashed");
  });

  it("is a signal where QEMU was killed", () => {
    expect(ended({ status: ["started"], qemu: { code: 137, ended: "signal" } })).toEqual({
      atMs: 5,
      code: 137,
      reason: "signal",
    });
  });

  it("is a crash where QEMU was ended because it could not go on", () => {
    const qemu = { code: 137, ended: "signal" } as const;
    expect(ended({ status: ["started"], qemu, failure: "internal-error" })).toEqual({
      atMs: 5,
      reason: "crashed",
    });
  });

  it("is unknown where nobody was there to see it", () => {
    expect(ended({ status: ["started"] })).toEqual({ atMs: 5, reason: "unknown" });
  });

  it("is read from QEMU's exit code where the guest leaves through the debug exit", () => {
    const codes = (code: number, how: "exited" | "signal" = "exited") =>
      ended({ qemu: { code, ended: how }, hasDebugExit: true });
    expect(codes(1)).toEqual({ atMs: 5, code: 0, reason: "exited" });
    expect(codes(15)).toEqual({ atMs: 5, code: 7, reason: "exited" });
    expect(codes(0)).toEqual({ atMs: 5, reason: "crashed" });
    expect(codes(137)).toEqual({ atMs: 5, code: 68, reason: "exited" });
    expect(codes(137, "signal").reason).toBe("signal");
  });

  it("is a signal where Nanos ended its program by one, whose number it leaves with", () => {
    const killed = (known: Partial<Ending>) =>
      ended({ qemu: { code: 23, ended: "exited" }, hasDebugExit: true, ...known });
    expect(killed({})).toEqual({ atMs: 5, code: 11, reason: "exited" });
    expect(killed({ bySignal: true })).toEqual({ atMs: 5, code: 139, reason: "signal" });
    expect(killed({ bySignal: true, outOfMemory: true }).reason).toBe("out-of-memory");
    // A program that met a lack of memory, and ended as it wished.
    expect(killed({ outOfMemory: true }).reason).toBe("exited");
    const gaveUp = { qemu: { code: 255, ended: "exited" }, outOfMemory: true } as const;
    expect(killed(gaveUp)).toEqual({ atMs: 5, code: 127, reason: "out-of-memory" });
  });

  it("is a crash where QEMU itself failed, with the code that a guest's clean exit has", () => {
    const failed = (code: number) =>
      ended({
        qemu: { code, ended: "exited" },
        hasDebugExit: true,
        complaint: "qemu-system-x86_64: could not set up host forwarding rule",
      });
    expect(failed(1)).toEqual({ atMs: 5, reason: "crashed" });
    // No failure of QEMU's own: it only said something on the way.
    expect(failed(15)).toEqual({ atMs: 5, code: 7, reason: "exited" });
  });

  it("is not believed where the guest talks nonsense", () => {
    expect(
      ended({ status: ["exit 99999", "exit -1", "signal"], qemu: { code: 0, ended: "exited" } }).reason,
    ).toBe("crashed");
  });
});
