import { expect, it } from "vitest";
import { labelsFromRecord, labelsToRecord } from "./spec.ts";

const labels = {
  service: "hello",
  component: "web",
  instance: "hello-web-1",
  revision: 3,
  specHash: "v1:ab",
};

it("labels are read as they were written", () => {
  expect(labelsFromRecord(labelsToRecord(labels))).toEqual(labels);
});

it.each([
  ["a code for the terminal", "hello\u001b[2J"],
  ["a line break", "hello\nall is well"],
  ["a space", "hello world"],
  ["nothing", ""],
  ["more than any name has", "a".repeat(256)],
])("labels with %s in them are somebody else's", (_what, service) => {
  expect(labelsFromRecord(labelsToRecord({ ...labels, service }))).toBeUndefined();
});
