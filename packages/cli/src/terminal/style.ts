import { typedHere } from "./typed-here.ts";

/** How text looks where it goes: in which colours, and with commands as they are typed there. */
export interface Style {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly cyan: Paint;
  readonly magenta: Paint;
  readonly blue: Paint;
  /** For a text that says what to type. */
  readonly typed: Paint;
}

export type Paint = (text: string) => string;

const asItIs: Paint = (text) => text;
const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    text === "" ? "" : `\u001b[${on}m${text}\u001b[${off}m`;

export const plain: Style = {
  bold: asItIs,
  dim: asItIs,
  red: asItIs,
  green: asItIs,
  yellow: asItIs,
  cyan: asItIs,
  magenta: asItIs,
  blue: asItIs,
  typed: asItIs,
};

export const coloured: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
  magenta: sgr(35, 39),
  blue: sgr(34, 39),
  typed: asItIs,
};

type Environment = Readonly<Record<string, string | undefined>>;

/** With colour on a terminal that can, unless `NO_COLOR` is set; `FORCE_COLOR` decides before both. */
export function styleFor(stream: { readonly isTTY?: boolean }, env: Environment): Style {
  const style = wantsColour(stream, env) ? coloured : plain;
  const typed = typedHere(env);
  return typed ? { ...style, typed } : style;
}

function wantsColour({ isTTY }: { readonly isTTY?: boolean }, env: Environment): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = env;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  return isTTY === true && TERM !== "dumb";
}
