import { create, toBinary } from "@bufbuild/protobuf";
import { ProblemDetailSchema } from "@mcp/proto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeDetail } from "./decode-detail.ts";

const text = fc.string({ unit: "grapheme", maxLength: 300 });
const detail = fc.record({
  code: text,
  message: text,
  hint: text,
  mistakes: fc.array(fc.record({ key: text, line: fc.nat({ max: 2 ** 31 - 1 }), message: text })),
});

describe("reading a problem's detail", () => {
  it("gives what protobuf wrote", () => {
    fc.assert(
      fc.property(detail, (problem) => {
        const read = decodeDetail(
          Buffer.from(toBinary(ProblemDetailSchema, create(ProblemDetailSchema, problem))),
        );
        const { code = "", message = "", hint = "", mistakes = [] } = read;
        expect({
          code,
          message,
          hint,
          mistakes: mistakes.map((one) => ({ key: "", line: 0, message: "", ...one })),
        }).toEqual(problem);
      }),
    );
  });

  it("makes do with what is no such message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeDetail(Buffer.from(bytes)).mistakes).toBeInstanceOf(Array);
      }),
    );
  });
});
