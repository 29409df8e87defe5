import { expect, it } from "vitest";
import { parseExposition } from "./parse-exposition.ts";

const begin = "# HELP a_total counts\n# TYPE a_total counter\n";
const histogram = "# HELP h is\n# TYPE h histogram\n";

it.each([
  ["no end", `${begin}a_total 1`],
  ["no TYPE", "# HELP a_total counts\na_total 1\n"],
  ["no HELP", "# TYPE a_total counter\na_total 1\n"],
  ["a family twice", `${begin}${begin}`],
  ["a sample of another family", `${begin}b_total 1\n`],
  ["a series twice", `${begin}a_total{k="v"} 1\na_total{k="v"} 2\n`],
  ["a label with a line break", `${begin}a_total{k="v\n"} 1\n`],
  ["a label with a bare backslash", `${begin}a_total{k="\\d"} 1\n`],
  ["no number", `${begin}a_total one\n`],
  ["a counter without _total", "# HELP a counts\n# TYPE a counter\na 1\n"],
  ["a gauge with _total", "# HELP a_total is\n# TYPE a_total gauge\na_total 1\n"],
  ["no last bucket", `${histogram}h_bucket{le="1"} 1\nh_sum 1\nh_count 1\n`],
  ["buckets that shrink", `${histogram}h_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n`],
  ["a count that is another", `${histogram}h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 2\n`],
])("what Prometheus would not read is refused here too: %s", (_why, text) => {
  expect(() => parseExposition(text)).toThrow();
});

it("what it reads is read", () => {
  const text = `${begin}a_total{k="v\\n\\"\\\\"} 1\n\n${histogram}h_bucket{k="v",le="1"} 1\nh_bucket{k="v",le="+Inf"} 2\nh_sum{k="v"} 1.5e-7\nh_count{k="v"} 2\n`;
  const families = parseExposition(text);
  expect([...families.keys()]).toEqual(["a_total", "h"]);
  expect(families.get("h")?.samples.get('h_sum{k="v"}')).toBe(1.5e-7);
});
