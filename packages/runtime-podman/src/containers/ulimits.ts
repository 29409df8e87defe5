import { Problem } from "@mcp/base";

/** As podman's create call takes it. */
export interface Ulimit {
  readonly type: string;
  readonly soft: number;
  readonly hard: number;
}

/**
 * `nofile=1024:20000` (soft, then hard) or `nofile=1024` (both).
 * @throws Problem `config_invalid`.
 */
export function parseUlimit(text: string): Ulimit {
  const [, type, soft, hard = soft] = /^([a-z]+)=(\d{1,15})(?::(\d{1,15}))?$/.exec(text) ?? [];
  if (type === undefined || soft === undefined || Number(soft) > Number(hard)) {
    throw new Problem(
      "config_invalid",
      `"${text}" is not a ulimit`,
      'write it as name=soft:hard in [podman] ulimits, such as "nofile=1024:20000"',
    );
  }
  return { type, soft: Number(soft), hard: Number(hard) };
}
