import type { Problem } from "@mcp/base";
import { locate } from "./locate.ts";
import { MistakeList, type Path, Place } from "./place.ts";
import { invalid, shownFile } from "./problems.ts";

/**
 * A mistake that only the node can find, told as `parseDefinition` tells its own: with its key, and its line.
 *
 * @param text  TOML that `parseDefinition` has accepted.
 * @returns Problem `definition_invalid`.
 */
export function mistakeAt(text: string, file: string, path: Path, message: string): Problem {
  const mistakes = new MistakeList();
  const place = path.reduce<Place>(
    (at, step) => (typeof step === "number" ? at.index(step) : at.key(step)),
    new Place(mistakes),
  );
  const line = locate(text)(path);
  const mistake = { key: place.text, message, ...(line !== undefined && { line }) };
  return invalid({ what: shownFile(file), mistakes: [mistake] });
}
