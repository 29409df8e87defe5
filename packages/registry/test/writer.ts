// Writes without end, for `kill.test.ts`, which kills it. Each round is a few transactions whose parts belong together.
import { openRegistry } from "../src/index.ts";

const [path = "", round = ""] = process.argv.slice(2);
const clock = { now: () => Date.now(), monotonic: () => performance.now(), sleep: async () => {} };
const registry = await openRegistry({ path, clock });

for (let count = 0; ; count++) {
  const id = `${round}-${count}`;
  await registry.addOperation({ id, requestId: id, service: "a", kind: "deploy", request: { count } });
  await registry.addSteps(
    id,
    [1, 2, 3].map((number) => ({ number, action: {}, reason: "", after: [] })),
  );
  await registry.addEvents(
    ["one", "two", "three"].map((text) => ({ service: "a", component: id, kind: "round", text })),
  );
  await registry.propose({
    service: "a",
    managed: "heal",
    origin: "",
    content: { count },
    operationId: id,
    desired: "running",
    components: [
      { name: "x", knownName: "a-x", desired: "running" },
      { name: "y", knownName: "a-y", desired: "running" },
    ],
    ports: [{ component: "x", address: "", port: 1_000 + (count % 1_000), protocol: "tcp" }],
    sizes: [{ component: "y", memoryMiB: 64, vcpus: 1, isBeside: false }],
    addresses: [{ component: "y", subnet: { address: "10.99.0.1", prefixLength: 24 } }],
  });
  await registry.accept("a", { keep: [] });
  process.stdout.write(`${count + 1}\n`);
  if (count % 50 === 0) await new Promise(setImmediate);
}
