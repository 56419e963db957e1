// npm run prove:kill
import { help, optionsOf } from "./options.ts";
import { prove } from "./prove.ts";
import { asText } from "./report.ts";

const options = optionsOf(process.argv.slice(2));
const stop = new AbortController();

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write("stopping in order; once more ends it at once\n");
    stop.abort();
  });
}

if (options === undefined) process.stdout.write(help);
else if (typeof options === "string") {
  process.stderr.write(`${options}\n\n${help}`);
  process.exitCode = 2;
} else {
  process.stdout.write(`seed ${options.seed}\n`);
  const report = await prove(options, (line) => process.stdout.write(`${line}\n`), stop.signal);
  process.stdout.write(`\n${asText(report)}`);
  if (report.findings.length > 0 || report.problems.length > 0) process.exitCode = 1;
  else if (stop.signal.aborted) process.exitCode = 130;
}
