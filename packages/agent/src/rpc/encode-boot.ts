import type { MessageInitShape } from "@bufbuild/protobuf";
import type { BootProgressSchema } from "@mcp/proto";
import type { BootStatus } from "../boot/boot-status.ts";

/** For the answers that show it. */
export function encodeBoot({ report, notes }: BootStatus): {
  readonly boot?: MessageInitShape<typeof BootProgressSchema>;
  readonly notes: string[];
} {
  if (!report) return { notes: [...notes] };
  const { stage, number, stages, waitingFor, isLate } = report;
  return { boot: { stage, number, stages, waitingFor: [...waitingFor], late: isLate }, notes: [...notes] };
}
