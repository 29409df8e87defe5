import { quoted } from "./quoted.ts";

export type Path = readonly (string | number)[];

export interface FoundMistake {
  readonly path: Path;
  /** The path for people: `components[1].ports[0]`. */
  readonly key: string;
  readonly message: string;
}

/** The mistakes found so far. Past `limit` they are only counted: nobody reads them, and hostile input makes many. */
export class MistakeList {
  static readonly limit = 100;
  readonly found: FoundMistake[] = [];
  #dropped = 0;

  get isFull(): boolean {
    return this.found.length >= MistakeList.limit;
  }

  get hasMore(): boolean {
    return this.#dropped > 0;
  }

  add(place: Place, message: string): void {
    if (this.isFull) this.#dropped++;
    else this.found.push({ path: place.path, key: place.text, message });
  }
}

/** Somewhere in a definition, such as `components[1].ports[0]`, where mistakes can be noted. */
export class Place {
  readonly mistakes: MistakeList;
  readonly #parent: Place | undefined;
  readonly #step: string | number;
  readonly #shown: string;

  constructor(mistakes: MistakeList, parent?: Place, step: string | number = "", shown = "") {
    this.mistakes = mistakes;
    this.#parent = parent;
    this.#step = step;
    this.#shown = shown;
  }

  /** @param shown  what messages show instead of `name`, where that may hold a secret. */
  key(name: string, shown = name): Place {
    const text = /^[A-Za-z0-9_-]{1,64}$/.test(shown) ? shown : quoted(shown);
    return new Place(this.mistakes, this, name, this.#parent ? `.${text}` : text);
  }

  index(index: number): Place {
    return new Place(this.mistakes, this, index, `[${index}]`);
  }

  get path(): Path {
    return this.#parent ? [...this.#parent.path, this.#step] : [];
  }

  get text(): string {
    return (this.#parent?.text ?? "") + this.#shown;
  }

  /** Note a mistake here; returns undefined, so that a reader can `return at.wrong(…)`. */
  wrong(message: string): undefined {
    this.mistakes.add(this, message);
  }

  /** Whether a mistake was noted here or further in: then what is missing here need not be told as well. */
  get hasMistake(): boolean {
    const path = this.path;
    return this.mistakes.found.some((mistake) => path.every((step, depth) => mistake.path[depth] === step));
  }
}
