import { describe, expect, it } from "vitest";
import { kernelWordsIn } from "./guest-words.ts";

const none = { outOfMemory: false, bySignal: false };

describe("what a guest's kernel says of how its program ended", () => {
  it("is nothing where only the program speaks", () => {
    expect(kernelWordsIn("")).toEqual(none);
    expect(kernelWordsIn("will terminate\nsignal 11 is a segmentation fault\n")).toEqual(none);
  });

  it("is a signal where Nanos ended its program by one", () => {
    expect(kernelWordsIn("ready\r\n   terminate\r\n")).toEqual({ ...none, bySignal: true });
    const dumped = [
      "ready",
      "*** signal 11 received by tid 2, errno 0, code 1",
      "    fault address 0x8",
      "   core dump",
      "[2.644629] storage_shutdown error: no core generated: limit 0",
      "",
    ];
    expect(kernelWordsIn(dumped.join("\n"))).toEqual({ ...none, bySignal: true });
    // Of something long ago, which was no end.
    expect(kernelWordsIn(`   terminate\n${"more\n".repeat(200)}`)).toEqual(none);
  });

  it.each([
    "[1.2] Out of memory: Killed process 70 (app)",
    "Kernel panic - not syncing: Out of memory: compulsory panic_on_oom",
    "[2.422883] page fill failed with (result:out of memory)",
    "[2.4] page fault: out of memory, program killed",
    "Out of memory: cannot allocate 4194304 bytes",
  ])("is a lack of memory where it says so: %s", (line) => {
    expect(kernelWordsIn(`ready\n${line}\n`).outOfMemory).toBe(true);
  });
});
