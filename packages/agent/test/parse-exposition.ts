export interface Family {
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** By name and labels as they are written: `mcp_events_total{kind="started"}`. */
  readonly samples: ReadonlyMap<string, number>;
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\n"])*"`;
const helpLine = new RegExp(String.raw`^# HELP (${name}) ((?:[^\\]|\\[\\n])+)$`);
const typeLine = new RegExp(`^# TYPE (${name}) (counter|gauge|histogram)$`);
const sampleLine = new RegExp(
  String.raw`^((${name})(?:\{(${label}(?:,${label})*)\})?) (NaN|[+-]Inf|[+-]?[0-9][0-9.]*(?:e[+-]?[0-9]+)?)$`,
);

/**
 * Prometheus' text format, version 0.0.4, as strictly as it is written down: each family once, HELP and TYPE before its
 * samples, no series twice, and histograms whose buckets add up. Throws at the first line that is not so.
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { help: string; type: Family["type"]; samples: Map<string, number> }>();
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  let help: RegExpExecArray | undefined;
  let current = "";
  for (const line of text.split("\n")) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line === "") continue;
    const isHelp = helpLine.exec(line);
    const isType = typeLine.exec(line);
    if (isHelp) {
      if (help) fail("a HELP without its TYPE before it");
      help = isHelp;
    } else if (isType) {
      const [, of = "", type] = isType;
      if (help?.[1] !== of) fail("a TYPE without its HELP");
      if (families.has(of)) fail("a family that was there before");
      families.set(of, { help: help?.[2] ?? "", type: type as Family["type"], samples: new Map() });
      current = of;
      help = undefined;
    } else {
      const [, series = "", of = "", , value = ""] = sampleLine.exec(line) ?? fail("no sample");
      const family = families.get(current) ?? fail("a sample of nothing");
      const suffix = of.slice(current.length);
      const allowed = family.type === "histogram" ? ["_bucket", "_sum", "_count"] : [""];
      if (!of.startsWith(current) || !allowed.includes(suffix)) fail("a sample of another family");
      if (family.samples.has(series)) fail("a series that was there before");
      family.samples.set(series, Number(value.replace("Inf", "Infinity")));
    }
  }
  if (help) throw new Error("a HELP without its TYPE at the end");
  for (const [of, family] of families) {
    if (family.type === "histogram") checkHistogram(of, family);
    if (family.type === "counter" && !of.endsWith("_total")) throw new Error(`${of} is a counter`);
    if (family.type !== "counter" && of.endsWith("_total")) throw new Error(`${of} is no counter`);
  }
  return families;
}

function checkHistogram(of: string, { samples }: Family): void {
  const buckets = new Map<string, [bound: number, value: number][]>();
  for (const [series, value] of samples) {
    const [, labels = "", bound] = /_bucket\{(.*?),?le="([^"]+)"\}$/.exec(series) ?? [];
    if (bound === undefined) continue;
    const all = buckets.get(labels) ?? [];
    all.push([Number(bound.replace("Inf", "Infinity")), value]);
    buckets.set(labels, all);
  }
  for (const [labels, all] of buckets) {
    const braces = labels === "" ? "" : `{${labels}}`;
    const count = samples.get(`${of}_count${braces}`);
    const last = all.at(-1);
    if (last?.[0] !== Number.POSITIVE_INFINITY || last[1] !== count)
      throw new Error(`${of}${braces}: the last bucket does not hold all`);
    if (!samples.has(`${of}_sum${braces}`)) throw new Error(`${of}${braces} has no sum`);
    all.forEach(([bound, value], index) => {
      const [earlier, less] = all[index - 1] ?? [Number.NEGATIVE_INFINITY, 0];
      if (bound <= earlier || value < less)
        throw new Error(`${of}${braces}: buckets out of order at ${bound}`);
    });
  }
}
