import { isProblem } from "@mcp/base";
import { describe, expect, it } from "vitest";
import { handleOf, readHandle } from "./handle.ts";
import type { VmRecord } from "./vm-record.ts";

const record = { token: "ab12", spec: { name: "hello.1", kind: "microvm" } } as unknown as VmRecord;

const codeOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return isProblem(error) ? error.code : error;
  }
};

describe("the handle of a virtual machine", () => {
  it("is read as it was written", () => {
    expect(handleOf(record)).toMatchObject({ kind: "microvm", v: 1 });
    expect(readHandle(handleOf(record))).toEqual({ name: "hello.1", token: "ab12" });
  });

  it("is refused where a later agent wrote it, or nobody did", () => {
    expect(codeOf(() => readHandle({ ...handleOf(record), v: 2 }))).toBe("runtime_failed");
    for (const state of ["", "no json", "null", "{}", '{"name":1,"token":"x"}'])
      expect(codeOf(() => readHandle({ ...handleOf(record), state }))).toBe("runtime_failed");
  });
});
