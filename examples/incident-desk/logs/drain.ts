import { own } from "./bounded.ts";

export const VARIABLE = "<*>";

export interface DrainOptions {
  /** Levels of the tree, counting its root and its leaves: `depth - 3` leading words choose the leaf. */
  depth?: number;
  /** The least share of equal words, position by position, for a line to join a group. */
  similarityMin?: number;
  /**
   * Whether a word that was masked as `<*>` counts as equal to the template's `<*>`. The authors' implementation says
   * no, so that a message of many masked words never joins even its own group.
   */
  matchMasked?: boolean;
  /** Branches of a node; further words share one branch. */
  childrenMax?: number;
  /** Groups in all; lines that would begin a further one are counted as `ungrouped`. */
  groupsMax?: number;
  /** Groups of one leaf, which is how many a line is compared with. */
  leafGroupsMax?: number;
  /** Words of a line that are looked at. */
  wordsMax?: number;
}

/** Lines that follow one template. */
export interface DrainGroup {
  readonly id: number;
  /** The words all its lines have at their place, `<*>` where they differ. */
  template: readonly string[];
  count: number;
}

interface Node {
  children: Map<string, Node>;
  groups: DrainGroup[];
}

/**
 * Finds the templates behind log messages, one message at a time: He et al., "Drain: An Online Log Parsing Approach
 * with Fixed Depth Tree" (ICWS 2017), in the reading of its authors' own implementation (logpai/logparser).
 */
export class Drain {
  ungrouped = 0;
  readonly #byLength = new Map<number, Node>();
  readonly #groups: DrainGroup[] = [];
  readonly #levels: number;
  readonly #similarityMin: number;
  readonly #matchMasked: boolean;
  readonly #childrenMax: number;
  readonly #groupsMax: number;
  readonly #leafGroupsMax: number;
  readonly #wordsMax: number;

  constructor(options: DrainOptions = {}) {
    this.#levels = (options.depth ?? 4) - 2;
    this.#similarityMin = options.similarityMin ?? 0.5;
    this.#matchMasked = options.matchMasked ?? false;
    this.#childrenMax = options.childrenMax ?? 100;
    this.#groupsMax = options.groupsMax ?? 2_000;
    this.#leafGroupsMax = options.leafGroupsMax ?? this.#groupsMax;
    this.#wordsMax = options.wordsMax ?? 256;
  }

  get groups(): readonly DrainGroup[] {
    return this.#groups;
  }

  /** The group a message joins, or begins; undefined if there is no room for another. Counts it `count` times. */
  add(message: string, count = 1): DrainGroup | undefined {
    const words = wordsOf(message, this.#wordsMax);
    const found = this.#find(words);
    if (found !== undefined) {
      found.count += count;
      found.template = common(found.template, words);
      return found;
    }
    const leaf = this.#groups.length < this.#groupsMax ? this.#leafFor(words) : undefined;
    if (leaf === undefined || leaf.groups.length >= this.#leafGroupsMax) {
      this.ungrouped += count;
      return undefined;
    }
    const group: DrainGroup = { id: this.#groups.length, template: words.map(own), count };
    this.#groups.push(group);
    leaf.groups.push(group);
    return group;
  }

  #find(words: readonly string[]): DrainGroup | undefined {
    let node = this.#byLength.get(words.length);
    for (let level = 1; node !== undefined && level < this.#levels && level <= words.length; level += 1) {
      node = node.children.get(words[level - 1] as string) ?? node.children.get(VARIABLE);
    }
    return node === undefined ? undefined : this.#mostSimilar(node.groups, words);
  }

  #mostSimilar(groups: readonly DrainGroup[], words: readonly string[]): DrainGroup | undefined {
    let best: DrainGroup | undefined;
    // 0.55 × 20 is a little more than 11 in floating point.
    let bestEqual = Math.ceil(this.#similarityMin * words.length - 1e-9);
    let bestVariables = -1;
    for (const group of groups) {
      let equal = 0;
      let variables = 0;
      // Ends where too few words are left to be as similar as the best so far.
      for (let i = 0; i < words.length && equal + words.length - i >= bestEqual; i += 1) {
        const word = group.template[i];
        if (word === VARIABLE) variables += 1;
        if (word === words[i] && (word !== VARIABLE || this.#matchMasked)) equal += 1;
      }
      if (equal > bestEqual || (equal === bestEqual && variables > bestVariables)) {
        best = group;
        bestEqual = equal;
        bestVariables = variables;
      }
    }
    return best;
  }

  #leafFor(words: readonly string[]): Node {
    let node = this.#byLength.get(words.length);
    if (node === undefined) {
      node = { children: new Map(), groups: [] };
      this.#byLength.set(words.length, node);
    }
    for (let level = 1; level < this.#levels && level <= words.length; level += 1) {
      node = this.#child(node, words[level - 1] as string);
    }
    return node;
  }

  /** The branch for a word; one with a digit is a variable, and so is any word a full node has no branch for. */
  #child(node: Node, word: string): Node {
    const known = node.children.get(word);
    if (known !== undefined) return known;
    const free = this.#childrenMax - node.children.size - (node.children.has(VARIABLE) ? 0 : 1);
    const name = /\d/.test(word) || free <= 0 ? VARIABLE : word;
    const child = node.children.get(name) ?? { children: new Map(), groups: [] };
    node.children.set(name, child);
    return child;
  }
}

function wordsOf(message: string, wordsMax: number): string[] {
  const text = message.trim();
  return text === "" ? [] : text.split(/\s+/, wordsMax);
}

function common(template: readonly string[], words: readonly string[]): readonly string[] {
  let changed: string[] | undefined;
  for (let i = 0; i < template.length; i += 1) {
    if (template[i] === words[i] || template[i] === VARIABLE) continue;
    changed ??= [...template];
    changed[i] = VARIABLE;
  }
  return changed ?? template;
}
