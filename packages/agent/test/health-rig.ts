import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ObservedState } from "@mcp/proto";
import { openRig, type Rig } from "./rig.ts";

/** Where the test itself answers, on a port that a workload publishes. */
export interface Page {
  readonly port: number;
  status: number;
  asked: number;
}

export interface HealthRig extends Rig {
  openPage(status: number): Promise<Page>;
  /** As `status` shows it. */
  component(name: string): Promise<Awaited<ReturnType<typeof componentOf>>>;
  /** What runs, by known name. */
  running(): string[];
  /** Of the instances that were started, one by one. */
  starts(): string[];
}

/** Health checks end to end, but for the workloads. */
export async function openHealthRig(): Promise<HealthRig> {
  const rig = await openRig();
  for (const tag of [1, 2]) rig.host.addImage(`localhost/hello:${tag}`);
  const close = rig[Symbol.asyncDispose];
  const closing: (() => void)[] = [];
  return Object.defineProperties({} as HealthRig, {
    ...Object.getOwnPropertyDescriptors(rig),
    ...Object.getOwnPropertyDescriptors({
      async openPage(status: number) {
        const page: Page = { port: 0, status, asked: 0 };
        const server = createServer((_, answer) => {
          page.asked++;
          answer.writeHead(page.status).end();
        });
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
        closing.push(() => server.close());
        return Object.assign(page, { port: (server.address() as AddressInfo).port });
      },
      component: (name: string) => componentOf(rig, name),
      running: () => rig.host.running.map((name) => name.replace(/\..*/, "")).sort(),
      starts: () => rig.host.calls.filter(({ call }) => call === "start").map(({ subject }) => subject),
      async [Symbol.asyncDispose]() {
        for (const end of closing) end();
        await close();
      },
    }),
  });
}

async function componentOf(rig: Rig, name: string) {
  const { services } = await rig.client.status({ service: "shop" });
  const found = services[0]?.components.find((each) => each.name === name);
  return found && { ...found, is: ObservedState[found.observed] };
}

/** A component that is asked by http, ten times a second. */
export const checked = (page: Page, health = "", tag = 1, name = "db", more = ""): string =>
  `name = "${name}"\nimage = "localhost/hello:${tag}"\nports = ["127.0.0.1:${page.port}:8080"]\nstart_period = "0s"\n` +
  `health = { http = "/", interval = "100ms", timeout = "1s", start_period = "20s", ${health} }\n${more}`;

export const dependent = (tag = 1): string =>
  `name = "web"\nimage = "localhost/hello:${tag}"\ndepends_on = ["db"]`;
