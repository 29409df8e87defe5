import { describe, expect, it } from "vitest";
import { encodeLogLine } from "./encode.ts";

describe("a log line on the wire", () => {
  const line = {
    atMs: 1_000,
    stream: "stderr",
    text: "x",
    component: "web",
    instance: "hello-web.k3f9q",
  } as const;

  it("says whether it was found later than it was written", () => {
    expect(encodeLogLine({ ...line, found: true })).toMatchObject({ text: "x", found: true });
    expect(encodeLogLine(line)).toMatchObject({ text: "x", found: false });
  });
});
