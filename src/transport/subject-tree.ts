import { CoxswainError, quote } from "../../protocols/index.ts";

// A space or a line break in a subject would be a second command on the wire.
const subjectForm = /^[^\s.*>]+(\.[^\s.*>]+)*$/;
const patternForm = /^(([^\s.*>]+|\*)(\.([^\s.*>]+|\*))*(\.>)?|>)$/;
const subjectLengthMax = 1_024;

/** Whether something may be published there: non-empty dotted tokens without wildcards or white space. */
export function isSubject(text: string): boolean {
  // To remember the sound ones would take ten times as long: each message has a reply subject of its own.
  return text.length <= subjectLengthMax && subjectForm.test(text);
}

/** Whether one may subscribe to it: like a subject, with `*` for a token and a last `>` for one or more. */
export function isPattern(text: string): boolean {
  return text.length <= subjectLengthMax && patternForm.test(text);
}

export function subjectError(what: "a subject" | "a subject pattern", text: string): CoxswainError {
  const form = what === "a subject" ? `"cx.demo.in.main.desk"` : `"cx.demo.ev.>"`;
  return new CoxswainError(
    "ADDRESS_INVALID",
    `Expected ${what} like ${form} (at most ${subjectLengthMax} characters), got ${quote(text)}`,
  );
}

/** Why nothing can be published there, or answered there. */
export function refusedSubject(subject: string, reply: string | undefined): CoxswainError | undefined {
  if (!isSubject(subject)) return subjectError("a subject", subject);
  return reply === undefined || isSubject(reply) ? undefined : subjectError("a subject", reply);
}

/** Whether some subject matches both patterns. */
export function overlap(one: string, other: string): boolean {
  const [mine, theirs] = [one.split("."), other.split(".")];
  for (let at = 0; ; at++) {
    const [a, b] = [mine[at], theirs[at]];
    if (a === undefined || b === undefined) return a === b;
    if (a === ">" || b === ">") return true;
    if (a !== b && a !== "*" && b !== "*") return false;
  }
}

interface Node<T> {
  readonly children: Map<string, Node<T>>;
  readonly items: Set<T>;
}

/** Finds the items whose pattern matches a subject, in time that grows with the subject's tokens only. */
export class SubjectTree<T> {
  readonly #root = newNode<T>();

  add(pattern: string, item: T): void {
    let node = this.#root;
    for (const token of pattern.split(".")) {
      let next = node.children.get(token);
      if (next === undefined) {
        next = newNode();
        node.children.set(token, next);
      }
      node = next;
    }
    node.items.add(item);
  }

  delete(pattern: string, item: T): void {
    const path: { readonly node: Node<T>; readonly token: string }[] = [];
    let node = this.#root;
    for (const token of pattern.split(".")) {
      const next = node.children.get(token);
      if (next === undefined) return;
      path.push({ node, token });
      node = next;
    }
    node.items.delete(item);
    for (const step of path.reverse()) {
      const child = step.node.children.get(step.token);
      if (child === undefined || child.items.size > 0 || child.children.size > 0) return;
      step.node.children.delete(step.token);
    }
  }

  match(subject: string): T[] {
    const found: T[] = [];
    collect(this.#root, subject.split("."), 0, found);
    return found;
  }
}

function newNode<T>(): Node<T> {
  return { children: new Map(), items: new Set() };
}

function collect<T>(node: Node<T>, tokens: readonly string[], at: number, found: T[]): void {
  const token = tokens[at];
  if (token === undefined) {
    for (const item of node.items) found.push(item);
    return;
  }
  const rest = node.children.get(">");
  if (rest !== undefined) for (const item of rest.items) found.push(item);
  const exact = node.children.get(token);
  if (exact !== undefined) collect(exact, tokens, at + 1, found);
  const any = node.children.get("*");
  if (any !== undefined) collect(any, tokens, at + 1, found);
}
