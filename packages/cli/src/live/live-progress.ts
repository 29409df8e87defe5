import type { Clock } from "@mcp/base";
import { sizeOf } from "../terminal/size.ts";
import type { Style } from "../terminal/style.ts";
import { operationLines } from "./operation-lines.ts";
import type { OperationModel } from "./operation-model.ts";
import type { Progress } from "./progress.ts";

export interface Screen {
  write(text: string): unknown;
  readonly rows?: number;
  readonly columns?: number;
}

const redrawMs = 100;

/** On a terminal: the steps, drawn over and over in one place. */
export class LiveProgress implements Progress {
  readonly #screen: Screen;
  readonly #style: Style;
  readonly #clock: Clock;
  readonly #ended = new AbortController();
  #model: OperationModel | undefined;
  #drawn = 0;

  constructor(screen: Screen, style: Style, clock: Clock) {
    this.#screen = screen;
    this.#style = style;
    this.#clock = clock;
    void this.#redraw(this.#ended.signal);
  }

  show(model: OperationModel): void {
    this.#model = model;
    this.#draw();
  }

  note(text: string): void {
    this.#screen.write(`${this.#over()}${text}\n`);
    this.#drawn = 0;
    this.#draw();
  }

  end(): void {
    this.#ended.abort();
    this.#draw();
    this.#model = undefined;
  }

  async #redraw(ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await this.#clock.sleep(redrawMs, ended).catch(() => {});
      this.#draw();
    }
  }

  #draw(): void {
    if (!this.#model) return;
    const { rows, columns } = sizeOf(this.#screen);
    const lines = operationLines(this.#model, {
      style: this.#style,
      nowMs: this.#clock.now(),
      // One line is left for the cursor: a terminal that scrolls cannot be drawn over.
      height: rows - 1,
      width: columns,
    });
    this.#screen.write(this.#over() + lines.map((line) => `${line}\n`).join(""));
    this.#drawn = lines.length;
  }

  /** Back to where drawing began, with all below it cleared. */
  #over(): string {
    return this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\u001b[0J`;
  }
}
