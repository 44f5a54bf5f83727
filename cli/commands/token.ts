/** `icrl token`: who may do what on a server that others than its own machine reach. */
import { Command, InvalidArgumentError, Option } from "commander";
import { IcrlError } from "../../common/errors.js";
import { isName, NAME_RULE } from "../../common/names.js";
import { endedBy, newToken, QUOTAS, type Quotas, ROLES, type Role, type Token } from "../../server/access/token.js";
import { readTokens, revokeToken, writeToken } from "../../server/access/token-folder.js";
import { printerFor } from "../print/printer.js";
import { textTable } from "../print/table.js";
import { printText } from "../print/terminal.js";
import { required, wholeNumber } from "./arguments.js";

/** The command. */
export function tokenCommand(): Command {
  return new Command("token")
    .description("Tokens of a server that others than its own machine reach: who shows one may do what its role may.")
    .addCommand(createCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

const withFolder = (command: Command): Command =>
  command.option("--access <dir>", "folder of the tokens: `access` in that of the server", "icrl-data/access");

interface CreateFlags extends Partial<Record<string, unknown>> {
  access: string;
  role?: Role;
  entrant?: string;
  expires?: number;
  json?: boolean;
}

const MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "30d", "12h" or "90m", in milliseconds. */
function duration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  const ms = Number(count) * (MS[unit as keyof typeof MS] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new InvalidArgumentError("Give days, hours or minutes: 30d, 12h, 90m.");
}

function entrantName(text: string): string {
  if (isName(text)) return text;
  throw new InvalidArgumentError(`Give ${NAME_RULE}.`);
}

function createCommand(): Command {
  const command = withFolder(
    new Command("create")
      .description(
        "Make a token and print it: once, for its SHA-256 alone is kept. A server that runs takes it at once.",
      )
      .addOption(
        new Option("--role <role>", "player: plays; reader: sees what is over; operator: may all (required)").choices(
          ROLES,
        ),
      )
      .option("--entrant <name>", "a player of this name alone, under which no other token plays then", entrantName)
      .option("--expires <time>", "how long it is good: 30d, 12h, 90m (default: until it is revoked)", duration),
  );
  for (const { flag, help } of Object.values(QUOTAS)) {
    command.option(`--${flag} <n>`, `${help} (default: as many as the server has)`, wholeNumber(1));
  }
  return command
    .option("--json", "print JSON: {id, token, role, entrant, created, expires, revoked, quotas}")
    .action((flags: CreateFlags) => {
      const role = required(flags.role, "--role <role>", command);
      if (flags.entrant !== undefined && role !== "player") {
        throw new IcrlError("OPTION_INVALID", `--entrant is a player's name: a ${role} has none`);
      }
      const created = Date.now();
      const expires = flags.expires === undefined ? undefined : created + flags.expires;
      const { text, token } = newToken({ role, entrant: flags.entrant, created, expires, quotas: quotasOf(flags) });
      writeToken(flags.access, token);
      printerFor(flags).print({ ...document(token), token: text }, () => `${text}\n`);
      if (!flags.json) printText(process.stderr, `${summary(token)}; it is shown this once\n`);
    });
}

const quotasOf = (flags: CreateFlags): Quotas =>
  Object.fromEntries(
    Object.entries(QUOTAS).flatMap(([name, { flag }]) => {
      const value = flags[flag.replaceAll(/-./g, (part) => part[1].toUpperCase())];
      return value === undefined ? [] : [[name, value]];
    }),
  );

function listCommand(): Command {
  return withFolder(new Command("list").description("List the tokens, the oldest first. None can be printed again."))
    .option("--json", "print JSON: [{id, role, entrant, created, expires, revoked, quotas}]")
    .action((flags: { access: string; json?: boolean }) => {
      const { tokens, errors } = readTokens(flags.access);
      for (const error of errors) printText(process.stderr, `warning: ${error.message}\n`);
      const all = [...tokens.values()];
      printerFor(flags).print(
        all,
        () => listText(all),
        () => all.map(document),
      );
    });
}

function revokeCommand(): Command {
  return withFolder(
    new Command("revoke")
      .description("From now on a token is worth nothing; a server that runs ends its sessions within about a second.")
      .argument("<id>", "its id; `icrl token list` has them"),
  )
    .option("--json", "print JSON: {id, role, entrant, created, expires, revoked, quotas}")
    .action((id: string, flags: { access: string; json?: boolean }) => {
      const token = revokeToken(flags.access, id, Date.now());
      printerFor(flags).print(document(token), () => `token ${token.id} is revoked\n`);
    });
}

const timeText = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());

/** A token without its secret. */
const document = ({ id, role, entrant, created, expires, revoked, quotas }: Token) => ({
  ...{ id, role, entrant: entrant ?? null },
  ...{ created: timeText(created), expires: timeText(expires), revoked: timeText(revoked) },
  quotas,
});

const stateOf = (token: Token): string => {
  const ended = endedBy(token, Date.now());
  if (ended !== undefined) return ended === "TOKEN_REVOKED" ? "revoked" : "expired";
  return token.expires === undefined ? "good" : `good until ${timeText(token.expires)}`;
};

const summary = (token: Token): string =>
  `token ${token.id}: ${token.role}${token.entrant === undefined ? "" : ` "${token.entrant}"`}, ${stateOf(token)}`;

const listText = (tokens: readonly Token[]): string =>
  textTable(
    ["id", "role", "entrant", "created", "state", "quotas"].map((title) => ({ title })),
    tokens.map((token) => [
      ...[token.id, token.role, token.entrant ?? "", timeText(token.created) ?? "", stateOf(token)],
      Object.entries(token.quotas)
        .map(([name, most]) => `${name} ${most}`)
        .join(", "),
    ]),
  );
