import { expect, it } from "vitest";
import { open } from "../test/temporary.ts";

it("what was told is kept by its key, replaced and forgotten", async () => {
  const { registry } = await open();
  await registry.changeAlerts({
    set: [
      { key: "b", content: { n: 1 } },
      { key: "a", content: { n: 2 } },
    ],
    remove: [],
    deliveries: [],
  });
  await registry.changeAlerts({ set: [{ key: "a", content: { n: 3 } }], remove: ["b", "c"], deliveries: [] });
  expect(await registry.alerts()).toEqual([{ key: "a", content: { n: 3 } }]);
});

it("a message stays until its channel is done with it, in the order in which they came", async () => {
  const { registry } = await open();
  const deliveries = ["command", "webhook"].map((channel) => ({ channel, message: { title: "disk" } }));
  const [first, second] = await registry.changeAlerts({ set: [], remove: [], deliveries });
  expect([first, second]).toEqual(await registry.alertDeliveries());
  expect(first).toMatchObject({ channel: "command", message: { title: "disk" } });
  await registry.endAlertDelivery(first?.id ?? 0);
  await registry.endAlertDelivery(first?.id ?? 0);
  expect(await registry.alertDeliveries()).toEqual([second]);
});

it("what is to be told and the memory of it are kept together, or neither is", async () => {
  const { registry } = await open();
  const unkept = { v: 1n };
  const change = {
    set: [{ key: "a", content: {} }],
    remove: [],
    deliveries: [{ channel: "command", message: unkept }],
  };
  await expect(registry.changeAlerts(change)).rejects.toThrow();
  expect(await registry.alerts()).toEqual([]);
});
