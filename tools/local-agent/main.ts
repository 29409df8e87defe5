import { join } from "node:path";
import { parseArgs } from "node:util";
import { Problem } from "@mcp/base";
import { main } from "../terminal/stage.ts";
import { down } from "./down.ts";
import { openPlaces } from "./places.ts";
import { up } from "./up.ts";

await main(async () => {
  const { values } = parseArgs({
    options: {
      down: { type: "boolean" },
      all: { type: "boolean" },
      vm: { type: "boolean" },
      port: { type: "string" },
    },
  });
  const places = await openPlaces(join(import.meta.dirname, "../.."));
  if (values.down) await down(places, values.all ?? false);
  else await up(places, values.vm ?? false, values.port === undefined ? undefined : readPort(values.port));
});

function readPort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_535) return port;
  throw new Problem("usage", `${text} is not a port`, "tools/quickstart --port 8643");
}
