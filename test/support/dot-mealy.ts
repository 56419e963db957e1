/** A machine that answers each input with an output, as a table. */
export interface Mealy {
  readonly name: string;
  readonly start: string;
  readonly states: readonly string[];
  readonly inputs: readonly string[];
  /** By state, then by input. An input that is not there is not taken. */
  readonly table: ReadonlyMap<string, ReadonlyMap<string, Row>>;
}

export interface Row {
  readonly output: string;
  readonly target: string;
}

export interface Transition extends Row {
  readonly from: string;
  readonly input: string;
}

const nodeLine = /^(\w+) *\[((?:[^"\]]|"[^"]*")*)\];?$/;
const edgeLine = /^(\w+) *-> *(\w+) *(?:\[label="([^"]*)"\])?;?$/;
const labelIn = /\blabel=(?:"([^"]*)"|(\w+))/;

/**
 * Reads a learned machine in GraphViz dot: an edge is labelled `input/output`, the edge out of `__start0` leads to the
 * initial state. Where edges name the input only, the output is the label of the state they lead to (a Moore machine).
 *
 * @throws Error for anything else: nothing is skipped
 */
export function readDot(name: string, text: string): Mealy {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const body = lines.filter((line) => line !== "");
  if (!/^digraph\b.*\{$/.test(body[0] ?? "") || body.at(-1) !== "}") throw new Error(`${name} is no digraph`);
  const labels = new Map<string, string>();
  const edges: { from: string; to: string; label: string }[] = [];
  for (const line of body.slice(1, -1)) {
    const [, from, to, label = ""] = edgeLine.exec(line) ?? [];
    const [, node, attributes = ""] = nodeLine.exec(line) ?? [];
    if (from !== undefined && to !== undefined) edges.push({ from, to, label });
    else if (node !== undefined) labels.set(node, labelOf(attributes));
    else throw new Error(`${name}: cannot read "${line}"`);
  }
  labels.delete("__start0");
  const starts = edges.filter(({ from }) => from === "__start0");
  if (starts.length !== 1) throw new Error(`${name}: expected one initial state, got ${starts.length}`);
  const moves = edges.filter(({ from }) => from !== "__start0");
  const isMoore = moves.every(({ label }) => !label.includes("/"));
  const table = new Map([...labels.keys()].map((state) => [state, new Map<string, Row>()]));
  for (const { from, to, label } of moves) {
    const rows = table.get(from);
    const output = labels.get(to);
    const slash = isMoore ? label.length : label.indexOf("/");
    const input = label.slice(0, slash).trim();
    if (rows === undefined || output === undefined || slash < 1 || rows.has(input))
      throw new Error(`${name}: cannot take the edge ${from} -> ${to} "${label}"`);
    rows.set(input, { target: to, output: isMoore ? output : label.slice(slash + 1).trim() });
  }
  const inputs = [...new Set([...table.values()].flatMap((rows) => [...rows.keys()]))];
  return { name, start: (starts[0] as { to: string }).to, states: [...table.keys()], inputs, table };
}

function labelOf(attributes: string): string {
  const [, quoted, plain] = labelIn.exec(attributes) ?? [];
  return quoted ?? plain ?? "";
}

export function rowOf({ table }: Mealy, state: string, input: string): Row | undefined {
  return table.get(state)?.get(input);
}

/** The transitions that can be taken at all, found without any machine: the measure of everything else. */
export function reachableIn(mealy: Mealy): { states: Set<string>; transitions: Transition[] } {
  const states = new Set([mealy.start]);
  const transitions: Transition[] = [];
  // A Set goes on over what is added to it meanwhile: breadth first.
  for (const from of states)
    for (const [input, row] of mealy.table.get(from) ?? []) {
      transitions.push({ from, input, ...row });
      states.add(row.target);
    }
  return { states, transitions };
}

/** What the table answers to a word; an input that is not taken gives nothing. */
export function outputsOf(mealy: Mealy, word: readonly string[]): string[] {
  let state = mealy.start;
  return word.flatMap((input) => {
    const row = rowOf(mealy, state, input);
    state = row?.target ?? state;
    return row === undefined ? [] : [row.output];
  });
}

/** The transitions that a word takes. */
export function transitionsOn(mealy: Mealy, word: readonly string[]): Transition[] {
  let state = mealy.start;
  return word.flatMap((input) => {
    const row = rowOf(mealy, state, input);
    if (row === undefined) return [];
    const taken = { from: state, input, ...row };
    state = row.target;
    return [taken];
  });
}
