import { runTool, type ToolData, type ToolOutput } from "../../../actors/index.ts";
import type { ColumnSource, ToolRun } from "../../../protocols/index.ts";

/** A table as text: its columns in the first line. */
export function table(name: string, rows: readonly (readonly (string | number)[])[]): ToolData {
  const columns = (rows[0] ?? []).map(String);
  return { name, content: rows.map((row) => row.join(",")).join("\n"), columns };
}

const linesOf = ({ content }: ToolData): string[][] =>
  String(content)
    .split("\n")
    .slice(1)
    .map((line) => line.split(","));

const same = (dataset: string, column: string): ColumnSource[] => [{ dataset, column, how: "identity" }];

export const orders = table("orders.csv", [
  ["id", "customer", "amount", "currency"],
  [1, "ann", "10.00", "EUR"],
  [2, "ben", "", "EUR"],
  [3, "ann", "5.00", "USD"],
]);
export const rates = table("rates.csv", [
  ["code", "rate"],
  ["EUR", 1],
  ["USD", 0.9],
]);

type Step = (inputs: readonly ToolData[]) => readonly ToolOutput[];

/** Leaves out what has no amount. */
const clean: Step = ([from = orders]) => {
  const rows = linesOf(from).filter(([, , amount]) => amount !== "");
  return [
    {
      ...table("clean", [from.columns, ...rows]),
      from: Object.fromEntries(from.columns.map((column) => [column, same(from.name, column)])),
      rowsFrom: [{ dataset: from.name, column: "amount", how: "filter" }],
    },
  ];
};

const join: Step = ([left = orders, right = rates]) => {
  const rate = new Map(linesOf(right).map(([code = "", value = ""]) => [code, value]));
  const rows = linesOf(left).map(([id = "", who = "", amount = "", code = ""]) => [
    id,
    who,
    amount,
    rate.get(code) ?? "",
  ]);
  return [
    {
      ...table("priced", [["id", "customer", "amount", "rate"], ...rows]),
      from: {
        ...{ id: same("clean", "id"), customer: same("clean", "customer") },
        ...{ amount: same("clean", "amount"), rate: same("rates.csv", "rate") },
      },
      rowsFrom: [
        { dataset: "clean", column: "currency", how: "join" },
        { dataset: "rates.csv", column: "code", how: "join" },
      ],
    },
  ];
};

const convert: Step = ([from = orders]) => {
  const rows = linesOf(from).map(([id = "", who = "", amount, rate]) => [
    id,
    who,
    Number(amount) * Number(rate),
  ]);
  const of = (column: string): ColumnSource => ({ dataset: "priced", column, how: "transformation" });
  return [
    {
      ...table("converted", [["id", "customer", "euros"], ...rows]),
      from: {
        ...{ id: same("priced", "id"), customer: same("priced", "customer") },
        euros: [of("amount"), of("rate")],
      },
    },
  ];
};

const total: Step = ([from = orders]) => {
  const sums = new Map<string, number>();
  for (const [, who = "", euros] of linesOf(from)) sums.set(who, (sums.get(who) ?? 0) + Number(euros));
  return [
    {
      ...table("totals", [["customer", "total"], ...sums]),
      from: {
        customer: same("converted", "customer"),
        total: [{ dataset: "converted", column: "euros", how: "aggregation" }],
      },
      rowsFrom: [{ dataset: "converted", column: "customer", how: "group_by" }],
    },
  ];
};

const report: Step = ([from = orders]) => [
  {
    ...table("report", [["name", "total"], ...linesOf(from)]),
    from: { name: same("totals", "customer"), total: same("totals", "total") },
  },
];

/** Its five steps, and what each reads besides what the one before has made. */
export const steps: readonly (readonly [tool: string, run: Step, more: readonly ToolData[]])[] = [
  ["clean", clean, []],
  ["join", join, [rates]],
  ["convert", convert, []],
  ["total", total, []],
  ["report", report, []],
];

/** Runs them one after another. @param meddle changes what lies between two steps */
export async function runSteps(
  meddle: (made: ToolOutput, tool: string) => ToolData = (made) => made,
): Promise<{ readonly runs: readonly ToolRun[]; readonly last: ToolData }> {
  const runs: ToolRun[] = [];
  let data: ToolData = orders;
  for (const [n, [tool, step, more]] of steps.entries()) {
    const call = { key: `pipeline.orders#${n}.0`, nowMs: () => 1_000 * n };
    const { run, outputs } = await runTool({ call, agent: "crew.etl", tool, inputs: [data, ...more] }, step);
    runs.push(run);
    const [made] = outputs;
    if (made === undefined) throw new Error(`Expected ${tool} to make something`);
    data = meddle(made, tool);
  }
  return { runs, last: data };
}
