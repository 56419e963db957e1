import { createHash } from "node:crypto";
import type { ColumnSource, Dataset, ToolRun } from "../../protocols/index.ts";

const producer = "https://www.npmjs.com/package/coxswain";
const spec = "https://openlineage.io/spec";

/** What of it is read by others; https://openlineage.io/spec/2-0-2/OpenLineage.json says all. */
export interface OpenLineageEvent {
  readonly eventType: "START" | "COMPLETE" | "FAIL";
  /** ISO 8601. */
  readonly eventTime: string;
  readonly producer: string;
  readonly schemaURL: string;
  readonly run: { readonly runId: string; readonly facets: object };
  readonly job: { readonly namespace: string; readonly name: string };
  readonly inputs: readonly OpenLineageDataset[];
  readonly outputs: readonly OpenLineageDataset[];
}

export interface OpenLineageDataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets: Readonly<Record<string, object>>;
}

/**
 * A run as OpenLineage tells it: that it began, and that it is complete or has failed. Datasets have the facets `schema` and `version`
 * (the hash of their content), outputs also `columnLineage`.
 *
 * @param of `namespace` of jobs and datasets, such as the system's name; the job is named `<pipeline>.<tool>`
 */
export function openLineageOf(
  run: ToolRun,
  of: { readonly namespace: string; readonly pipeline: string },
): readonly [OpenLineageEvent, OpenLineageEvent] {
  const { namespace, pipeline } = of;
  const inputs = run.inputs.map((input) => ({ namespace, name: input.name, facets: facetsOf(input) }));
  const outputs = run.outputs.map((output) => {
    const columnLineage = columnLineageOf(output, namespace);
    return { namespace, name: output.name, facets: { ...facetsOf(output), columnLineage } };
  });
  const common = {
    ...{ producer, schemaURL: `${spec}/2-0-2/OpenLineage.json#/$defs/RunEvent` },
    job: { namespace, name: `${pipeline}.${run.tool}` },
    inputs,
  };
  const runId = uuidOf(`${namespace} ${pipeline} ${run.id}`);
  const { error } = run;
  const message =
    error && facet("ErrorMessageRunFacet", "1-0-1", { message: error, programmingLanguage: "JavaScript" });
  return [
    {
      eventType: "START",
      eventTime: timeOf(run.startedAtMs),
      ...common,
      run: { runId, facets: {} },
      outputs: [],
    },
    {
      eventType: error === undefined ? "COMPLETE" : "FAIL",
      eventTime: timeOf(run.endedAtMs),
      ...common,
      run: { runId, facets: message ? { errorMessage: message } : {} },
      outputs,
    },
  ];
}

function facet(name: string, version: string, content: object): object {
  return {
    _producer: producer,
    _schemaURL: `${spec}/facets/${version}/${name}.json#/$defs/${name}`,
    ...content,
  };
}

function facetsOf({ hash, columns }: Dataset): Record<string, object> {
  return {
    schema: facet("SchemaDatasetFacet", "1-2-0", { fields: columns.map((name) => ({ name })) }),
    version: facet("DatasetVersionDatasetFacet", "1-0-1", { datasetVersion: hash }),
  };
}

function columnLineageOf({ from, rowsFrom }: ToolRun["outputs"][number], namespace: string): object {
  const inputFields = (sources: readonly ColumnSource[]): object[] =>
    sources.map(({ dataset: name, column: field, how }) => {
      const type =
        how === "identity" || how === "transformation" || how === "aggregation" ? "DIRECT" : "INDIRECT";
      return { namespace, name, field, transformations: [{ type, subtype: how.toUpperCase() }] };
    });
  return facet("ColumnLineageDatasetFacet", "1-2-0", {
    fields: Object.fromEntries(
      Object.entries(from).map(([column, sources]) => [column, { inputFields: inputFields(sources) }]),
    ),
    dataset: inputFields(rowsFrom),
  });
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for the same run, whoever tells of it: RFC 9562, version 8. */
function uuidOf(text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
