import fc from "fast-check";
import type {
  ComponentDefinition,
  HealthDefinition,
  Port,
  RouteDefinition,
  RuntimeName,
  ServiceDefinition,
} from "../src/index.ts";

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const label = fc
  .tuple(
    fc.constantFrom(...letters),
    fc.string({ unit: fc.constantFrom(...letters, "0", "9", "-"), maxLength: 8 }),
  )
  .map(([first, rest]) => `${first}${rest}z`);
/** Any text that a definition can hold: no NUL, no half characters. */
const anyText = fc
  .string({ unit: "binary", maxLength: 12 })
  .map((text) => text.replaceAll("\0", "").toWellFormed());
const path = fc
  .array(fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 3 })
  .map((steps) => `/${steps.map((step) => `_${step.replace(/[/:\0-\x1f\x7f]/g, "")}`).join("/")}`);
const variable = fc
  .string({ unit: fc.constantFrom("A", "b", "_", "7"), maxLength: 6 })
  .map((rest) => `V${rest}`);
const port = fc.integer({ min: 1, max: 65_535 });
const durationMs = (minMs: number) => fc.integer({ min: minMs, max: 86_400_000 });
const tag = fc.constantFrom("v1", "1.2.3", "V_1-rc.1");
const digest = fc.string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: 64, maxLength: 64 });
const image = fc.oneof(
  fc.tuple(label, tag).map(([name, version]) => `${name}:${version}`),
  fc.tuple(label, tag).map(([name, version]) => `reg.example:5000/a/${name}:${version}`),
  fc.tuple(label, digest).map(([name, hex]) => `localhost/${name}@sha256:${hex}`),
);
const restart = fc.oneof(
  fc.constantFrom(
    { policy: "unless-stopped" },
    { policy: "always" },
    { policy: "no" },
    { policy: "on-failure" },
  ),
  fc.integer({ min: 1, max: 999_999 }).map((maxRetries) => ({ policy: "on-failure", maxRetries })),
) as fc.Arbitrary<NonNullable<ComponentDefinition["restart"]>>;

/** An object without the keys whose value is undefined: what was left out is absent. */
const without = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 1 });
const textRecord = fc
  .uniqueArray(fc.tuple(variable, anyText), { selector: ([name]) => name, maxLength: 3 })
  .map((entries) => Object.fromEntries(entries));

const health = (runtime: RuntimeName): fc.Arbitrary<HealthDefinition> => {
  const probes: fc.Arbitrary<HealthDefinition>[] = [
    port.map((tcp) => ({ tcp })),
    port.map((asked) => ({ http: "/healthz?x=1", port: asked })),
    port.map((asked) => ({ grpc: "hello.v1.Hello", port: asked })),
    ...(runtime === "container"
      ? [fc.array(anyText, { minLength: 1, maxLength: 3 }).map((exec) => ({ exec }))]
      : []),
  ];
  const rest = fc.record({
    intervalMs: maybe(durationMs(100)),
    timeoutMs: maybe(durationMs(10)),
    retries: maybe(fc.integer({ min: 1, max: 1_000 })),
    startPeriodMs: maybe(durationMs(0)),
    restart: maybe(fc.boolean()),
  });
  return fc
    .tuple(fc.oneof(...probes), rest)
    .map(([probe, more]) => without({ ...probe, ...more }) as HealthDefinition);
};

/** Ports and routes are numbered by where they stand, so that none is claimed twice. */
const ports = (component: number): fc.Arbitrary<Port[]> =>
  fc
    .array(
      fc.record({
        address: fc.constantFrom("", "0.0.0.0", "127.0.0.1", "::", "::1", "fd00::1:2"),
        guest: port,
        protocol: fc.constantFrom("tcp" as const, "udp" as const),
      }),
      { maxLength: 3 },
    )
    .map((list) => list.map((each, index) => ({ ...each, host: 1_000 + component * 100 + index })));

const routes = (component: number): fc.Arbitrary<RouteDefinition[]> =>
  fc
    .array(
      fc.record({
        mode: fc.constantFrom("l4" as const, "l7" as const),
        containerPort: maybe(port),
        hostname: maybe(fc.constantFrom("a.example.net", "b")),
        public: maybe(fc.boolean()),
      }),
      { maxLength: 3 },
    )
    .map((list) =>
      list.map(
        (each, index) =>
          without({
            ...each,
            name: `route-${index}`,
            port: 2_000 + component * 100 + index,
          }) as RouteDefinition,
      ),
    );

const component = (
  name: string,
  index: number,
  earlier: readonly string[],
  runtime: RuntimeName,
  own: boolean,
) =>
  fc
    .record({
      image: maybe(image),
      memoryMiB:
        runtime === "container"
          ? maybe(fc.integer({ min: 4, max: 4_096 }))
          : fc.integer({ min: 4, max: 4_096 }),
      vcpus: maybe(
        runtime === "container"
          ? fc.integer({ min: 1, max: 400 }).map((n) => n / 4)
          : fc.integer({ min: 1, max: 64 }),
      ),
      ports: maybe(ports(index)),
      volumes: maybe(
        fc.uniqueArray(
          fc.record({ host: path, guest: path, readOnly: fc.boolean(), relabel: fc.boolean() }),
          {
            selector: ({ guest }) => guest,
            maxLength: 3,
          },
        ),
      ),
      env: maybe(textRecord),
      envFrom: maybe(
        fc.uniqueArray(
          variable.map((each) => `secret:S${each}`),
          { maxLength: 3 },
        ),
      ),
      cmd: maybe(fc.array(anyText, { maxLength: 3 })),
      entrypoint: maybe(fc.array(anyText, { maxLength: 3 })),
      workdir: maybe(path),
      user: maybe(fc.constantFrom("0", "1000:1000", "web:www-data")),
      network: maybe(fc.constantFrom("mcpnet", "back_end.1")),
      restart: maybe(restart),
      dependsOn: maybe(fc.subarray([...earlier])),
      graceMs: maybe(durationMs(0)),
      startPeriodMs: maybe(durationMs(0)),
      update: maybe(fc.constantFrom("stop-first" as const, "start-first" as const)),
      health: maybe(health(runtime)),
      routes: maybe(routes(index)),
      files:
        runtime === "unikernel"
          ? maybe(fc.array(path, { minLength: 1, maxLength: 3 }))
          : fc.constant(undefined),
    })
    .map((fields) => without({ name, ...(own && { runtime }), ...fields }) as ComponentDefinition);

const runtimes = ["container", "unikernel", "microvm"] as const;

/** Any definition that `parseDefinition` could give: checked, normalised, without what was left out. */
export const definitions: fc.Arbitrary<ServiceDefinition> = fc
  .record({
    name: label,
    names: fc.uniqueArray(label, { minLength: 1, maxLength: 4 }),
    shared: maybe(fc.constantFrom(...runtimes)),
    own: fc.array(maybe(fc.constantFrom(...runtimes)), { minLength: 4, maxLength: 4 }),
  })
  .chain(({ name, names, shared, own }) =>
    fc
      .record({
        place: fc.oneof(
          fc.record({ node: label }),
          fc.record({ tier: fc.constantFrom("worker", "core") }),
          fc.constant({}),
        ),
        active: maybe(fc.boolean()),
        managed: maybe(fc.constantFrom("heal", "report", "ignore")),
        version: maybe(tag),
        path: maybe(fc.constantFrom("a", "a/b c")),
        update: maybe(fc.constantFrom("stop-first", "start-first")),
        build: maybe(
          fc
            .record({
              images: maybe(fc.constantFrom({}, { "a.b": "x/Dockerfile" })),
              args: maybe(textRecord),
            })
            .map(without),
        ),
        snapshot: maybe(
          fc
            .record({ method: maybe(fc.constant("full")), exclude: maybe(fc.constantFrom([], ["a b", "ü"])) })
            .map(without),
        ),
        components: fc.tuple(
          ...names.map((each, index) =>
            component(
              each,
              index,
              names.slice(0, index),
              own[index] ?? shared ?? "container",
              own[index] !== undefined,
            ),
          ),
        ),
      })
      .map(
        ({ place, ...rest }) => without({ name, ...place, runtime: shared, ...rest }) as ServiceDefinition,
      ),
  );
