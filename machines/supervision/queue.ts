import { emptyTrie, put, type Trie, valueAt, without } from "./trie.ts";

/** First in, first out; never changed, plain data. Each step costs the same however long it is. */
export interface Queue<V> {
  readonly first: number;
  readonly next: number;
  readonly items: Trie<V>;
}

export const emptyQueue: Queue<never> = { first: 0, next: 0, items: emptyTrie };

export function enqueue<V>({ first, next, items }: Queue<V>, item: V): Queue<V> {
  return { first, next: next + 1, items: put(items, next, item) };
}

export function headOf<V>({ first, items }: Queue<V>): V | undefined {
  return valueAt(items, first);
}

export function dequeued<V>({ first, next, items }: Queue<V>): Queue<V> {
  return first + 1 >= next ? emptyQueue : { first: first + 1, next, items: without(items, first) };
}
