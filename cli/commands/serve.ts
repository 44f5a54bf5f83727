/** `icrl serve`: the server. */
import { Command, Option } from "commander";
import { allowed } from "../../common/options.js";
import { camelCase } from "../../common/snake-case.js";
import { claimOutput } from "../../datasets/output/claim-output.js";
import { COLLECTING, LOG, REPORT, TOURNAMENT } from "../../datasets/output/output-kinds.js";
import { openAddressWarning } from "../../jobs/processes/open-address.js";
import { checkDoors } from "../../server/access/tls.js";
import { LIMIT_OPTIONS, resolveLimits } from "../../server/sessions/limits.js";
import { printJsonLine } from "../print/json.js";
import { printText } from "../print/terminal.js";
import { hostAndPort, wholeNumber } from "./arguments.js";
import { type DoorFlags, doorsOf, withDoorFlags } from "./doors.js";
import { operatorKey } from "./operator-key.js";
import { withTaskFlags } from "./own-tasks.js";

/** Port of `serve` and of clients that are not told another. */
export const DEFAULT_ADDRESS = "127.0.0.1:50551";

/** Where `serve` shows its page, if that port is free. */
const DEFAULT_PAGE = "127.0.0.1:50552";

/** Bytes of a disk that are left free. */
const DISK_RESERVE = 64 << 20;

interface ServeFlags extends DoorFlags, Record<string, unknown> {
  listen: string;
  local: string;
  data: string;
  dataset?: string;
  http: string;
  metrics: string;
  durability: "fsync" | "process";
  logLevel: string;
  drainMs: number;
  diskReserve: number;
  stopWithInput?: boolean;
  json?: boolean;
}

/** The command. */
export function serveCommand(): Command {
  const command = new Command("serve")
    .description("Start a server that hosts tasks, plays sessions and tournaments, and logs every trajectory.")
    .option("--listen <host:port>", "address to listen on; port 0 takes a free one", hostAndPort, DEFAULT_ADDRESS)
    .option(
      "--local <host:port|off>",
      "a second address for agents, on this machine's loopback, where neither TLS nor a token is needed; port 0 takes a free one",
      (text) => (text === "off" ? text : hostAndPort(text)),
      "off",
    )
    .option("--data <dir>", "folder of the log; made when it does not exist", "icrl-data")
    .option("--dataset <dir>", "folder of a dataset that agents may label")
    .option(
      "--http <host:port|off>",
      "address of the live page; port 0 takes a free one, as does the default where it is taken",
      (text) => (text === "off" ? text : hostAndPort(text)),
      DEFAULT_PAGE,
    )
    .option(
      "--metrics <host:port|off>",
      "address of the metrics and the health by themselves; port 0 takes a free one",
      (text) => (text === "off" ? text : hostAndPort(text)),
      "off",
    )
    .addOption(
      new Option(
        "--durability <kind>",
        "what acknowledged trajectories survive: a crash of the machine, or of the process",
      )
        .choices(["fsync", "process"])
        .default("fsync"),
    )
    .addOption(
      new Option("--log-level <level>", "the server's own log, as JSON lines on standard error")
        .choices(["error", "warn", "info", "debug", "trace", "silent"])
        .default("info"),
    )
    .option("--drain-ms <ms>", "how long sessions may finish after SIGINT or SIGTERM", wholeNumber(0), 10_000)
    .option(
      "--disk-reserve <bytes>",
      "bytes of the log's disk that are left free: below that nothing is recorded, and what is there can still be read",
      wholeNumber(0),
      DISK_RESERVE,
    )
    .option("--stop-with-input", "stop when standard input ends")
    .option(
      "--json",
      "print one JSON line when listening: event, address, local, http, page (http with the operator's key), metrics, open (addresses at which others than this machine need no token), operator_key, data, torn_bytes, pid",
    );
  withDoorFlags(withTaskFlags(command, "--task")).option(
    "--require-tokens",
    "whoever comes from this machine has to show a token, too, but at --local",
  );
  for (const [name, row] of Object.entries(LIMIT_OPTIONS)) {
    const help = `${row.help} (${allowed(row)})`;
    command.option(`--${name.replaceAll("_", "-")} <n>`, help, wholeNumber(row.min ?? 0, row.max), row.default);
  }
  return command.action(async (flags: ServeFlags) => {
    const elseFree = command.getOptionValueSource("http") === "default";
    const given = Object.fromEntries(Object.keys(LIMIT_OPTIONS).map((name) => [name, flags[camelCase(name)]]));
    const limits = resolveLimits(given);
    const addresses = {
      listen: flags.listen,
      local: flags.local === "off" ? undefined : flags.local,
      http: flags.http === "off" ? undefined : { listen: flags.http, elseFree },
      metrics: flags.metrics === "off" ? undefined : flags.metrics,
      doors: doorsOf(flags, command),
    };
    // `dataset collect` alone has a server on what it collects, and ends it: what others record there does not belong to the dataset.
    const into = flags.stopWithInput ? [TOURNAMENT, COLLECTING] : [TOURNAMENT];
    claimOutput(flags.data, { own: [LOG], into, beside: [REPORT] });
    checkDoors({ ...addresses, http: addresses.http?.listen }, addresses.doors);
    const { runServer } = await import("../../server/main.js"); // half a second that --help does without
    await runServer({
      ...addresses,
      accessDir: flags.access,
      diskReserve: flags.diskReserve,
      dataDir: flags.data,
      datasetDir: flags.dataset,
      durability: flags.durability,
      limits,
      operatorKey: operatorKey(),
      logLevel: flags.logLevel,
      drainMs: flags.drainMs,
      stopWithInput: flags.stopWithInput ?? false,
      onListening: ({ address, localAddress, pageUrl, metricsUrl, operatorKey, open, tornBytes }) => {
        const page = pageUrl === undefined ? null : `${pageUrl}#key=${encodeURIComponent(operatorKey)}`;
        const event = {
          event: "listening",
          address,
          local: localAddress ?? null,
          http: pageUrl ?? null,
          page,
          metrics: metricsUrl ?? null,
          open,
          operator_key: operatorKey,
          data: flags.data,
          torn_bytes: tornBytes,
          pid: process.pid,
        };
        if (flags.json) printJsonLine(process.stdout, event);
        else {
          printText(process.stdout, `icrl serves on ${address}, logs to ${flags.data}\n`);
          if (page !== null) printText(process.stdout, `page at ${page}\n`);
          if (metricsUrl !== undefined) printText(process.stdout, `metrics at ${metricsUrl}metrics\n`);
          for (const one of open) {
            printText(process.stdout, `${openAddressWarning(one)}\n`); // standard error has JSON: the log has it
          }
          if (tornBytes > 0) printText(process.stdout, `cut off ${tornBytes} bytes of an interrupted write\n`);
        }
      },
    });
  });
}
