import { describe, expect, it } from "vitest";
import { parseExit } from "./exit-record.ts";

const bootId = "1d9c1c5e-3c4b-4f1a-9a55-0f1f2e3d4c5b";
const identity = { pid: 4711, startTicks: "1247994", bootId };

describe("the record of an end", () => {
  it.each([
    ["0\n[1] + Done                       \n", 0, "exited"],
    ["15\n[1] + Done(15)                   \n", 15, "exited"],
    ["137\n[1] + Done(137)                 \n", 137, "exited"],
    ["137\n[1] + Killed                    \n", 137, "signal"],
    ["139\n[1] + Segmentation fault (core dumped)\n", 139, "signal"],
    ["127\n[1] + Done(127)                 \n", 127, "exited"],
    // A shell that knows no more of the job.
    ["137\n", 137, "unknown"],
    ["7\n", 7, "exited"],
  ])("%j", (text, code, ended) => {
    expect(parseExit(`4711 1247994 ${bootId} ${text}`, 5)).toEqual({ identity, code, ended, atMs: 5 });
  });

  it.each(["", "137", "4711 1247994", "4711 1247994 1", "x y 1\n", "4711 1247994 -1\n", "0 0 0\n"])(
    "is not made of %j",
    (text) => {
      expect(parseExit(text, 5)).toBeUndefined();
    },
  );
});
