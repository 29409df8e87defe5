import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "@mcp/host";
import { allAnswer, answering, answeringArguments, type BenchNode } from "../bench-node.ts";
import { type Measure, takenRatio } from "../measure.ts";
import { ratio, type Timed, timed } from "../ratio.ts";

const firstPort = 24_000;
const many = Array.from({ length: 20 }, (_, index) => ({ name: `c${index}`, port: firstPort + 1 + index }));
const ports = many.map(({ port }) => port);

const one: Measure = {
  name: "mcp deploy of one container, over podman run -d of the same",
  limit: 1.3,
  unit: "×",
  async take(node) {
    await node.define("one", `name = "one"\n${answering(node.rig, "one", firstPort)}`);
    const ours: Timed = async () => {
      const ms = await timed(() => node.mcp("deploy", "one"));
      await node.mcp("undeploy", "one");
      return ms;
    };
    const theirs: Timed = async () => {
      const ms = await timed(() =>
        node.podman("run", "-d", ...answeringArguments(node.rig, "by-hand", firstPort)),
      );
      await node.podman("rm", "--force", "--time", "0", "by-hand");
      return ms;
    };
    return takenRatio(await ratio(ours, theirs, 15));
  },
};

const deployMany =
  (node: BenchNode): Timed =>
  async () => {
    await node.define(
      "many",
      `name = "many"\n${many.map(({ name, port }) => answering(node.rig, name, port)).join("")}`,
    );
    const ms = await timed(async () => {
      await node.mcp("deploy", "many");
      await allAnswer(ports);
    });
    await node.mcp("undeploy", "many");
    return ms;
  };

const removeMany = (node: BenchNode): Promise<string> =>
  node.podman("rm", "--force", "--time", "0", ...many.map(({ name }) => name));

const overLoop: Measure = {
  name: "mcp deploy of 20 components until all answer, over a loop of podman run -d",
  limit: 0.6,
  unit: "×",
  async take(node) {
    const theirs: Timed = async () => {
      const ms = await timed(async () => {
        for (const { name, port } of many)
          await node.podman("run", "-d", ...answeringArguments(node.rig, name, port));
        await allAnswer(ports);
      });
      await removeMany(node);
      return ms;
    };
    return takenRatio(await ratio(deployMany(node), theirs, 5));
  },
};

const overXargs: Measure = {
  name: "the same, over xargs -P8",
  limit: 0.9,
  unit: "×",
  async take(node) {
    const lines = many.map(({ name, port }) => answeringArguments(node.rig, name, port).join(" ")).join("\n");
    const theirs: Timed = async () => {
      const ms = await timed(async () => {
        await run(["xargs", "-P8", "-L1", "podman", "run", "-d"], {
          stdin: lines,
          env: node.rig.env,
          timeoutMs: 120_000,
        });
        await allAnswer(ports);
      });
      await removeMany(node);
      return ms;
    };
    return takenRatio(await ratio(deployMany(node), theirs, 5));
  },
};

/** docker-compose over podman's socket, with the same containers. */
async function compose(node: BenchNode): Promise<(...argv: string[]) => Promise<unknown>> {
  const file = join(node.rig.folder, "docker-compose.yml");
  const services = many.map(
    ({ name, port }) =>
      `  ${name}:\n    image: ${node.rig.image}\n    entrypoint: ["/bin/httpd"]\n` +
      `    command: ["-f", "-p", "8080", "-h", "/www"]\n    ports: ["127.0.0.1:${port}:8080"]\n    stop_grace_period: 0s\n` +
      `    ulimits: { nofile: { soft: 1024, hard: 20000 }, nproc: { soft: 1024, hard: 20000 } }\n`,
  );
  await writeFile(file, `version: "3.7"\nservices:\n${services.join("")}`);
  return (...argv) =>
    run(["docker-compose", "-f", file, "-p", "bench", ...argv], {
      env: { DOCKER_HOST: `unix://${node.rig.socket}`, COMPOSE_HTTP_TIMEOUT: "120" },
      timeoutMs: 240_000,
    });
}

const overCompose: Measure = {
  name: "the same, over docker-compose up -d",
  limit: 0.55,
  unit: "×",
  async take(node) {
    const docker = await compose(node);
    const theirs: Timed = async () => {
      const ms = await timed(async () => {
        await docker("up", "-d");
        await allAnswer(ports);
      });
      await docker("down", "--timeout", "0");
      return ms;
    };
    return takenRatio(await ratio(deployMany(node), theirs, 3));
  },
};

const unchanged: Measure = {
  name: "deploying 20 unchanged components again, over docker-compose up -d doing the same",
  limit: 0.25,
  unit: "×",
  async take(node) {
    const docker = await compose(node);
    const toml = many.map(({ name, port }) => answering(node.rig, name, port + 100)).join("");
    await node.define("many", `name = "many"\n${toml}`);
    await node.mcp("deploy", "many");
    await docker("up", "-d");
    const found = await ratio(
      () => timed(() => node.mcp("deploy", "many")),
      () => timed(() => docker("up", "-d")),
      7,
    );
    await docker("down", "--timeout", "0");
    await node.mcp("undeploy", "many");
    return takenRatio(found);
  },
};

export const deploys: readonly Measure[] = [one, overLoop, overXargs, overCompose, unchanged];
