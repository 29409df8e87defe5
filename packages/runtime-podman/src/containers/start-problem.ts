import { Problem } from "@mcp/base";
import type { WorkloadSpec } from "@mcp/runtime";
import { engineSays } from "../http/reply.ts";
import type { Reply } from "../http/unix-http.ts";

export const saysNoSuchImage = (reply: Reply): boolean =>
  /no such image|image not known|unable to find a name and tag match|unable to find '.*' in local storage/i.test(
    engineSays(reply),
  );

export const saysNoSuchNetwork = (reply: Reply): boolean =>
  /network not found|unable to find network/i.test(engineSays(reply));

export const saysNameInUse = (reply: Reply): boolean =>
  /name .*is already in use|name is already in use|container already exists/i.test(engineSays(reply));

export const saysPortInUse = (reply: Reply): boolean =>
  /address already in use|port is already allocated|ports? (are|is) already in use/i.test(engineSays(reply));

/** What a start that was cut short has left with the OCI runtime; podman may be about to take it over, or away. */
export const saysIdInUse = (reply: Reply): boolean =>
  /container with (given )?id (already )?exists|container `[0-9a-f]{64}` already exists/i.test(
    engineSays(reply),
  );

/** Why a container was not made or did not start, for people. */
export function startProblem(spec: WorkloadSpec, reply: Reply): Problem {
  // People know it by its name.
  const said = engineSays(reply).replace(/container [0-9a-f]{64}\b/g, `container ${spec.name}`);
  if (saysPortInUse(reply)) {
    const named = /:(\d{1,5})(?:\/\w+)?: bind/.exec(said)?.[1];
    const ports = named ?? spec.ports.map(({ host }) => host).join(", ");
    return new Problem(
      "port_taken",
      `${spec.name} could not be started: host port ${ports} is already in use`,
      `see who holds it: ss -ltnup 'sport = :${named ?? spec.ports[0]?.host ?? 0}'`,
    );
  }
  if (/no space left on device|disk quota exceeded/i.test(said)) {
    return new Problem(
      "disk_full",
      `${spec.name} could not be started: ${said}`,
      "make room: df -h; podman image prune",
    );
  }
  return new Problem("start_failed", `${spec.name} could not be started: ${said}`, hintFor(said));
}

function hintFor(said: string): string {
  if (/no matching entries in (passwd|group) file|unable to find (user|group) /i.test(said)) {
    return "correct user in its definition: the image has no such user or group; a number needs no entry";
  }
  if (/workdir .* does not exist|chdir to .*no such file or directory/i.test(said)) {
    return "correct workdir in its definition: the image has no such folder";
  }
  if (/executable file not found|command that was not found|no such file or directory: OCI/i.test(said)) {
    return "check cmd and entrypoint in its definition: the image has no such program";
  }
  if (/privileged port/i.test(said)) {
    return "pick a host port from 1024 on, or lower net.ipv4.ip_unprivileged_port_start";
  }
  if (/rlimit/i.test(said)) {
    return 'set [podman] ulimits in the agent\'s config, such as ["nofile=1024:20000", "nproc=1024:20000"]';
  }
  return "see its definition, and whether podman can start anything: podman info";
}
