import type { NewEvent } from "../src/events.ts";
import type { Registry } from "../src/index.ts";

const atOnce = 1_000;

/** As a node has them that lives long: half of all are about one busy service, and one in 5 000 about a rare component of it. */
export function eventAt(index: number): NewEvent {
  const service = index % 2 === 0 ? "busy-service" : `service-${index % 50}`;
  const component = index % 5_000 === 0 ? "rare" : `component-${index % 3}`;
  const instance = `${service}-${component}.k3f9q`;
  return { service, component, kind: "restarted", text: `${instance} was restarted (${index}th time)` };
}

/** @param between  called between writes, with how many there are. */
export async function fillEvents(
  registry: Pick<Registry, "addEvents">,
  count: number,
  between: (count: number) => void = () => {},
): Promise<void> {
  for (let from = 0; from < count; from += atOnce) {
    await registry.addEvents(
      Array.from({ length: Math.min(atOnce, count - from) }, (_, index) => eventAt(from + index)),
    );
    between(from);
  }
}
